"""Rooms as a whole: opened once, evicted, failed, drained, deleted; and who may be which client."""

import gc
import weakref
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
import trio
import trio.testing
from rooms.conftest import BOARD, Stage, open_stage
from rooms.faulty import HookedStorage
from rooms.line import Line

from whiteboard import limits, timeouts
from whiteboard.composition.figures import Look
from whiteboard.errors import ConnectionLost, RoomClosed, ServerFull
from whiteboard.ids import BoardId
from whiteboard.rooms import upkeep
from whiteboard.rooms.access import BoardAccess
from whiteboard.rooms.broadcast import Broadcast
from whiteboard.rooms.deciding import Deciding
from whiteboard.storage.memory import open_memory

SEED = {"type": "stroke", "points": [[10, 20], [30, 40]], "id": "s1"}


async def test_idle_board_leaves_memory_and_comes_back_whole(stage: Stage, autojump_clock: object) -> None:
    """A board without sessions is evicted after ROOM_IDLE; the next visitor finds everything."""
    ada, _ = await stage.join()
    ada.say(SEED)
    await ada.expect("ack")
    ada.hang_up()
    await trio.sleep(timeouts.ROOM_IDLE.seconds - 1)
    assert stage.hub.statistics().boards == 1
    await trio.sleep(2 * timeouts.EVICT_SWEEP.seconds)
    assert stage.hub.statistics().boards == 0
    bob, welcome = await stage.join()
    assert welcome["seq"] == 1
    assert (await bob.expect("snapshot"))["elements"][0]["id"] == "s1"


async def test_the_busiest_boards_come_first(stage: Stage) -> None:
    """With what each holds, and no more of them than are wanted. [DBG-2]"""
    other = BoardId("other")
    ada, _ = await stage.join(board=other)
    for _ in range(2):
        await stage.join()
    ada.say(SEED)
    await ada.expect("ack")
    told = stage.hub.busiest()
    assert [(one.board, one.sessions, one.seq, one.queue_bytes) for one in told] == [
        (BOARD, 2, 0, 0),
        (other, 1, 1, 0),
    ]
    assert stage.hub.busiest(1) == told[:1]


async def test_all_figures_of_one_turn_come_from_one_look(stage: Stage) -> None:
    """The rooms are walked once for all of them; the next turn of the event loop looks again."""
    look = Look(stage.hub)
    before = look.now()
    assert look.now() is before
    await stage.join()
    assert (before.sessions, look.now().sessions) == (0, 1)


def test_figures_of_a_hub_that_has_gone_are_zero() -> None:
    """They are read in one process after many servers, outside an event loop too, and keep none of them."""
    looks: list[Look] = []

    async def serve() -> None:
        async with open_stage() as stage:
            await stage.join()
            looks.append(Look(stage.hub))
            assert looks[0].now().sessions == 1
            await trio.lowlevel.checkpoint()

    trio.run(serve)
    gc.collect()
    assert (looks[0].now().sessions, looks[0].now().boards) == (0, 0)


@pytest.mark.usefixtures("without_cycle_search")
async def test_evicted_board_is_freed_without_a_search_for_cycles(
    stage: Stage, autojump_clock: object
) -> None:
    """[R13] What it held is free at once: with cycles it would stay for up to an hour on a busy server."""
    ada, _ = await stage.join(client="ada")
    ada.say(*({**SEED, "opId": f"ada:{number}"} for number in (2, 1)))
    await ada.expect("ack", seq=2)
    async with stage.hub.visit(BOARD) as room:
        held = [weakref.ref(one) for one in (room, room.replica, room.replica.board)]
    del room
    await trio.sleep(2 * timeouts.UPKEEP.seconds)
    ada.hang_up()
    await trio.sleep(timeouts.ROOM_IDLE.seconds + 2 * timeouts.EVICT_SWEEP.seconds)
    assert stage.hub.statistics().boards == 0
    assert [one() for one in held] == [None, None, None]


async def test_boards_get_their_checkpoints_one_after_the_other(
    autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[R37] Boards that come due in the same second are looked after spread over it, each once: nobody waits for all."""
    monkeypatch.setattr(upkeep, "CHECKPOINT_MIN_OPS", 1)
    saved: dict[BoardId, float] = {}

    async def note(board: BoardId, *_: object) -> None:
        await trio.lowlevel.checkpoint()
        assert board not in saved
        saved[board] = trio.current_time()

    async with open_memory() as memory:
        storage: Any = HookedStorage(memory)
        storage.snapshots.before["save"] = note
        async with open_stage(storage) as stage:
            for number in range(20):
                ada, _ = await stage.join(BoardId(f"b{number}"))
                ada.say(SEED)
                await ada.expect("ack")
            await trio.sleep(2 * timeouts.UPKEEP.seconds)
    together = Counter(round(time, 3) for time in saved.values())
    assert list(together.values()) == [8, 8, 4]
    pauses = [after - before for before, after in pairwise(together)]
    assert pauses == pytest.approx([timeouts.UPKEEP.seconds / 3] * 2, abs=0.002)


async def test_session_keeps_its_board_in_memory(stage: Stage, autojump_clock: object) -> None:
    """A board with a session is never evicted, however quiet."""
    ada, _ = await stage.join()
    await trio.sleep(10 * timeouts.ROOM_IDLE.seconds)
    assert ada.closed is None
    assert stage.hub.statistics().boards == 1


@pytest.mark.no_cover
async def test_thousand_cycles_of_open_draw_drop_leave_nothing(
    stage: Stage, autojump_clock: object, without_threads: None
) -> None:
    """[R13] Tasks, sessions, leases and queues are back where they were after 1,000 cycles."""
    ada, _ = await stage.join()
    await ada.expect("snapshot")
    tasks_before = trio.lowlevel.current_statistics().tasks_living
    for number in range(1_000):
        guest, _ = await stage.join()
        guest.say({**SEED, "id": f"s{number}"})
        await guest.expect("ack")
        guest.hang_up()
        await guest.wait_closed()
    await trio.sleep(2 * timeouts.UPKEEP.seconds)
    statistics = stage.hub.statistics()
    assert (statistics.sessions, statistics.leases, statistics.queue_bytes) == (1, 1, 0)
    assert trio.lowlevel.current_statistics().tasks_living == tasks_before


@pytest.mark.parametrize("step", [(Deciding, "accept"), (Broadcast, "flush"), (Broadcast, "flush_presence")])
async def test_failing_board_ends_its_own_sessions_only(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch, step: tuple[type, str]
) -> None:
    """[R13] A board's failure closes its own sessions with 4500; the board opens again. [CLS-3]"""
    victim, _ = await stage.join(BoardId("bad"))
    other, _ = await stage.join(BoardId("good"))
    await victim.expect("snapshot")
    await other.expect("snapshot")

    def explode(*_: object) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(*step, explode)
        victim.say(SEED, {"type": "cursor", "x": 1, "y": 1})
        assert (await victim.wait_closed())[0] == 4500
    other.say(SEED)
    assert (await other.expect("ack"))["seq"] == 1
    again, welcome = await stage.join(BoardId("bad"))
    again.say(SEED)
    assert (await again.expect("ack"))["seq"] == welcome["seq"] + 1


@pytest.mark.parametrize("fault", [ConnectionLost("reset in the handshake"), RuntimeError("a bug")])
async def test_handshake_that_fails_ends_its_own_session_only(
    stage: Stage, autojump_clock: object, fault: Exception
) -> None:
    """[R13] A peer that resets while its upgrade is answered leaves nothing and disturbs nobody. [CLS-3]"""
    ada, _ = await stage.join()

    @asynccontextmanager
    async def accept() -> AsyncIterator[Line]:
        await trio.lowlevel.checkpoint()
        if ada.closed is None:
            raise fault
        yield Line()

    await stage.hub.serve(BOARD, accept)
    ada.say(SEED)
    assert (await ada.expect("ack"))["seq"] == 1
    await trio.testing.wait_all_tasks_blocked()
    assert stage.hub.statistics().leases == 1


async def test_drain_tells_sessions_and_stores_everything(autojump_clock: object) -> None:
    """[R12] Draining says when to come back, closes with 1001, refuses newcomers, loses nothing. [DRN-1] [DRN-2]"""
    async with open_memory() as storage:
        async with open_stage(storage) as stage:
            ada, _ = await stage.join()
            ada.say(*[{**SEED, "id": f"s{n}"} for n in range(50)])
            await ada.expect("ack", seq=50)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(stage.hub.drain)
                assert (await ada.expect("drain"))["reconnect"] == [0, 5]
                assert stage.hub.is_draining
                with pytest.raises(RoomClosed):
                    await stage.connect()
            assert ada.closed is not None
            assert ada.closed[0] == 1001
            assert stage.hub.statistics().boards == 0
        checkpoint = await storage.snapshots.load(BOARD)
        assert checkpoint is not None
        assert checkpoint.seq == 50


async def test_deleted_board_closes_with_4404_and_begins_again_at_1(
    stage: Stage, autojump_clock: object
) -> None:
    """Deleting a board ends its sessions with 4404; a new one of that name has another epoch. [HTTP-6]"""
    ada, welcome = await stage.join()
    ada.say(SEED)
    await ada.expect("ack")
    assert await stage.hub.delete(BOARD)
    assert (await ada.wait_closed())[0] == 4404
    bob, again = await stage.join()
    assert again["seq"] == 0
    assert again["epoch"] != welcome["epoch"]
    bob.say(SEED)
    assert (await bob.expect("ack"))["seq"] == 1


async def test_who_comes_in_the_moment_of_a_delete_is_told_4404(stage: Stage, autojump_clock: object) -> None:
    """A session that was started and has not had its turn yet closes as all others of the board do. [HTTP-6]"""
    await stage.join()
    late = Line()

    @asynccontextmanager
    async def accept() -> AsyncIterator[Line]:
        yield late

    assert stage.hub.serve_now(BOARD, accept)
    await stage.hub.delete(BOARD)
    assert (await late.wait_closed())[0] == 4404
    assert stage.hub.statistics().leases == 0


@pytest.mark.usefixtures("without_cycle_search")
async def test_a_deleted_board_leaves_memory_while_storage_still_deletes_it(autojump_clock: object) -> None:
    """However long that takes: who deletes holds it no longer than its sessions need to end."""
    async with open_memory() as memory:
        storage = HookedStorage(memory)
        async with open_stage(storage) as stage:
            ada, _ = await stage.join()
            deleted = weakref.ref(stage.hub._rooms[BOARD])

            async def look(_: BoardId) -> None:
                await trio.testing.wait_all_tasks_blocked()
                assert deleted() is None

            storage.boards.before["delete"] = look
            ada.say(SEED)
            await ada.expect("ack")
            assert await stage.hub.delete(BOARD)


async def test_visits_count_towards_the_limit_of_boards(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Creating boards over HTTP opens no more of them than connecting to them would."""
    monkeypatch.setattr(limits, "MAX_BOARDS_OPEN", 2)
    access = BoardAccess(stage.hub, stage.storage, lambda: 1)
    for number in range(2):
        await stage.join(BoardId(f"b{number}"))
    with pytest.raises(RoomClosed):
        await access.create_board(BoardId("b2"))
    with pytest.raises(ServerFull):
        await stage.connect(BoardId("b3"))
    assert stage.hub.statistics().boards == 2


async def test_boards_that_nobody_needs_make_room_for_others(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the limit the board that was left longest ago is evicted; one in use never is."""
    monkeypatch.setattr(limits, "MAX_BOARDS_OPEN", 3)
    access = BoardAccess(stage.hub, stage.storage, lambda: 1)
    ada, _ = await stage.join(BoardId("used"))
    for number in range(20):
        assert await access.create_board(BoardId(f"b{number}"))
        await trio.sleep(0.1)
    assert stage.hub.statistics().boards == 3
    assert set(stage.hub._rooms) == {"used", "b18", "b19"}
    assert ada.closed is None


async def test_board_that_loads_for_long_does_not_hold_up_a_stop(autojump_clock: object) -> None:
    """[R12] A drain does not wait for a board to be read that nobody will see; its sessions end with 1001."""
    async with open_memory() as memory:
        storage: Any = HookedStorage(memory)

        async def take_long(*_: object) -> None:
            await trio.sleep(1_000)

        storage.op_log.before["head"] = take_long
        async with open_stage(storage) as stage:
            line = await stage.connect()
            line.say({"type": "hello"})
            await trio.sleep(1)
            started = trio.current_time()
            await stage.hub.drain()
            assert trio.current_time() - started < 5
            assert line.closed is not None
            assert line.closed[0] == 1001


async def test_limit_of_sessions_is_spoken(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One session too many is refused before its handshake."""
    monkeypatch.setattr(limits, "MAX_SESSIONS_PER_BOARD", 1)
    await stage.join()
    with pytest.raises(ServerFull):
        await stage.connect()


async def test_nobody_new_is_let_in_while_memory_is_short(stage: Stage, autojump_clock: object) -> None:
    """[R42] No session and no board more; who is here draws on, and a board that is open can be read."""
    access = BoardAccess(stage.hub, stage.storage, lambda: 1)
    ada, _ = await stage.join()
    await access.create_board(BoardId("other"))
    assert stage.hub.unload_idle() == 1
    await trio.testing.wait_all_tasks_blocked()
    stage.hub.is_short_of_memory = True
    assert access.readiness() == ["memory is short"]
    for board in (BOARD, BoardId("new")):
        with pytest.raises(ServerFull, match="short of memory"):
            await stage.connect(board)
    with pytest.raises(RoomClosed, match="short of memory"):
        await access.board_view(BoardId("other"))
    ada.say(SEED)
    assert (await ada.expect("ack"))["seq"] == 1
    view = await access.board_view(BOARD)
    assert view is not None
    assert b'"s1"' in view
    assert stage.hub.turned_away == 3
    stage.hub.is_short_of_memory = False
    await stage.join()
    assert access.readiness() == []


async def test_boards_that_nobody_has_open_are_unloaded_a_few_at_a_time(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[R42] The longest idle first, none that somebody has open, and no more while as many still write."""
    monkeypatch.setattr(limits, "UNLOADED_AT_ONCE", 2)
    access = BoardAccess(stage.hub, stage.storage, lambda: 1)
    await stage.join(BoardId("used"))
    for number in range(5):
        await access.create_board(BoardId(f"b{number}"))
        await trio.sleep(0.1)
    assert stage.hub.unload_idle() == 2
    assert stage.hub.unload_idle() == 0
    assert set(stage.hub._rooms) == {"used", "b2", "b3", "b4"}
    await trio.testing.wait_all_tasks_blocked()
    assert (stage.hub.unload_idle(), set(stage.hub._rooms)) == (2, {"used", "b4"})


async def test_caches_are_dropped_while_people_draw(stage: Stage, autojump_clock: object) -> None:
    """[R42] Whoever joins or lags behind it has all, from log and board."""
    ada, _ = await stage.join(client="ada")
    for number in range(1, 30):
        ada.say({**SEED, "id": f"s{number}", "opId": f"ada:{number}"})
    await ada.expect("ack", seq=29)
    await stage.join()
    assert stage.hub.drop() > 0
    bob, _ = await stage.join()
    seen = [element["id"] for element in (await bob.expect("snapshot"))["elements"]]
    assert sorted(seen) == sorted(f"s{number}" for number in range(1, 30))
    cat, _ = await stage.join(since=3)
    assert [await stage_op(cat) for _ in range(26)] == list(range(4, 30))
    ada.say({**SEED, "id": "s30", "opId": "ada:30"})
    assert (await ada.expect("ack"))["seq"] == 30


async def stage_op(line: Line) -> int:
    """Seq of the next op that it is sent."""
    return int((await line.expect("stroke"))["seq"])


async def test_late_close_of_an_old_socket_does_not_touch_the_new_session(
    stage: Stage, autojump_clock: object
) -> None:
    """The same client reconnects before its old socket's end is noticed: both end on their own. [IDN-6]"""
    old, welcome = await stage.join(client="ada")
    new, again = await stage.join(client="ada", key=welcome["key"])
    assert again["client"] == "ada"
    old.hang_up()
    await old.wait_closed()
    new.say({**SEED, "opId": "ada:1"})
    assert (await new.expect("ack"))["seq"] == 1


async def test_client_id_is_kept_by_its_key(stage: Stage, autojump_clock: object) -> None:
    """A used client id needs its key; without it the session gets a fresh id, no error. [IDN-2] [IDN-4]"""
    ada, welcome = await stage.join(client="ada")
    ada.say(SEED)
    await ada.expect("ack")
    ada.hang_up()
    await ada.wait_closed()
    _, thief = await stage.join(client="ada", key="wrong")
    assert thief["client"] != "ada"
    _, keyless = await stage.join(client="ada")
    assert keyless["client"] != "ada"
    _, owner = await stage.join(client="ada", key=welcome["key"])
    assert owner["client"] == "ada"
    assert owner["clock"] == {"ada": 1}


async def test_unused_client_id_is_free_again(stage: Stage, autojump_clock: object) -> None:
    """A client id that never wrote anything is free once its session is gone. [IDN-2]"""
    ada, _ = await stage.join(client="ada")
    _, meanwhile = await stage.join(client="ada")
    assert meanwhile["client"] != "ada"
    ada.hang_up()
    await ada.wait_closed()
    _, later = await stage.join(client="ada")
    assert later["client"] == "ada"


async def test_client_id_that_was_taken_while_its_record_was_read_is_not_given_away(
    autojump_clock: object,
) -> None:
    """Whoever comes, writes and goes in the time of one slow read keeps the id, and the board."""
    async with open_memory() as memory:
        storage: Any = HookedStorage(memory)
        async with open_stage(storage) as stage:
            other, _ = await stage.join()
            answers_late = [True]

            async def answer_late(*_: object) -> None:
                if answers_late.pop():
                    answers_late.append(False)
                    await trio.sleep(10)
                answers_late.append(False)

            storage.op_log.after["client"] = answer_late
            thief = await stage.connect()
            thief.say({"type": "hello", "client": "ada", "key": "stolen"})
            await trio.sleep(1)
            ada, _ = await stage.join(client="ada", key="hers")
            ada.say(SEED)
            await ada.expect("ack", seq=1)
            ada.hang_up()
            await ada.wait_closed()
            assert (await thief.expect("welcome"))["client"] != "ada"
            thief.say({**SEED, "id": "s2"})
            await thief.expect("ack", seq=2)
            assert other.closed is None


async def test_two_hundred_joins_and_leaves_end_in_the_true_list(
    stage: Stage, autojump_clock: object
) -> None:
    """Concurrent joins and leaves lose nobody: the last welcome lists exactly who is here. [HEL-6]"""
    lines = [await stage.connect() for _ in range(200)]
    for number, line in enumerate(lines):
        line.say({"type": "hello", "name": f"n{number}"})
    for line in lines:
        await line.expect("welcome")
    for line in lines[::2]:
        line.hang_up()
    for line in lines[::2]:
        await line.wait_closed()
    _, welcome = await stage.join()
    assert {peer["name"] for peer in welcome["peers"]} == {f"n{n}" for n in range(1, 200, 2)}


async def test_serving_at_once_needs_an_open_room_with_a_place(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where something has to be waited for, or refused, nothing happens: no room, no lease, no session."""
    lines: list[Line] = []

    @asynccontextmanager
    async def accept() -> AsyncIterator[Line]:
        await trio.lowlevel.checkpoint()
        lines.append(Line())
        yield lines[-1]

    assert not stage.hub.serve_now(BOARD, accept)
    assert stage.hub.statistics().boards == 0
    await stage.join()
    assert stage.hub.serve_now(BOARD, accept)
    await trio.testing.wait_all_tasks_blocked()
    assert lines[0].offer({"type": "hello"})
    assert stage.hub.statistics().sessions == stage.hub.statistics().leases == 2
    for bound in ("MAX_SESSIONS", "MAX_SESSIONS_PER_BOARD"):
        with monkeypatch.context() as patch:
            patch.setattr(limits, bound, 2)
            assert not stage.hub.serve_now(BOARD, accept)
    await stage.hub.drain()
    assert not stage.hub.serve_now(BOARD, accept)
    assert len(lines) == 1
    assert stage.hub.statistics().leases == 0
