"""Bringing clients up to date: joins, resumes, slow readers."""

from typing import Any

import pytest
import trio
from rooms.conftest import BOARD, Stage, open_stage
from rooms.line import Line

from whiteboard import timeouts
from whiteboard.ids import BoardId
from whiteboard.rooms import feed, snapshots, tail
from whiteboard.storage.memory import open_memory
from whiteboard.storage.ports import Storage, StoredOp


def stroke(number: int, **more: object) -> dict[str, object]:
    """A small stroke op."""
    return {"type": "stroke", "id": f"s{number}", "points": [[number, 0]], **more}


async def draw(line: Line, first: int, last: int) -> None:
    """Draw strokes number first..last, which become those seqs on an empty board."""
    line.say([stroke(number) for number in range(first, last + 1)])
    await line.expect("ack", seq=last)


def in_small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few dozen strokes be several parts."""
    monkeypatch.setattr(snapshots, "REST_PART_BYTES", 500)
    monkeypatch.setattr(snapshots, "SNAPSHOT_PART_BYTES", 1_000)


def ops_of(messages: list[dict[str, object]]) -> list[object]:
    """Seqs of the ops among messages, in order."""
    return [message["seq"] for message in messages if message["type"] == "stroke"]


async def test_resume_gets_only_what_it_misses(stage: Stage, autojump_clock: object) -> None:
    """[R7] A client that says what it has seen gets the ops after that, and no snapshot. [RES-1] [RES-2] [RES-3]"""
    ada, welcome = await stage.join()
    await draw(ada, 1, 5)
    bob, _ = await stage.join(since=3, epoch=welcome["epoch"])
    await bob.expect("stroke", seq=4)
    await bob.expect("stroke", seq=5)
    await trio.sleep(1)
    assert [message["type"] for message in bob.read()] == []


async def test_resume_older_than_the_tail_reads_the_log(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has left memory comes from the log, in order and without a gap. [RES-3] [BRC-2]"""
    monkeypatch.setattr(tail, "MAX_TAIL_OPS", 4)
    ada, welcome = await stage.join()
    await draw(ada, 1, 50)
    bob, _ = await stage.join(since=10, epoch=welcome["epoch"])
    await bob.expect("stroke", seq=11)
    await trio.sleep(1)
    assert ops_of(bob.read()) == list(range(12, 51))


async def test_too_far_behind_gets_a_snapshot(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past MAX_RESUME_OPS missed ops a snapshot is cheaper: `resync`, then the board. [RES-5]"""
    monkeypatch.setattr(tail, "MAX_TAIL_OPS", 4)
    monkeypatch.setattr(feed, "MAX_RESUME_OPS", 20)
    ada, welcome = await stage.join()
    await draw(ada, 1, 50)
    bob, _ = await stage.join(since=10, epoch=welcome["epoch"])
    await bob.expect("resync")
    assert len((await bob.expect("snapshot", seq=50))["elements"]) == 50


@pytest.mark.parametrize("hello", [{"since": 1, "epoch": "another"}, {"since": 99}])
async def test_another_history_gets_resync_and_snapshot(
    stage: Stage, autojump_clock: object, hello: dict[str, Any]
) -> None:
    """A `since` of another epoch, or beyond the head, does not count: discard and start over. [RES-5] [RES-6]"""
    ada, _ = await stage.join()
    await draw(ada, 1, 2)
    bob, _ = await stage.join(**hello)
    await bob.expect("resync")
    assert len((await bob.expect("snapshot"))["elements"]) == 2


async def test_large_board_comes_in_parts_and_ops_follow(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snapshot is cut into parts; ops of meanwhile come after it, and nothing is missing."""
    in_small_parts(monkeypatch)
    ada, _ = await stage.join()
    await draw(ada, 1, 60)
    bob = await stage.connect(window=2_500)
    bob.say({"type": "hello"})
    await bob.expect("snapshot", part=1)
    await draw(ada, 61, 70)
    bob.open_window()
    await bob.expect("stroke", seq=70)


async def test_parts_hold_every_element_once(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All parts together are the whole board; `parts` tells how many there are. [RES-7]"""
    in_small_parts(monkeypatch)
    ada, _ = await stage.join()
    await draw(ada, 1, 60)
    bob, _ = await stage.join()
    await trio.sleep(1)
    parts = [message for message in bob.read() if message["type"] == "snapshot"]
    assert [part["part"] for part in parts] == list(range(1, parts[0]["parts"] + 1))
    ids = [element["id"] for part in parts for element in part["elements"]]
    assert sorted(ids) == sorted(f"s{number}" for number in range(1, 61))


async def test_newcomer_gets_the_board_without_being_told_to_discard(
    stage: Stage, autojump_clock: object
) -> None:
    """Without `since` the snapshot comes alone; an empty board is one empty part. [RES-1] [RES-4] [RES-6]"""
    ada, _ = await stage.join()
    await trio.sleep(1)
    assert [(one["type"], one["parts"], one["elements"]) for one in ada.read()] == [("snapshot", 1, [])]
    await draw(ada, 1, 2)
    bob, _ = await stage.join()
    await trio.sleep(1)
    assert [(one["type"], len(one["elements"])) for one in bob.read()] == [("snapshot", 2)]


async def test_what_happens_between_the_parts_is_not_lost(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Created, changed, deleted and restored while a snapshot is under way: all of it arrives. [RES-8] [RES-10]"""
    in_small_parts(monkeypatch)
    ada, _ = await stage.join()
    await draw(ada, 1, 60)
    ada.say({"type": "delete", "id": "s58"})
    await ada.expect("ack", seq=61)
    bob = await stage.connect(window=2_500)
    bob.say({"type": "hello"})
    states = (await bob.expect("snapshot", part=1))["elements"]
    ada.say(stroke(61), {"type": "set", "id": "s59", "props": {"x": 5}}, {"type": "restore", "id": "s58"})
    ada.say({"type": "delete", "id": "s1"}, {"type": "delete", "id": "s60"})
    await ada.expect("ack", seq=66)
    bob.open_window()
    await trio.sleep(1)
    shown = {state["id"]: state.get("x") for state in states}
    for message in bob.read():
        for state in message.get("elements", [message.get("element")] if "element" in message else []):
            shown[state["id"]] = state.get("x", shown.get(state["id"]))
        if message["type"] == "stroke":
            shown[message["id"]] = None
        elif message["type"] == "set":
            shown[message["id"]] = message["props"]["x"]
        elif message["type"] == "delete":
            shown.pop(message["id"], None)
    assert shown == {f"s{number}": 5 if number == 59 else None for number in range(2, 62) if number != 60}


@pytest.mark.parametrize(
    ("since", "kinds"), [(999, {"resync", "snapshot"}), (55, {"snapshot", "stroke", "delete"})]
)
async def test_sync_during_a_snapshot_is_answered(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch, since: int, kinds: set[str]
) -> None:
    """A `resync` breaks the snapshot off and begins it anew; ops asked for come behind it. [RES-11] [RES-12] [RES-15]"""
    in_small_parts(monkeypatch)
    ada, _ = await stage.join()
    await draw(ada, 1, 60)
    bob = await stage.connect(window=2_500)
    bob.say({"type": "hello"})
    await bob.expect("snapshot", part=1)
    bob.say({"type": "sync", "since": since})
    await trio.sleep(1)
    ada.say({"type": "delete", "id": "s60"})
    await ada.expect("ack", seq=61)
    bob.open_window()
    await trio.sleep(1)
    told = bob.read()
    assert kinds <= {message["type"] for message in told} <= kinds | {"delete"}
    begin = 1 + max((at for at, one in enumerate(told) if one["type"] == "resync"), default=-1)
    ids = {state["id"] for one in told[begin:] if one["type"] == "snapshot" for state in one["elements"]}
    assert told[-1]["type"] == "delete"
    if since == 999:
        assert told[begin]["part"] == 1
        assert ids == {f"s{number}" for number in range(1, 61)}, "the snapshot of before, and what came since"
    else:
        assert [one["seq"] for one in told if one["type"] != "snapshot"] == list(range(56, 62))


async def test_slow_reader_costs_bounded_memory_and_misses_nothing(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[R14] A queue stays within its budget and a frame; who reads again in time gets every op. [SLW-1] [BRC-2] [BRC-4]"""
    monkeypatch.setattr(feed, "MAX_OUTBOX_BYTES", 4_000)
    ada, _ = await stage.join()
    slow, _ = await stage.join()
    await slow.expect("snapshot")
    slow.open_window(0)
    for number in range(1, 201):
        await draw(ada, number, number)
        assert stage.hub.statistics().queue_bytes <= 4_000 + 1_000
    slow.open_window()
    await slow.expect("stroke", seq=1)
    await trio.sleep(1)
    assert ops_of(slow.read()) == list(range(2, 201))


async def test_slow_reader_that_is_too_far_behind_is_given_the_board(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of a session: `resync`, then a snapshot and what follows it. [RES-12] [BRC-4] [SLW-1]"""
    monkeypatch.setattr(tail, "MAX_TAIL_OPS", 4)
    monkeypatch.setattr(feed, "MAX_RESUME_OPS", 20)
    monkeypatch.setattr(feed, "MAX_OUTBOX_BYTES", 1_000)
    ada, _ = await stage.join()
    slow, _ = await stage.join()
    await slow.expect("snapshot")
    slow.open_window(0)
    for number in range(1, 101):
        await draw(ada, number, number)
    slow.open_window()
    await slow.expect("stroke", seq=1)
    await slow.expect("resync")
    assert len((await slow.expect("snapshot", seq=100))["elements"]) == 100
    await draw(ada, 101, 101)
    await slow.expect("stroke", seq=101)


async def test_slow_reader_delays_nobody(stage: Stage, autojump_clock: object) -> None:
    """The others draw and see on as if it were not there. [SLW-3]"""
    ada, _ = await stage.join()
    bob, _ = await stage.join()
    slow, _ = await stage.join()
    for line in (bob, slow):
        await line.expect("snapshot")
    slow.open_window(0)
    started = trio.current_time()
    for number in range(1, 51):
        await draw(ada, number, number)
        await bob.expect("stroke", seq=number)
    assert trio.current_time() - started <= 50 * timeouts.BROADCAST_TICK.seconds
    assert slow.closed is None
    assert slow.read() == []


async def test_reader_that_never_reads_again_is_closed_with_4408(
    stage: Stage, autojump_clock: object
) -> None:
    """[R14] Who takes no byte for SLOW_CLIENT is closed with 4408 by the next look; the others see it leave. [SLW-2]"""
    ada, _ = await stage.join()
    slow, welcome = await stage.join()
    await slow.expect("snapshot")
    slow.open_window(0)
    ada.say(stroke(1))
    stalled = trio.current_time()
    assert (await slow.wait_closed())[0] == 4408
    late = trio.current_time() - stalled - timeouts.SLOW_CLIENT.seconds
    assert 0 <= late <= timeouts.LOOKOUT.seconds
    await ada.expect("leave", session=welcome["session"])
    assert stage.hub.statistics().queue_bytes == 0


async def test_what_the_kernel_holds_for_a_reader_counts_too(stage: Stage, autojump_clock: object) -> None:
    """[R14] It ends with 4408 with nothing in our queue; who reads on in time stays. [SLW-2]"""
    stuck, _ = await stage.join()
    paused, _ = await stage.join()
    stalled = trio.current_time()
    for reader in (stuck, paused):
        reader.leave_unread(since=stalled)
    await trio.sleep(timeouts.SLOW_CLIENT.seconds / 2)
    paused.leave_unread(since=None)
    assert (await stuck.wait_closed())[0] == 4408
    assert stage.hub.statistics().queue_bytes == 0
    assert 0 <= trio.current_time() - stalled - timeouts.SLOW_CLIENT.seconds <= timeouts.LOOKOUT.seconds
    await trio.sleep(timeouts.SLOW_CLIENT.seconds)
    assert paused.closed is None


async def test_cursors_wait_behind_a_backlog_and_only_the_newest_counts(
    stage: Stage, autojump_clock: object
) -> None:
    """[R14] Presence is not queued for a slow client: it gets the newest positions when it is level. [PRS-5]"""
    ada, _ = await stage.join()
    slow, _ = await stage.join()
    await slow.expect("snapshot")
    slow.open_window(0)
    ada.say(stroke(1))
    await ada.expect("stroke")  # so that the slow one has been given it too
    backlog = stage.hub.statistics().queue_bytes
    for x in range(100):
        ada.say({"type": "cursor", "x": x, "y": 0})
        await trio.sleep(0.06)
    assert stage.hub.statistics().queue_bytes <= backlog + 200
    slow.open_window()
    cursors = await slow.expect("cursors")
    assert [entry["x"] for entry in cursors["cursors"]] == [99]


async def test_who_came_and_went_during_a_backlog_is_told_afterwards(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that lagged learns the difference in peers, not every coming and going."""
    monkeypatch.setattr(feed, "MAX_OUTBOX_BYTES", 100)
    ada, _ = await stage.join(name="Ada")
    slow, _ = await stage.join()
    await slow.expect("snapshot")
    slow.open_window(0)
    await draw(ada, 1, 3)
    for _ in range(5):
        guest, _ = await stage.join(name="Guest")
        guest.hang_up()
        await guest.wait_closed()
    bob, _ = await stage.join(name="Bob")
    ada.hang_up()
    await trio.sleep(0.1)
    slow.open_window()
    await slow.expect("stroke", seq=3)
    await trio.sleep(0.1)
    told = [message for message in slow.read() if message["type"] in {"join", "leave"}]
    assert sorted(message["type"] for message in told) == ["join", "leave"]
    assert [message["name"] for message in told if message["type"] == "join"] == ["Bob"]
    assert bob.closed is None


async def test_sync_sends_again(stage: Stage, autojump_clock: object) -> None:
    """`sync` asks for everything after `since` again; ops of before the snapshot was made came too. [RES-11] [RES-16]"""
    ada, _ = await stage.join()
    await draw(ada, 1, 5)
    await ada.expect("stroke", seq=5)
    ada.say({"type": "sync", "since": 2})
    await ada.expect("stroke", seq=3)
    await trio.sleep(1)
    assert ops_of(ada.read()) == [4, 5]


async def test_busy_board_gathers_ops_into_frames_within_the_tick(
    stage: Stage, autojump_clock: object
) -> None:
    """[R11] An op on an idle board is seen at once; never later than the broadcast tick. [BRC-3]"""
    ada, _ = await stage.join()
    bob, _ = await stage.join()
    await bob.expect("snapshot")
    for number in range(1, 30):
        sent = trio.current_time()
        ada.say(stroke(number))
        await bob.expect("stroke", seq=number)
        assert trio.current_time() - sent <= timeouts.BROADCAST_TICK.seconds
    async with stage.hub.visit(BOARD) as room:
        assert room.replica.board.seq == 29


async def test_client_that_reads_no_acks_is_read_no_further(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[R14] Answers are bounded too: past the budget the sync loop waits before it takes more ops."""
    monkeypatch.setattr(feed, "MAX_OUTBOX_BYTES", 2_000)
    ada, _ = await stage.join()
    await ada.expect("snapshot")
    ada.open_window(0)
    for number in range(1, 200):
        ada.say(stroke(number))
        await trio.sleep(0.03)
    assert stage.hub.statistics().queue_bytes <= 2_000 + 1_000
    ada.open_window()
    await ada.expect("ack", seq=199)


class SlowReads:
    """A storage whose log takes a second for each read once `is_slow`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.op_log: Any = self
        self.is_slow = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage if hasattr(self._storage, name) else self._storage.op_log, name)

    async def read(
        self, board: BoardId, after: int, limit: int, *, epoch: str | None = None
    ) -> list[StoredOp]:
        if self.is_slow:
            await trio.sleep(1)
        return await self._storage.op_log.read(board, after, limit, epoch=epoch)


async def test_sync_during_a_read_of_the_log_leaves_no_gap(
    autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[R7] What a client asks for while older ops are being read for it comes whole, from where it said."""
    monkeypatch.setattr(tail, "MAX_TAIL_OPS", 4)
    async with open_memory() as memory:
        storage: Any = SlowReads(memory)
        async with open_stage(storage) as stage:
            ada, welcome = await stage.join()
            await draw(ada, 1, 600)
            storage.is_slow = True
            bob, _ = await stage.join(since=300, epoch=welcome["epoch"])
            await trio.sleep(0.5)
            bob.say({"type": "sync", "since": 0})
            await bob.expect("stroke", seq=1)
            await trio.sleep(60)
            assert ops_of(bob.read()) == list(range(2, 601))


async def test_frames_from_the_log_are_bounded_in_bytes(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large ops are read and sent a part at a time, so that a resuming client stays within its budget."""
    monkeypatch.setattr(tail, "MAX_TAIL_OPS", 4)
    monkeypatch.setattr(feed, "SNAPSHOT_PART_BYTES", 20_000)
    ada, welcome = await stage.join()
    for number in range(1, 21):
        ada.say({"type": "text", "id": f"t{number}", "text": "x" * 8_000})
        await ada.expect("ack", seq=number)
    bob = await stage.connect()
    bob.window = 1_000  # enough for the welcome
    bob.say({"type": "hello", "since": 0, "epoch": welcome["epoch"]})
    await trio.sleep(1)
    assert 8_000 < bob.backlog_bytes <= 28_000
    bob.open_window()
    await bob.expect("text", seq=20)


async def test_many_renames_become_one_per_tick(stage: Stage, autojump_clock: object) -> None:
    """A client that changes its name 2,000 times in a frame costs the others a message per tick."""
    ada, _ = await stage.join()
    bob, welcome = await stage.join(name="Bob")
    await ada.expect("join", name="Bob")
    bob.say([{"type": "hello", "name": f"Bob {number}"} for number in range(2_000)])
    await trio.sleep(1)
    told = [message for message in ada.read() if message["type"] == "join"]
    assert 1 <= len(told) <= 3
    assert (told[-1]["session"], told[-1]["name"]) == (welcome["session"], "Bob 1999")


async def test_comings_and_goings_stay_within_the_budget_of_a_slow_reader(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[R14] Joins and leaves are not queued past the budget; who is here is told when the queue has left."""
    monkeypatch.setattr(feed, "MAX_OUTBOX_BYTES", 2_000)
    slow, _ = await stage.join()
    await slow.expect("snapshot")
    await trio.sleep(1)
    slow.window = 0
    for number in range(50):
        guest, _ = await stage.join(name=f"guest {number}")
        guest.hang_up()
        await guest.wait_closed()
    _, welcome = await stage.join(name="last")
    assert slow.backlog_bytes < 2_300
    slow.open_window()
    await slow.expect("join", session=welcome["session"])
