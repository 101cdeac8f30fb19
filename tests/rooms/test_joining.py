"""Who joins, lags, leaves and returns while others draw, delete and restore ends with the room's own board."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
import trio
from rooms.conftest import BOARD, Stage, open_stage
from rooms.line import Line
from strategies import read_wire

from whiteboard import limits
from whiteboard.client.steps import points_of
from whiteboard.core import board as core_board
from whiteboard.core import snapshot
from whiteboard.core.board import Board
from whiteboard.ids import ElementId
from whiteboard.protocol.codec import decode_body
from whiteboard.rooms import feed, snapshots, upkeep
from whiteboard.storage.memory import open_memory
from whiteboard.storage.ports import Storage

DRAWING_SECONDS = 12


@pytest.fixture(autouse=True)
def small_bounds() -> Iterator[None]:
    """Let two dozen elements be many parts, and a hundred ops many checkpoints, slices and resyncs."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (core_board, snapshot, snapshots):
            patch.setattr(module, "REST_PART_BYTES", 300)
        patch.setattr(core_board, "HOT_OPS", 3)
        for module in (snapshots, upkeep):
            patch.setattr(module, "REST_SLICE", 2)
        patch.setattr(snapshots, "SNAPSHOT_PART_BYTES", 500)
        patch.setattr(snapshots, "SNAPSHOT_SHARE", 3)
        patch.setattr(upkeep, "REST_LOOKS", 2)
        patch.setattr(upkeep, "CHECKPOINT_MIN_OPS", 12)
        patch.setattr(upkeep, "COMPACT_SLICE_OPS", 5)
        patch.setattr(feed, "PARTS_AT_ONCE", 1)
        patch.setattr(feed, "MAX_RESUME_OPS", 40)
        patch.setattr(feed, "MAX_OUTBOX_BYTES", 600)
        patch.setattr(limits, "PACK_INLINE_BYTES", 400)
        yield


class Person:
    """Draws at random, and keeps a replica of what it is told."""

    def __init__(self, stage: Stage, random: Random) -> None:
        self._stage = stage
        self._random = random
        self._hello: dict[str, object] = {}
        # with `since` once it has a whole board
        self.board = Board()

    async def draw(self) -> None:
        """Come and go for a while; then stay until nothing more comes."""
        until = trio.current_time() + DRAWING_SECONDS
        while trio.current_time() < until:
            line = await self._come()
            leaves = trio.current_time() + 6 * self._random.random()
            while trio.current_time() < min(leaves, until):
                line.say(*[_op(self._random) for _ in range(self._random.randrange(3))])
                line.open_window(self._random.choice([0.0, 300.0, float("inf")]))
                await trio.sleep(self._random.choice([0, 0.001, 0.02, 0.3, 1.1]))
                self._take(line)
            line.hang_up()
            await trio.sleep(self._random.random())
        line = await self._come()
        await trio.sleep(5)
        self._take(line)

    async def _come(self) -> Line:
        if self._random.random() < 0.4:
            self._hello = {}
        if "since" not in self._hello:
            self.board = Board()
        hello = {"compact": self._random.random() < 0.5, **self._hello}
        line, welcome = await self._stage.join(BOARD, **hello)
        self._hello = {"client": welcome["client"], "key": welcome["key"], "epoch": welcome["epoch"]}
        return line

    def _take(self, line: Line) -> None:
        for message in line.read():
            if message["type"] == "resync":
                self.board = Board()
                self._hello.pop("since", None)
            elif message["type"] == "snapshot":
                for state in message["elements"]:
                    points = {"points": points_of(state["points"])} if "points" in state else {}
                    self.board.join(ElementId(state["id"]), json.dumps(state | points).encode())
                if message["part"] == message["parts"]:
                    self._hello["since"] = message["seq"]
            elif "by" in message and "opId" in message:
                self.board.apply(read_wire(message))
                if "since" in self._hello:
                    self._hello["since"] = message["seq"]


def _op(random: Random) -> dict[str, object]:
    element = f"e{random.randrange(24)}"
    some = [[random.choice([random.randint(-500, 500) / 10, 1e9, random.random()]), 2] for _ in range(4)]
    return random.choice(
        [
            {"type": "stroke", "id": element, "points": some},
            {"type": "note", "id": element, "text": "x" * random.randrange(60)},
            {"type": "append", "id": element, "points": some, "from": random.randrange(6)},
            {"type": "set", "id": element, "props": {"x": random.choice([None, 1, 2])}},
            {"type": "delete", "id": element},
            {"type": "restore", "id": element},
        ]
    )


def visible(board: Board) -> dict[str, Any]:
    """Decoded states of visible elements: of others a joiner may know less."""
    return {one.id: json.loads(one.state()) for one in board if one.is_visible}


async def log_of(storage: Storage) -> Board:
    """The board that every stored op makes."""
    board = Board()
    while stored := await storage.op_log.read(BOARD, board.seq, 100):
        for op in stored:
            board.apply(decode_body(op.seq, op.op_id, op.body))
    return board


@pytest.mark.usefixtures("without_threads")
@pytest.mark.parametrize("seed", range(4))
async def test_everybody_ends_with_the_same_board(seed: int, autojump_clock: object) -> None:
    """Through snapshots, steps, ops since, resyncs, rest, checkpoints, tombstones and a restart. [RES-8] [RES-9] [RES-14]"""
    random = Random(seed)
    async with open_memory() as memory:
        for _ in range(2):
            async with open_stage(memory) as stage:
                people = [Person(stage, random) for _ in range(4)]
                async with trio.open_nursery() as nursery:
                    for person in people:
                        nursery.start_soon(person.draw)
                async with stage.hub.visit(BOARD) as room:
                    shown = visible(room.replica.board)
                    assert len(shown) > 3
                    assert shown == visible(await log_of(memory))
                    assert [visible(person.board) for person in people] == [shown] * len(people)
                await stage.hub.drain()
