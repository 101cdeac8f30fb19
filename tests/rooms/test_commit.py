"""Ops on their way to the log: order, repeats, refusals, storage that waits or fails."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import msgspec
import pytest
import trio
import trio.testing
from rooms.conftest import BOARD, Stage, open_stage
from rooms.faulty import HookedStorage, TappedStorage
from rooms.strokes import seqs, stroke

from whiteboard import limits, timeouts
from whiteboard.errors import StorageUnavailable
from whiteboard.ids import BoardId, ClientId, OpId
from whiteboard.rooms import commit, deciding, inbox, upkeep
from whiteboard.storage.memory import open_memory
from whiteboard.storage.ports import NewOp


@asynccontextmanager
async def open_tapped_stage() -> AsyncIterator[tuple[Stage, TappedStorage]]:
    """A stage whose storage can be held up."""
    async with open_memory() as memory:
        storage = TappedStorage(memory)
        async with open_stage(storage) as stage:
            yield stage, storage


@asynccontextmanager
async def open_hooked_stage() -> AsyncIterator[tuple[Stage, HookedStorage]]:
    """A stage whose storage calls can be interfered with one by one."""
    async with open_memory() as memory:
        storage: Any = HookedStorage(memory)
        async with open_stage(storage) as stage:
            yield stage, storage


async def test_ops_sent_while_the_board_loads_are_neither_lost_nor_reordered(
    autojump_clock: object,
) -> None:
    """Messages sent during a delayed load are applied after it, in order. [ACC-1]"""
    async with open_tapped_stage() as (stage, storage):
        storage.op_log.hold()
        line = await stage.connect()
        line.say({"type": "hello"}, *[stroke(n) for n in range(20)])
        await trio.sleep(40)
        assert line.read() == []
        storage.op_log.flow.set()
        acks = [await line.expect("ack") for _ in range(20)]
        assert [(ack["id"], ack["seq"]) for ack in acks] == [(f"s{n}", n + 1) for n in range(20)]


async def test_session_outlives_a_load_longer_than_the_heartbeat(autojump_clock: object) -> None:
    """While nobody reads the socket, silence says nothing about the peer: a slow load ends no session."""
    async with open_tapped_stage() as (stage, storage):
        storage.op_log.hold()
        line = await stage.connect()
        line.answers_pings = False
        line.say({"type": "hello"})
        await trio.sleep(3 * timeouts.DEAD_PEER.seconds)
        assert line.closed is None
        storage.op_log.flow.set()
        await line.expect("welcome")


async def test_nothing_is_seen_before_it_is_stored(autojump_clock: object) -> None:
    """An op is acked and broadcast only after the log has it. [ACK-4]"""
    async with open_tapped_stage() as (stage, storage):
        ada, _ = await stage.join()
        bob, _ = await stage.join()
        await bob.expect("snapshot")
        storage.op_log.hold()
        ada.say(stroke(1))
        await trio.sleep(1)
        assert [message["type"] for message in ada.read()] == ["snapshot", "join"]
        assert bob.read() == []
        storage.op_log.flow.set()
        assert await seqs(bob, 1) == [1]


async def test_what_arrives_during_a_commit_forms_the_next_one(autojump_clock: object) -> None:
    """Group commit: ops of several clients that wait for a commit are stored together after it."""
    async with open_tapped_stage() as (stage, storage):
        lines = [(await stage.join())[0] for _ in range(3)]
        storage.op_log.hold()
        for number, line in enumerate(lines):
            line.say(stroke(number))
        await trio.sleep(1)
        storage.op_log.flow.set()
        assert sorted([(await line.expect("ack"))["seq"] for line in lines]) == [1, 2, 3]


async def test_repeat_is_acked_with_its_first_seq(stage: Stage, autojump_clock: object) -> None:
    """[R5] The same op id again, from another session, changes nothing and gets the first seq. [DUP-1]"""
    ada, welcome = await stage.join(client="ada")
    ada.say(stroke(1, opId="ada:1"), stroke(2, opId="ada:2"))
    assert await seqs(ada, 2, "ack") == [1, 2]
    ada.hang_up()
    again, _ = await stage.join(client="ada", key=welcome["key"])
    again.say(stroke(2, opId="ada:2"), stroke(1, opId="ada:1"), stroke(3, opId="ada:3"))
    acks = {(ack := await again.expect("ack"))["opId"]: ack["seq"] for _ in range(3)}
    assert acks == {"ada:1": 1, "ada:2": 2, "ada:3": 3}


async def test_repeat_within_one_batch_is_stored_once(stage: Stage, autojump_clock: object) -> None:
    """The same op id twice in one frame takes one seq; both copies are acked with it."""
    ada, _ = await stage.join(client="ada")
    ada.say([stroke(1, opId="ada:1"), stroke(1, opId="ada:1"), stroke(2, opId="ada:2")])
    assert await seqs(ada, 3, "ack") == [1, 1, 2]


async def test_repeat_keeps_the_first_time_and_content(stage: Stage, autojump_clock: object) -> None:
    """A repeat's ack carries the first `at` too; what differs in it is nowhere. [DUP-1] [DUP-2]"""
    ada, _ = await stage.join(client="ada")
    ada.say(stroke(1, opId="ada:1"))
    first = await ada.expect("ack")
    ada.say(stroke(2, opId="ada:2"), stroke(9, opId="ada:1", ts=5))
    await ada.expect("ack", opId="ada:2")
    assert await ada.expect("ack") == {**first, "id": "s9", "ts": 5}
    stored = await stage.storage.op_log.read(BOARD, 0, 9)
    assert [msgspec.json.decode(op.body)["id"] for op in stored] == ["s1", "s2"]


async def test_rejected_ops_and_presence_take_no_seq(stage: Stage, autojump_clock: object) -> None:
    """Seqs are gapless over accepted ops; refusals and cursors take none and are not stored. [LOG-4]"""
    ada, _ = await stage.join()
    moves = [{"type": "cursor", "x": 1, "y": 1}, {"type": "laser", "points": [[1, 1]]}]
    ada.say(stroke(1), *moves, stroke(2, points="no"), {"type": "follow", "session": "s"}, stroke(3))
    assert await seqs(ada, 2, "ack") == [1, 2]
    stored = await stage.storage.op_log.read(BOARD, 0, 9)
    assert [msgspec.json.decode(op.body)["id"] for op in stored] == ["s1", "s3"]


async def test_answers_come_once_each_in_the_order_of_the_ops(autojump_clock: object) -> None:
    """Acks and rejects keep to the order, whoever refused and however long storage took. [ACK-1] [ACK-6]"""
    shape = {"type": "shape", "id": "r", "kind": "line"}
    append = {"type": "append", "id": "r", "from": 0, "points": [[0, 0]]}
    async with open_tapped_stage() as (stage, storage):
        ada, _ = await stage.join(client="ada")
        await ada.expect("snapshot")
        storage.op_log.hold()
        ada.say(stroke(1), stroke(2, points="no"), [shape, append], stroke(3, opId="eve:1"), stroke(4))
        await trio.sleep(1)
        assert ada.read() == []
        storage.op_log.flow.set()
        await trio.sleep(1)
        ada.say(stroke(5), stroke(6, opId="ada:1"), stroke(7))
        await trio.sleep(1)
        answers = [one for one in ada.read() if one["type"] in {"ack", "reject"}]
    assert [(one["id"], one.get("seq"), one.get("code")) for one in answers] == [
        ("s1", 1, None),
        ("s2", None, "bad_field"),
        ("r", 2, None),
        ("r", None, "not_a_stroke"),
        ("s3", None, "forged"),
        ("s4", 3, None),
        ("s5", 4, None),
        ("s6", 1, None),
        ("s7", 5, None),
    ]
    assert [one["opId"] for one in answers if one["type"] == "ack"] == [
        "ada:1", "ada:2", "ada:3", "ada:4", "ada:1", "ada:5",
    ]  # fmt: skip


async def test_refused_commit_answers_in_order(autojump_clock: object) -> None:
    """A full disk gives each op its own answer, and those refused for another reason keep it. [ACK-6]"""
    async with open_tapped_stage() as (stage, storage):
        ada, _ = await stage.join(client="ada")
        await ada.expect("snapshot")
        storage.op_log.is_full = True
        ada.say(stroke(1), stroke(2, points="no"), stroke(3))
        rejects = [await ada.expect("reject") for _ in range(3)]
        assert [(one["id"], one["code"]) for one in rejects] == [
            ("s1", "storage_unavailable"),
            ("s2", "bad_field"),
            ("s3", "storage_unavailable"),
        ]


async def test_full_disk_refuses_with_retry_and_the_board_stays_readable(
    autojump_clock: object,
) -> None:
    """A storage that refuses writes: retryable rejects, reads go on, and it recovers by itself. [REJ-4]"""
    async with open_tapped_stage() as (stage, storage):
        ada, _ = await stage.join(client="ada")
        ada.say(stroke(1, opId="ada:1"))
        await ada.expect("ack")
        storage.op_log.is_full = True
        ada.say(stroke(2, opId="ada:2"))
        reject = await ada.expect("reject")
        assert (reject["opId"], reject["code"], reject["retry"]) == ("ada:2", "storage_unavailable", True)
        assert stage.hub.is_refusing
        bob, _ = await stage.join()
        assert len((await bob.expect("snapshot"))["elements"]) == 1
        storage.op_log.is_full = False
        ada.say(stroke(2, opId="ada:2"))
        assert (await ada.expect("ack"))["seq"] == 2
        assert await seqs(bob, 1) == [2]
        await trio.sleep(timeouts.REFUSAL_COUNTS.seconds + 1)
        assert not stage.hub.is_refusing


async def test_write_of_unknown_fate_is_found_in_the_log_and_spread(autojump_clock: object) -> None:
    """Ops that were stored although the write failed reach everybody, once, and are acked on retry."""
    async with open_tapped_stage() as (stage, storage):
        ada, _ = await stage.join(client="ada")
        bob, _ = await stage.join()
        await bob.expect("snapshot")
        storage.op_log.forgets_answers = True
        ada.say(stroke(1, opId="ada:1"))
        await ada.expect("reject", code="storage_unavailable")
        storage.op_log.forgets_answers = False
        ada.say(stroke(2, opId="ada:2"), stroke(1, opId="ada:1"))
        acks = {(ack := await ada.expect("ack"))["opId"]: ack["seq"] for _ in range(2)}
        assert acks == {"ada:1": 1, "ada:2": 2}
        assert await seqs(bob, 2) == [1, 2]


@pytest.mark.parametrize("is_at_once", [False, True])
async def test_ops_from_elsewhere_are_merged_and_spread(autojump_clock: object, is_at_once: bool) -> None:
    """When somebody else has written to the log, in memory a room that failed before, the room reads on."""
    async with open_memory() as memory:
        storage: Any = memory if is_at_once else TappedStorage(memory)
        async with open_stage(storage) as stage:
            ada, _ = await stage.join(client="ada")
            ada.say(stroke(1, opId="ada:1"))
            await ada.expect("stroke", seq=1)
            foreign = _as_other((await storage.op_log.read(BOARD, 0, 1))[0].body)
            head = await storage.op_log.head(BOARD)
            await storage.op_log.append(
                BOARD, [foreign], epoch=head.epoch, claims={foreign.op_id.client: b"k"}
            )
            ada.say(stroke(3, opId="ada:3"))
            assert await seqs(ada, 2) == [2, 3]


async def test_op_on_a_tombstone_that_left_memory_merges_as_if_it_had_stayed(
    autojump_clock: object,
) -> None:
    """[R4] `restore` brings an evicted element back whole; all get its state with the op."""
    async with open_memory() as storage:
        async with open_stage(storage) as stage:
            ada, _ = await stage.join()
            ada.say(stroke(1, color="#f00"), {"type": "delete", "id": "s1"})
            await ada.expect("ack", seq=2)
            await stage.hub.drain()
        async with open_stage(storage) as stage:
            bob, _ = await stage.join()
            assert (await bob.expect("snapshot"))["elements"] == []
            bob.say({"type": "set", "id": "s1", "props": {"width": 3}}, {"type": "restore", "id": "s1"})
            restored = await bob.expect("restore")
            assert restored["element"]["points"] == [[1, 0]]
            assert restored["element"]["color"] == "#f00"
            assert restored["element"]["width"] == 3


async def test_log_that_fails_while_it_is_caught_up_with_does_not_end_the_board(
    autojump_clock: object,
) -> None:
    """What was read of a log that ran ahead is spread before the next piece is read, so none is missed."""
    async with open_hooked_stage() as (stage, storage):
        ada, _ = await stage.join(client="ada")
        bob, _ = await stage.join()
        strokes = [stroke(number, opId=f"ada:{number}") for number in range(1, 601)]
        all_are_in = trio.Event()

        async def wait_for_all(*_: object) -> None:
            await all_are_in.wait()

        storage.op_log.before["append"] = wait_for_all
        storage.op_log.after["append"] = storage_fails
        ada.say(strokes)
        await trio.sleep(1)
        all_are_in.set()
        await ada.expect("reject", opId="ada:600")
        storage.op_log.after.clear()

        reads = count()

        async def fail_at_the_second(*_: object) -> None:
            if next(reads) == 1:
                await storage_fails()

        storage.op_log.before["read"] = fail_at_the_second
        ada.say(strokes)
        await ada.expect("ack", opId="ada:600", seq=600)
        assert await seqs(bob, 600) == list(range(1, 601))


async def test_checkpoint_that_ends_meanwhile_takes_no_element_from_an_op(
    autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[R4] A deleted element that leaves memory while an op on it waits for storage is brought back."""
    monkeypatch.setattr(upkeep, "CHECKPOINT_MIN_OPS", 5)
    async with open_hooked_stage() as (stage, storage):
        saved = trio.Event()

        async def answer_late(*_: object) -> None:
            saved.set()
            await trio.sleep(5)

        async def look_up_slowly(*_: object) -> None:
            await trio.sleep(10)

        storage.snapshots.after["save"] = answer_late
        storage.op_log.before["seen_by"] = look_up_slowly
        ada, _ = await stage.join()
        bob, _ = await stage.join()
        bob.say(stroke(0))
        ada.say(*[stroke(number) for number in range(1, 7)], {"type": "delete", "id": "s1"})
        await saved.wait()
        ada.say({"type": "restore", "id": "s1", "clock": {"somebody": 1}})
        assert (await bob.expect("restore"))["element"]["points"] == [[1, 0]]


@pytest.mark.parametrize("between", ["set", "delete"])
async def test_checkpoint_that_ends_during_a_write_takes_no_element_from_its_ops(
    autojump_clock: object, between: str
) -> None:
    """[R4] A deleted element stays in memory while an op on it is being stored, and comes back whole."""
    async with open_hooked_stage() as (stage, storage):
        ada, _ = await stage.join()
        ada.say({**stroke(1), "color": "red"}, {"type": "delete", "id": "s1"})
        await ada.expect("ack", seq=2)
        async with stage.hub.visit(BOARD) as room:
            is_storing, may_store = trio.Event(), trio.Event()

            async def wait(*_: object) -> None:
                is_storing.set()
                await may_store.wait()

            storage.op_log.before["append"] = wait
            ada.say({"type": between, "id": "s1", "props": {"x": 5}})
            await is_storing.wait()
            await room.replica.checkpoint()
            del storage.op_log.before["append"]
            may_store.set()
            await ada.expect("ack", seq=3)
            await room.replica.checkpoint()
        ada.say({"type": "restore", "id": "s1"})
        restored = await ada.expect("restore")
        assert restored["element"]["points"] == [[1, 0]]
        bob, _ = await stage.join()
        (element,) = (await bob.expect("snapshot"))["elements"]
        assert (element["points"], element["color"]) == ([[1, 0]], "red")


async def test_write_that_lands_while_its_repeat_is_looked_up_is_shown(autojump_clock: object) -> None:
    """[R5] An op whose write was given up and came to pass late is merged and spread before its repeat is acked."""
    async with open_hooked_stage() as (stage, storage):
        given_up: list[NewOp] = []

        async def hang(_: BoardId, ops: list[NewOp]) -> None:
            given_up.extend(ops)
            await trio.sleep_forever()

        storage.op_log.before["append"] = hang
        ada, welcome = await stage.join(client="ada")
        bob, _ = await stage.join(client="bob")
        ada.say(stroke(1, opId="ada:1"))
        await ada.expect("reject", opId="ada:1")
        claims = {ClientId("ada"): hashlib.sha256(f"{BOARD}\0ada\0{welcome['key']}".encode()).digest()}

        async def land(*_: object) -> None:
            del storage.op_log.before["find"], storage.op_log.before["append"]
            await storage.op_log.append(BOARD, given_up, epoch=welcome["epoch"], claims=claims)

        storage.op_log.before["find"] = land
        ada.say(stroke(1, opId="ada:1"))
        await ada.expect("ack", opId="ada:1", seq=1)
        await bob.expect("stroke", seq=1)


async def test_op_number_taken_by_a_write_that_was_given_up_loses_no_op(autojump_clock: object) -> None:
    """[R5] A thin client's op is never acked with the seq of another op that came late."""
    async with open_hooked_stage() as (stage, storage):
        held = trio.Event()

        async def stop(*_: object) -> None:
            await held.wait()

        storage.op_log.before["append"] = stop
        ada, welcome = await stage.join(client="ada")
        ada.say(stroke(1))
        await ada.expect("reject", id="s1", retry=True)
        ada.hang_up()
        await ada.wait_closed()
        storage.op_log.before.clear()
        again, _ = await stage.join(client="ada", key=welcome["key"])
        late = NewOp(OpId(ClientId("ada"), 1), 1, 1, stored_body("ada", 1))
        claims = {ClientId("ada"): claim_of(welcome)}
        await stage.storage.op_log.append(BOARD, [late], epoch=welcome["epoch"], claims=claims)
        again.say(stroke(2))
        await again.expect("reject", id="s2", retry=True)
        again.say(stroke(2))
        assert (await again.expect("ack", id="s2"))["seq"] == 2


async def test_large_ops_form_small_commits(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One write takes MAX_COMMIT_BYTES, so that a board with large ops lets the others have the disk."""
    monkeypatch.setattr(deciding, "MAX_COMMIT_BYTES", 20_000)
    sizes: list[int] = []
    async with open_hooked_stage() as (hooked, storage):

        async def note(_: BoardId, ops: list[NewOp]) -> None:
            sizes.append(len(ops))

        storage.op_log.before["append"] = note
        ada, _ = await hooked.join()
        ada.say([{"type": "text", "id": f"t{number}", "text": "x" * 9_000} for number in range(10)])
        await ada.expect("ack", seq=10)
        assert max(sizes) <= 3
        assert sum(sizes) == 10


async def test_a_board_has_its_turn_by_bytes_too(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In memory large ops take time to pack: other boards do not wait for all that a board was sent."""
    monkeypatch.setattr(commit, "COMMIT_TURN_BYTES", 2_000)
    ada, _ = await stage.join()
    async with stage.hub.visit(BOARD) as room:
        assert ada.offer([stroke(n, note="x" * 1_000) for n in range(5)])
        turns: list[tuple[bool, int]] = []
        while not turns or turns[-1][0]:
            turns.append((room.commit_now(), room.replica.board.seq))
    assert turns == [(True, 2), (True, 4), (False, 5)]
    assert await seqs(ada, 5, "ack") == [1, 2, 3, 4, 5]


async def test_inbox_is_bounded_in_bytes(autojump_clock: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """While storage stands still, a board holds MAX_INBOX_BYTES of ops and its sessions read no further."""
    monkeypatch.setattr(inbox, "MAX_INBOX_BYTES", 50_000)
    async with open_tapped_stage() as (stage, storage):
        ada, _ = await stage.join()
        storage.op_log.hold()
        ada.say([{"type": "text", "id": f"t{number}", "text": "x" * 9_000} for number in range(100)])
        await trio.sleep(1)
        assert 0 < stage.hub.statistics().ops_waiting <= 8
        storage.op_log.flow.set()
        await ada.expect("ack", seq=100)


async def test_one_who_sends_thousands_of_ops_does_not_hold_up_the_others(autojump_clock: object) -> None:
    """Another's next op is stored with or right behind MAX_SESSION_OPS of the busy session's, not behind all."""
    async with open_tapped_stage() as (stage, storage):
        busy, _ = await stage.join()
        quiet, _ = await stage.join()
        storage.op_log.hold()
        for start in range(0, 6_000, 1_000):
            busy.say([stroke(start + number) for number in range(1_000)])
        await trio.sleep(1)
        quiet.say(stroke(9_999))
        await trio.sleep(1)
        storage.op_log.flow.set()
        ack = await quiet.expect("ack", id="s9999")
        assert ack["seq"] <= limits.MAX_SESSION_OPS + 1
        await busy.expect("ack", seq=6_001)


async def test_welcome_counts_ops_that_still_wait(autojump_clock: object) -> None:
    """Who comes back while the own ops are on their way is told not to use their counters again. [HEL-5]"""
    async with open_tapped_stage() as (stage, storage):
        ada, welcome = await stage.join(client="ada")
        storage.op_log.hold()
        ada.say(stroke(1, opId="ada:7"))
        await trio.sleep(1)
        ada.hang_up()
        _, again = await stage.join(client="ada", key=welcome["key"])
        assert again["clock"]["ada"] == 7
        storage.op_log.flow.set()


async def test_boards_commit_apart(stage: Stage, autojump_clock: object) -> None:
    """Every board counts its own seqs."""
    one, _ = await stage.join(BoardId("one"))
    two, _ = await stage.join(BoardId("two"))
    one.say(stroke(1))
    two.say(stroke(1))
    assert await seqs(one, 1) == await seqs(two, 1) == [1]


async def storage_fails(*_: object) -> None:
    """A hook: storage cannot do it now."""
    await trio.lowlevel.checkpoint()
    raise StorageUnavailable("busy")


def stored_body(client: str, counter: int) -> bytes:
    """A stroke as the log has it."""
    op = {"type": "stroke", "id": "late", "points": [[1, 1]], "opId": f"{client}:{counter}", "by": client}
    return msgspec.json.encode({**op, "clock": {client: counter}, "seen": 0, "lamport": 1, "at": 1})


def claim_of(welcome: dict[str, str]) -> bytes:
    """What the log keeps of a client's key."""
    return hashlib.sha256(f"{BOARD}\0{welcome['client']}\0{welcome['key']}".encode()).digest()


def _as_other(body: bytes) -> NewOp:
    """The same op by somebody else, on another element."""
    text = body.replace(b"ada", b"eve").replace(b'"s1"', b'"s9"')
    return NewOp(OpId(ClientId("eve"), 1), 1, 9, text)


async def test_what_is_stored_is_acked_although_the_log_cannot_be_read(autojump_clock: object) -> None:
    """When others' ops in between cannot be read now, one's own stored op is acked all the same."""
    async with open_tapped_stage() as (stage, storage):
        ada, _ = await stage.join(client="ada")
        ada.say(stroke(1, opId="ada:1"))
        await ada.expect("stroke", seq=1)
        stored = (await storage.op_log.read(BOARD, 0, 1))[0]
        foreign = _as_other(stored.body)
        head = await storage.op_log.head(BOARD)
        await storage.op_log.append(BOARD, [foreign], epoch=head.epoch, claims={foreign.op_id.client: b"k"})
        storage.op_log.cannot_read = True
        ada.say(stroke(2, opId="ada:2"))
        await ada.expect("ack", opId="ada:2", seq=3)
        storage.op_log.cannot_read = False
        ada.say(stroke(3, opId="ada:3"))
        assert await seqs(ada, 3) == [2, 3, 4]
