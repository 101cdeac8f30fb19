"""What HTTP sees of boards, whether they are in memory or not."""

import msgspec
import pytest
from rooms.conftest import BOARD, Stage, open_stage

from whiteboard.ids import BoardId
from whiteboard.rooms.access import BoardAccess
from whiteboard.storage.memory import open_memory

AT = 1_700_000_000_000
NOTE = {"type": "note", "w": 10, "h": 10}


@pytest.fixture
def access(stage: Stage) -> BoardAccess:
    """Access to the stage's boards."""
    return BoardAccess(stage.hub, stage.storage, lambda: AT)


async def view(access: BoardAccess, board: BoardId = BOARD) -> dict[str, object]:
    """A board as the API gives it."""
    found = await access.board_view(board)
    assert found is not None
    return msgspec.json.decode(found, type=dict[str, object])


async def test_elements_come_visible_and_from_bottom_to_top(
    stage: Stage, access: BoardAccess, autojump_clock: object
) -> None:
    """Drawing order, `z` first; deleted and unset things are left out. [HTTP-5] [MRG-18] [ELM-9]"""
    ada, _ = await stage.join(client="ada")
    ada.say([{**NOTE, "id": name, "x": 1} for name in ("a", "b", "c", "d")])
    ada.say({"type": "set", "id": "a", "props": {"z": "b00"}}, {"type": "delete", "id": "b"})
    ada.say({"type": "set", "id": "c", "props": {"x": None}}, {"type": "set", "id": "e", "props": {"x": 1}})
    await ada.expect("ack", seq=8)
    seen = await view(access)
    assert (seen["board"], seen["seq"], seen["clock"]) == (BOARD, 8, {"ada": 8})
    assert seen["elements"] == [
        {"id": "c", "type": "note", "by": "ada", "w": 10, "h": 10},
        {"id": "d", "type": "note", "by": "ada", "x": 1, "w": 10, "h": 10},
        {"id": "a", "type": "note", "by": "ada", "x": 1, "w": 10, "h": 10, "z": "b00"},
    ]


async def test_a_board_out_of_memory_is_the_same_board(autojump_clock: object) -> None:
    """After a restart the API gives what it gave before. [HTTP-5]"""
    async with open_memory() as storage:
        async with open_stage(storage) as stage:
            ada, _ = await stage.join()
            ada.say({**NOTE, "id": "a"}, {"type": "delete", "id": "a"}, {**NOTE, "id": "b"})
            await ada.expect("ack", seq=3)
            before = await view(BoardAccess(stage.hub, storage, lambda: AT))
            await stage.hub.drain()
        async with open_stage(storage) as stage:
            assert await view(BoardAccess(stage.hub, storage, lambda: AT)) == before


async def test_looking_creates_nothing(stage: Stage, access: BoardAccess, autojump_clock: object) -> None:
    """A board without ops that nobody created is none, also while a session is there. [HTTP-12] [CON-3]"""
    assert await access.board_view(BOARD) is None
    await stage.join()
    assert await access.board_view(BOARD) is None
    assert await stage.storage.boards.page(9, None) == []


async def test_a_created_board_is_there_once(
    stage: Stage, access: BoardAccess, autojump_clock: object
) -> None:
    """Empty, in the epoch that an open room has; the second one to create it is told. [HTTP-11]"""
    ada, welcome = await stage.join()
    assert await access.create_board(BOARD)
    assert not await access.create_board(BOARD)
    assert await view(access) == {"board": BOARD, "seq": 0, "clock": {}, "elements": []}
    ada.say({**NOTE, "id": "a"})
    await ada.expect("ack", seq=1)
    _, later = await stage.join()
    assert later["epoch"] == welcome["epoch"]


async def test_a_deleted_board_is_gone_with_its_sessions(
    stage: Stage, access: BoardAccess, autojump_clock: object
) -> None:
    """4404 for who is there, nothing for who looks; other boards stay. [HTTP-6]"""
    ada, _ = await stage.join()
    bob, _ = await stage.join(BoardId("other"))
    for line in (ada, bob):
        line.say({**NOTE, "id": "a"})
        await line.expect("ack", seq=1)
    assert await access.delete_board(BOARD)
    assert not await access.delete_board(BOARD)
    assert (await ada.wait_closed())[0] == 4404
    assert await access.board_view(BOARD) is None
    assert bob.closed is None
    assert (await view(access, BoardId("other")))["seq"] == 1
