"""What rooms tell of reaches the metadata, whatever becomes of their place meanwhile."""

import pytest
import structlog
import trio
from hypothesis import given, strategies
from rooms.conftest import BOARD, Stage, ticking_clock
from rooms.flaky import Flaky, open_flaky, virtual_ms

from whiteboard import limits, timeouts
from whiteboard.ids import BoardId, ClientId, SessionId
from whiteboard.rooms.access import BoardAccess
from whiteboard.rooms.hub import open_hub
from whiteboard.rooms.recorder import STOPPED, Recorder, open_recorder
from whiteboard.storage.memory import open_memory
from whiteboard.storage.memory_metadata import open_memory_metadata
from whiteboard.storage.metadata import SERVER_LOST, ServerSeen

ADA = ClientId("ada")
BATCH = limits.MAX_RECORD_BATCH


def come(recorder: Recorder, number: int, board: BoardId = BOARD) -> SessionId:
    """Somebody comes."""
    session = SessionId(f"s-{number:05}")
    recorder.session_opened(session, board, ADA, "Ada", "10.0.0.1:5")
    return session


async def live(metadata: Flaky) -> list[str]:
    """Ids of the live sessions."""
    found = await metadata.chronicle.live(
        limits.MAX_RECORD_PAGE, silent_ms=timeouts.SERVER_SILENT.milliseconds
    )
    return [one.session for one in found]


async def whats(metadata: Flaky) -> list[str]:
    """What the audit says happened, the oldest first."""
    return [one.line.what for one in reversed(await metadata.chronicle.audit(limits.MAX_RECORD_PAGE))]


async def settle() -> None:
    """Let the recorder write."""
    await trio.sleep(timeouts.RECORD_LINGER.seconds * 2 + timeouts.RECORD_RETRY.seconds * 2)


async def test_people_who_come_and_go(autojump_clock: trio.testing.MockClock) -> None:
    """A real session on a real board: who, where and why it ended; the board's begin; the audit of it all."""
    async with open_memory() as storage, open_flaky() as metadata:
        async with open_recorder(metadata, "host:1", virtual_ms) as recorder:
            async with open_hub(storage, ticking_clock(), recorder) as hub:
                stage = Stage(hub, storage)
                access = BoardAccess(hub, storage, ticking_clock(), recorder)
                line, welcome = await stage.join(name="Ada\n❤")
                line.say({"type": "stroke", "id": "s1", "points": [[0, 0]]})
                await line.expect("ack")
                await settle()
                (here,) = await metadata.chronicle.live(9, silent_ms=timeouts.SERVER_SILENT.milliseconds)
                assert (here.session, here.client) == (welcome["session"], welcome["client"])
                assert (here.board, here.name, here.instance, here.address) == (
                    BOARD,
                    "Ada❤",
                    "host:1",
                    line.peer,
                )
                assert await access.create_board(BoardId("b2"))
                assert not await access.create_board(BoardId("b2"))
                assert await access.delete_board(BoardId("b2"))
                assert not await access.delete_board(BoardId("b2"))
                await hub.drain()
        gone = await metadata.chronicle.session(here.session)
        assert gone is not None
        assert gone.why is not None
        assert gone.why.startswith("server: 1001")
        assert await whats(metadata) == [
            "session.begun",
            "board.begun",
            "board.created",
            "board.deleted",
            "session.ended",
        ]
        known = {one.board: one.deleted_at is None for one in await metadata.chronicle.boards(9)}
        assert known == {BOARD: True, BoardId("b2"): False}


async def test_many_sessions_are_one_write(autojump_clock: trio.testing.MockClock) -> None:
    """A hundred people at once are one batch, and one sign of life counts for all of them."""
    async with open_flaky() as metadata, open_recorder(metadata, "a", virtual_ms) as recorder:
        await trio.sleep(timeouts.RECORD_LINGER.seconds)
        metadata.batches.clear()
        for number in range(100):
            come(recorder, number)
        await settle()
        assert len(metadata.batches) == 1
        metadata.batches.clear()
        await trio.sleep(timeouts.SERVER_BEAT.seconds * 10)
        assert 9 <= len(metadata.batches) <= 11
        assert all([type(one) for one in batch] == [ServerSeen] for batch in metadata.batches)
        assert len(await live(metadata)) == 100


async def test_a_server_alone_without_sessions_writes_nothing(autojump_clock: trio.testing.MockClock) -> None:
    """Its disk can rest for a day; who comes then is on the list at once, and stays there."""
    async with (
        open_flaky() as metadata,
        open_recorder(metadata, "a", virtual_ms, is_shared=False) as recorder,
    ):
        await settle()
        metadata.batches.clear()
        await trio.sleep(3600)
        assert metadata.batches == []
        session = come(recorder, 1)
        await trio.sleep(timeouts.RECORD_LINGER.seconds + 0.01)
        assert await live(metadata) == [session]
        await trio.sleep(timeouts.SERVER_SILENT.seconds * 5)
        assert await live(metadata) == [session]
        assert await whats(metadata) == ["session.begun"]


async def test_an_outage_loses_nothing_that_waits(autojump_clock: trio.testing.MockClock) -> None:
    """The place is gone for a minute: it is said, people come and go, and all of it is written when it is back."""
    async with open_flaky() as metadata, open_recorder(metadata, "a", virtual_ms) as recorder:
        stays, goes = come(recorder, 1), come(recorder, 2)
        await settle()
        assert recorder.degraded() == []
        metadata.is_away = True
        with structlog.testing.capture_logs() as said:
            for number in range(3, 60):
                come(recorder, number)
                await trio.sleep(1)
            recorder.session_closed(goes, "peer: 1000")
            assert recorder.degraded() == [f"metadata cannot be written: {57 * 2 + 2} changes wait"]
            metadata.is_away = False
            await settle()
        assert [one["event"] for one in said] == ["metadata_away", "metadata_back"]
        assert recorder.degraded() == []
        assert recorder.waiting == 0
        assert await live(metadata) == [stays, *(f"s-{number:05}" for number in range(3, 60))]
        assert (await whats(metadata)).count("session.begun") == 59
        await trio.sleep(timeouts.SERVER_SILENT.seconds * 3)
        assert len(await live(metadata)) == 58
        assert "session.lost" not in await whats(metadata)


async def test_a_write_of_unknown_fate_is_written_once(autojump_clock: trio.testing.MockClock) -> None:
    """Its answer is lost again and again; the audit has each line once."""
    async with open_flaky() as metadata, open_recorder(metadata, "a", virtual_ms) as recorder:
        metadata.is_lost_after_writing = True
        recorder.session_closed(come(recorder, 1), "peer: 1000")
        come(recorder, 2)
        await trio.sleep(20)
        metadata.is_lost_after_writing = False
        await settle()
        assert await whats(metadata) == ["session.begun", "session.ended", "session.begun"]
        assert await live(metadata) == ["s-00002"]


async def test_an_overflow_is_told_and_made_good(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is past the bound is dropped, counted and logged; afterwards the live sessions are right all the same."""
    monkeypatch.setattr(limits, "MAX_RECORDS_WAITING", 20)
    async with open_flaky() as metadata, open_recorder(metadata, "a", virtual_ms) as recorder:
        early = [come(recorder, number) for number in range(5)]
        await settle()
        metadata.is_away = True
        with structlog.testing.capture_logs() as said:
            for number in range(5, 40):
                come(recorder, number)
            for session in early:
                recorder.session_closed(session, "peer: 1000")
            assert recorder.waiting == 20
            metadata.is_away = False
            await settle()
            await settle()
        dropped = [one for one in said if one["event"] == "records_dropped"]
        assert [(one["count"], one["at"]) for one in dropped] == [(35 * 2 + 5 * 2 - 20, "overflow")]
        await trio.sleep(timeouts.SERVER_SILENT.seconds * 3)
        assert await live(metadata) == [f"s-{number:05}" for number in range(5, 40)]
        lost = await metadata.chronicle.session(early[0])
        assert lost is not None
        assert lost.why == SERVER_LOST


async def test_a_server_that_died_is_noticed_by_another(autojump_clock: trio.testing.MockClock) -> None:
    """Its sessions leave the list when it has been silent, and end with a reason and a line of the audit each."""
    async with open_flaky() as metadata, open_recorder(metadata, "lives", virtual_ms) as recorder:
        stays = come(recorder, 9)
        async with trio.open_nursery() as nursery:
            dying = Recorder(metadata, "dies", virtual_ms)
            nursery.start_soon(dying.run)
            gone = [come(dying, number) for number in (1, 2)]
            await settle()
            nursery.cancel_scope.cancel()  # as by kill -9: it says nothing
        assert await live(metadata) == [*gone, stays]
        await trio.sleep(timeouts.SERVER_SILENT.seconds)
        assert await live(metadata) == [stays]
        with structlog.testing.capture_logs() as said:
            await trio.sleep(timeouts.METADATA_SWEEP.seconds + timeouts.SERVER_SILENT.seconds)
        assert [(one["event"], one["instance"], one["count"]) for one in said] == [
            ("sessions_lost", "dies", 2)
        ]
        ended = await metadata.chronicle.session(gone[0])
        assert ended is not None
        assert ended.why == SERVER_LOST
        assert (await whats(metadata)).count("session.lost") == 2


async def test_a_server_that_was_held_up_comes_back(autojump_clock: trio.testing.MockClock) -> None:
    """Others ended its sessions while it could not write; it begins those that live again."""
    async with open_flaky() as metadata, open_flaky() as elsewhere:
        elsewhere._real = metadata._real
        async with (
            open_recorder(metadata, "held up", virtual_ms) as held_up,
            open_recorder(elsewhere, "other", virtual_ms),
        ):
            stays, goes = come(held_up, 1), come(held_up, 2)
            await trio.sleep(timeouts.SERVER_SILENT.seconds * 2)
            metadata.is_away = True
            await trio.sleep(timeouts.SERVER_SILENT.seconds * 4)
            assert await live(elsewhere) == []
            held_up.session_closed(goes, "peer: 1000")
            metadata.is_away = False
            await settle()
            assert await live(elsewhere) == [stays]
            ended = await elsewhere.chronicle.session(goes)
            assert ended is not None
            assert ended.why == "peer: 1000"


async def test_a_stop_says_what_is_left(autojump_clock: trio.testing.MockClock) -> None:
    """More than one batch of it, and sessions that had not ended end with the server."""
    async with open_flaky() as metadata:
        async with open_recorder(metadata, "a", virtual_ms) as recorder:
            for number in range(BATCH):
                recorder.session_closed(come(recorder, number), "peer: 1000")
            left = come(recorder, BATCH)
        assert await live(metadata) == []
        ended = await metadata.chronicle.session(left)
        assert ended is not None
        assert ended.why == STOPPED
        assert recorder.waiting == 0


async def test_a_stop_does_not_wait_for_a_place_that_is_away(autojump_clock: trio.testing.MockClock) -> None:
    """It says how much is lost and goes."""
    async with open_flaky() as metadata:
        with structlog.testing.capture_logs() as said:
            async with open_recorder(metadata, "a", virtual_ms) as recorder:
                metadata.is_away = True
                come(recorder, 1)
                await settle()
                began = trio.current_time()
            assert trio.current_time() - began <= timeouts.RECORD_CLOSE.seconds
        assert [one["event"] for one in said] == ["metadata_away", "records_dropped"]


async def test_what_is_old_goes(autojump_clock: trio.testing.MockClock) -> None:
    """After METADATA_KEPT a sweep forgets what is over."""
    async with open_flaky() as metadata:
        async with open_recorder(metadata, "a", virtual_ms) as recorder:
            recorder.session_closed(come(recorder, 1), "peer: 1000")
            come(recorder, 2)
        later = virtual_ms() + 1 + round(timeouts.METADATA_KEPT.seconds * 1000)
        async with open_recorder(metadata, "b", lambda: later):
            await trio.sleep(timeouts.SERVER_SILENT.seconds + timeouts.METADATA_SWEEP.seconds)
        assert await whats(metadata) == []
        assert await metadata.chronicle.session(SessionId("s-00001")) is None


@given(strategies.text(max_size=300), strategies.text(max_size=300))
def test_no_text_from_outside_can_stop_it(name: str, why: str) -> None:
    """Whatever people are called and peers say as a goodbye, it is written."""

    async def main() -> None:
        async with open_memory_metadata() as metadata:
            recorder = Recorder(metadata, name, lambda: 1)
            recorder.session_opened(SessionId("s"), BOARD, ADA, name, why)
            recorder.session_closed(SessionId("s"), why)
            await recorder.finish()
            assert recorder.waiting == 0
            assert await metadata.chronicle.session(SessionId("s")) is not None

    trio.run(main)
