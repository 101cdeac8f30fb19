"""Two workers in one process, and a front of a few lines between them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import trio

from whiteboard.workers.asking import Reply, answer
from whiteboard.workers.inlet import Inlet, open_inlet
from whiteboard.workers.link import Kind, Link, link_pair


@asynccontextmanager
async def two_workers(reply: Reply | None) -> AsyncIterator[Inlet]:
    """The inlet of one worker, whose questions reach another one that answers so; None for one that is away."""
    near, far = link_pair(), link_pair()
    with Link(near[0]) as front, Link(far[0]) as to_asked, Link(near[1]) as one, Link(far[1]) as other:
        async with open_inlet(one) as asking, open_inlet(other) as asked, trio.open_nursery() as nursery:

            async def carry() -> None:
                while True:
                    parcel = await front.receive()
                    if parcel.kind is Kind.ALIVE:
                        continue
                    assert parcel.kind is Kind.QUESTION
                    assert parcel.passed is not None
                    with parcel.passed:
                        if reply is not None:
                            await to_asked.send(Kind.QUESTION, passed=parcel.passed)

            nursery.start_soon(carry)
            if reply is not None:
                await nursery.start(asked.answer_questions, partial(answer, reply))
            yield asking
            nursery.cancel_scope.cancel()
