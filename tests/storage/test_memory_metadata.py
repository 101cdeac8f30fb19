"""What the memory adapter keeps of what is over."""

import pytest

from whiteboard import limits
from whiteboard.ids import BoardId, SessionId
from whiteboard.storage.memory_metadata import open_memory_metadata
from whiteboard.storage.metadata import BoardCreated, BoardDeleted, ServerSeen, SessionEnded
from whiteboard.testing.metadata_contract import AT, ONE, begun, line


async def test_what_is_over_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest ended sessions, deleted boards and lines stay; what lives stays however much it is."""
    monkeypatch.setattr(limits, "MAX_MEMORY_RECORDS", 3)
    async with open_memory_metadata() as metadata:
        record, chronicle = metadata.chronicle.record, metadata.chronicle
        await record([ServerSeen(ONE, "a"), *(begun(number, board=BoardId("b0")) for number in range(1, 9))])
        for number in range(1, 6):
            await record(
                [
                    SessionEnded(SessionId(f"s-{number:03}"), AT + number, "x"),
                    BoardCreated(BoardId(f"b{number}"), AT),
                    BoardDeleted(BoardId(f"b{number}"), AT + number),
                    line(number),
                ]
            )
        known = [await chronicle.session(SessionId(f"s-{number:03}")) is not None for number in range(1, 9)]
        assert known == [False, False, True, True, True, True, True, True]
        boards = [one.board for one in await chronicle.boards(9)]
        assert boards[0] == "b0"
        assert boards[-1] == "b5"
        assert len(boards) == 3
        assert [one.line for one in await chronicle.audit(9)] == [line(5), line(4), line(3)]
        await record([line(5), line(1)])  # a repeat is known while its line is
        assert [one.line for one in await chronicle.audit(9)] == [line(1), line(5), line(4)]
