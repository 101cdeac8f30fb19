"""What is sampled, by all workers of a server alike, whichever of them is asked."""

from collections.abc import Sequence
from typing import Final

import msgspec
import trio

from whiteboard.config import Rates
from whiteboard.diagnostics.sampling import Sampling
from whiteboard.errors import RoomClosed
from whiteboard.workers.asking import Question, Reply, ask
from whiteboard.workers.inlet import Inlet
from whiteboard.workers.share import Share

_WHAT: Final = "sample"


class _Asked(msgspec.Struct):
    """What a worker tells another."""

    rates: Rates
    seconds: float


class Samplings:
    """The other workers' sampling."""

    def __init__(self, share: Share, inlet: Inlet) -> None:
        self._share = share
        self._inlet = inlet

    async def ask(self, rates: Rates, seconds: float) -> Sequence[int]:
        """Have them sample so; the numbers of those that are away or do not answer."""
        question = Question(_WHAT, told=msgspec.json.encode(_Asked(rates, seconds)).decode())
        away: list[int] = []

        async def tell(number: int) -> None:
            try:
                await ask(self._inlet, number, question)
            except RoomClosed:
                away.append(number)

        async with trio.open_nursery() as telling:
            for number in range(self._share.count):
                if number != self._share.number:
                    telling.start_soon(tell, number)
        return sorted(away)


def with_sampling(sampling: Sampling, reply: Reply) -> Reply:
    """What a worker answers to others, who may also have been asked to sample."""

    async def answer(question: Question) -> bytes:
        if question.what != _WHAT:
            return await reply(question)
        asked = msgspec.json.decode(question.told, type=_Asked)
        sampling.ask(asked.rates, asked.seconds)
        return b""

    return answer
