"""People who draw all the time while servers come and go, and what must be stored in the end (R5)."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import trio
from integration.bare_socket import bare_socket
from integration.polling import until
from integration.server_process import ServerProcess

from whiteboard.client import Ack, BoardClient, Rejected, open_board

Json = dict[str, Any]
AUTHORS = 4
RETRY_SECONDS = 0.05
SEED = 20240607


@dataclass
class Author:
    """What one client wrote and what it was told."""

    number: int
    client: str = ""
    key: str = ""
    written: dict[str, Json] = field(default_factory=dict)
    """By op id, as it went out."""
    acked: dict[str, int] = field(default_factory=dict)
    """Op id to seq."""


def drawing(author: Author, chance: random.Random) -> Iterator[Json]:
    """Ops without end: strokes that grow, properties, deletions, restorations."""
    number = 0
    while True:
        element = f"e{author.number}-{number}"
        yield {"type": "stroke", "id": element, "points": [[number, 0]], "color": "#000"}
        for start in range(1, chance.randrange(2, 6)):
            yield {"type": "append", "id": element, "from": start, "points": [[number, start]]}
        yield {"type": "set", "id": f"e{chance.randrange(AUTHORS)}-{number}", "props": {"x": number}}
        if chance.random() < 0.3:
            yield {"type": "delete", "id": element}
        if chance.random() < 0.2:
            yield {"type": "restore", "id": element}
        number += 1


async def write(
    url: str, author: Author, authors: list[Author], chance: random.Random, stop: trio.Event
) -> None:
    """Draw with up to ten ops on their way, until told to stop; then wait for every answer.

    Begins when all are connected: a first connection that fails is an error, later ones are made again.
    """
    room = trio.Semaphore(10)

    async def send(board: BoardClient, op: Json) -> None:
        answer = await board.send(op)
        while isinstance(answer, Rejected) and answer.retry:
            await trio.sleep(RETRY_SECONDS)
            answer = await board.send(op)
        room.release()
        assert isinstance(answer, Ack), answer
        assert answer.op_id not in author.acked
        author.acked[answer.op_id] = answer.seq

    async with open_board(url, "b", client=f"c-{author.number}") as board:
        author.client, author.key = board.client, board.key or ""
        await until(lambda: all(one.client for one in authors))
        async with trio.open_nursery() as nursery:
            for op in drawing(author, chance):
                if stop.is_set():
                    break
                await room.acquire()
                counter = len(author.written) + 1
                op_id = f"{author.client}:{counter}"
                author.written[op_id] = {**op, "opId": op_id}
                nursery.start_soon(send, board, author.written[op_id])


def acked(authors: list[Author]) -> int:
    """Acks so far, of all together."""
    return sum(len(author.acked) for author in authors)


def has_more(authors: list[Author], before: int) -> bool:
    """Whether somebody was acked since there were so many acks."""
    return acked(authors) > before


def check_log(log: list[Json], authors: list[Author]) -> None:
    """Every acked op stands at its seq, once, and as it was written."""
    assert [op["seq"] for op in log] == list(range(1, len(log) + 1))
    assert len({op["opId"] for op in log}) == len(log)
    by_id = {op["opId"]: op for op in log}
    for author in authors:
        assert author.acked.keys() == author.written.keys()
        for op_id, seq in author.acked.items():
            stored, written = by_id[op_id], author.written[op_id]
            assert stored["seq"] == seq
            assert {name: stored[name] for name in written} == written


async def resend(server: ServerProcess, author: Author) -> None:
    """Send all that an author ever wrote again; each op is acked with its first seq."""
    async with bare_socket(server.url, "b") as again:
        welcome = await again.enter(client=author.client, key=author.key)
        assert welcome["client"] == author.client
        ops = list(author.written.values())
        for start in range(0, len(ops), 500):
            batch = ops[start : start + 500]
            await again.say(batch)
            for _ in batch:
                ack = await again.hear_kind("ack", "reject")
                assert ack["type"] == "ack", ack
                assert ack["seq"] == author.acked[ack["opId"]]
