"""Clients that keep a replica hold what the server holds (R4)."""

import random
from functools import partial

import pytest
import trio
from integration.board_replica import BoardReplica
from integration.server_process import Json, ServerProcess

from whiteboard.client import BoardClient, open_board

pytestmark = pytest.mark.integration

SEED = 20240608
OPS = 80


def random_op(chance: random.Random, name: str, number: int) -> Json:
    """An op on one of a few elements that everybody fights over."""
    element = f"e{chance.randrange(12)}"
    match chance.choice(["stroke", "append", "shape", "text", "set", "set", "set", "delete", "restore"]):
        case "stroke":
            return {"type": "stroke", "id": f"{name}-{number // 8}", "points": [[number, 0]], "color": name}
        case "append":
            return {"type": "append", "id": f"{name}-{number // 8}", "from": 1, "points": [[0, number]]}
        case "shape":
            return {"type": "shape", "id": element, "kind": "ellipse", "x": number, "fill": name}
        case "text":
            return {"type": "text", "id": element, "text": f"{name} {number}", "x": 0, "y": 0}
        case "set":
            value = chance.choice([number, None])
            return {"type": "set", "id": element, "props": {chance.choice("xyw"): value, "mine": name}}
        case kind:
            return {"type": kind, "id": element}


async def draw(server: ServerProcess, name: str, all_done: trio.Event, replicas: list[list[Json]]) -> None:
    """Post random ops; once everybody has, catch up and hand the replica's elements over."""
    chance = random.Random(f"{SEED} {name}")
    async with open_board(server.url, "b", replica=BoardReplica) as board:
        for number in range(OPS):
            board.post(random_op(chance, name, number))
            if chance.random() < 0.3:
                await board.flush()
        await board.flush()
        await all_done.wait()
        replicas.append(await elements_of(server, board))


async def elements_of(server: ServerProcess, board: BoardClient) -> list[Json]:
    """What a client's replica shows once it has everything that the server has."""
    await board.reached((await server.board("b"))["seq"])
    assert isinstance(board.replica, BoardReplica)
    return board.replica.visible()


async def late(server: ServerProcess) -> list[Json]:
    """What a client sees that comes when all is over: from the snapshot alone."""
    async with open_board(server.url, "b", replica=BoardReplica) as board:
        return await elements_of(server, board)


async def test_replicas_show_what_the_server_shows(server: ServerProcess) -> None:
    """After random ops by four clients at once, all replicas and the API show the same, in one order."""
    all_done = trio.Event()
    replicas: list[list[Json]] = []
    async with trio.open_nursery() as nursery:
        async with trio.open_nursery() as drawing:
            for name in ("ada", "bob", "cyd"):
                nursery.start_soon(draw, server, name, all_done, replicas)
            drawing.start_soon(partial(draw_briefly, server, "dan"))
        all_done.set()
    truth = (await server.board("b"))["elements"]
    assert len(truth) > 10
    assert replicas == [truth] * 3
    assert await late(server) == truth
    print(f"\n{server.mode}: {len(truth)} elements, the same in 3 live replicas, a late one and the API")


async def draw_briefly(server: ServerProcess, name: str) -> None:
    """Draw and leave, with a return in the middle that resumes."""
    chance = random.Random(f"{SEED} {name}")
    async with open_board(server.url, "b") as board:
        for number in range(OPS // 2):
            await board.send(random_op(chance, name, number))
    again = open_board(
        server.url, "b", client=board.client, key=board.key, since=board.seq, epoch=board.epoch
    )
    async with again as board:
        for number in range(OPS // 2, OPS):
            await board.send(random_op(chance, name, number))
