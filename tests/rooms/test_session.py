"""What one client meets from hello to goodbye."""

import pytest
import trio
import trio.testing
from rooms.conftest import Stage
from rooms.line import Line

from whiteboard import limits, timeouts
from whiteboard.rooms import inbox, session
from whiteboard.rooms.ports import BINARY_MESSAGE, Oversize

SEED = {"type": "stroke", "points": [[10, 20], [30, 40]], "id": "s1"}


async def test_seed_message_alone_is_acked_with_seq_1_and_broadcast(
    autojump_clock: object, stage: Stage
) -> None:
    """The seed's message works as it stands, with no hello before it. [HEL-2] [CON-3]"""
    line = await stage.connect()
    line.say(SEED)
    ack = await line.expect("ack")
    assert (ack["id"], ack["seq"], ack["durable"]) == ("s1", 1, "memory")
    other, welcome = await stage.join()
    assert welcome["seq"] == 1
    snapshot = await other.expect("snapshot")
    assert snapshot["elements"][0]["points"] == SEED["points"]


async def test_author_gets_its_op_back_with_the_stamps(autojump_clock: object, stage: Stage) -> None:
    """Everyone gets the same op, the author too, with seq, opId, by, clock and lamport."""
    line, welcome = await stage.join()
    await line.expect("snapshot")
    line.say(SEED)
    op = await line.expect("stroke")
    assert op["seq"] == 1
    assert op["by"] == welcome["client"]
    assert op["opId"] == f"{welcome['client']}:1"
    assert op["clock"] == {welcome["client"]: 1}
    assert op["points"] == SEED["points"]


async def test_silent_client_is_welcomed_after_the_hello_deadline(
    autojump_clock: object, stage: Stage
) -> None:
    """A listener may stay silent: it is welcomed as if it had said a bare hello. [HEL-2]"""
    started = trio.current_time()
    line = await stage.connect()
    await line.expect("welcome")
    assert trio.current_time() - started == pytest.approx(timeouts.HELLO.seconds)


async def test_many_small_frames_are_one_turn_no_longer_than_a_large_one(
    autojump_clock: object, stage: Stage
) -> None:
    """Others get their turn in the middle of a read, also when each message is a frame of its own."""
    line, _ = await stage.join()
    await line.expect("snapshot")
    await trio.testing.wait_all_tasks_blocked()
    line.read()
    line.say(*[{"type": "ping", "ts": number} for number in range(1_000)])
    turns: list[int] = []
    while sum(turns) < 1_000:
        await trio.lowlevel.checkpoint()
        turns.append(len([one for one in line.read() if one["type"] == "pong"]))
    one_turn = limits.TURN_BYTES // limits.OP_OVERHEAD_BYTES + 1
    assert max(turns) <= 2 * one_turn, "Trio may let the session run twice before the test"


async def test_session_nursery_has_exactly_three_children(autojump_clock: object, stage: Stage) -> None:
    """[R10] sync loop, heartbeat watchdog and broadcaster, and nothing else."""
    line, welcome = await stage.join()
    await line.expect("snapshot")
    name = f"session {welcome['session']}"
    tasks = _tasks(trio.lowlevel.current_root_task())
    session = next(task for task in tasks if task.name == name)
    children = [child.name for nursery in session.child_nurseries for child in nursery.child_tasks]
    assert sorted(children) == [
        "session: broadcaster",
        "session: heartbeat watchdog",
        "session: sync loop",
    ]


def _tasks(task: trio.lowlevel.Task | None) -> list[trio.lowlevel.Task]:
    if task is None:
        return []
    below = [child for nursery in task.child_nurseries for child in nursery.child_tasks]
    return [task, *(found for child in below for found in _tasks(child))]


async def test_vanished_peer_is_gone_30_s_after_its_last_sign_of_life(
    autojump_clock: object, stage: Stage
) -> None:
    """[R11] A peer that answers no ping is dropped 30 s after it was last heard. [HBT-2]"""
    line, _ = await stage.join()
    line.answers_pings = False
    heard = line.last_heard
    await line.wait_closed()
    assert trio.current_time() - heard == pytest.approx(timeouts.DEAD_PEER.seconds)
    assert stage.hub.statistics().sessions == 0
    assert stage.hub.statistics().leases == 0


@pytest.mark.parametrize(("start", "later"), [(5.7, 1.7), (44.5, 3.1), (38.0, 8.1), (52.6, 5.5)])
async def test_watchdog_moves_on_whatever_the_clock_says(
    autojump_clock: trio.testing.MockClock, stage: Stage, start: float, later: float
) -> None:
    """No rounding of clock readings makes it look again and again in the same instant. [HBT-1] [HBT-2]"""
    autojump_clock.jump(start)
    line, _ = await stage.join()
    line.answers_pings = False
    await trio.sleep(later)
    line.say({"type": "ping"})
    await line.wait_closed()
    assert line.pings == 2


async def test_peer_that_answers_pings_stays(autojump_clock: object, stage: Stage) -> None:
    """Any bytes are a sign of life: an idle session with pongs lives on."""
    line, _ = await stage.join()
    await trio.sleep(10 * timeouts.DEAD_PEER.seconds)
    assert line.closed is None
    assert line.pings >= 20


async def test_silent_peer_is_pinged_and_a_talking_one_is_not(autojump_clock: object, stage: Stage) -> None:
    """A ping after each `heartbeat.ping` of silence; any byte counts as a sign of life. [HBT-1]"""
    line, welcome = await stage.join()
    interval = welcome["heartbeat"]["ping"]
    await trio.sleep(5.5 * interval)
    assert line.pings == 5
    for _ in range(50):
        line.say({"type": "cursor", "x": 0, "y": 0})
        await trio.sleep(interval / 2)
    assert line.pings == 5


async def test_reset_ends_the_session_and_tells_the_others(autojump_clock: object, stage: Stage) -> None:
    """A reset connection leaves nothing behind, and the others hear `leave`. [HBT-4]"""
    gone, welcome = await stage.join()
    stays, _ = await stage.join()
    started = trio.current_time()
    gone.hang_up()
    await stays.expect("leave", session=welcome["session"])
    await gone.wait_closed()
    assert trio.current_time() - started < 0.1
    assert stage.hub.statistics().sessions == 1


@pytest.mark.parametrize(
    ("message", "code", "path"),
    [
        ({"type": "stroke", "id": "s", "points": [[1, "x"]]}, "bad_field", "$.points[0][1]"),
        ({"type": "set", "id": "s", "props": {"id": "t"}}, "bad_field", "$.props.id"),
        ({**SEED, "opId": "somebody:1"}, "forged", "$.opId"),
        (
            {"type": "append", "id": "s", "from": 9_999, "points": [[1, 1], [2, 2]]},
            "too_many_points",
            "$.points",
        ),
    ],
)
async def test_bad_op_is_rejected_with_code_and_path(
    autojump_clock: object, stage: Stage, message: dict[str, object], code: str, path: str
) -> None:
    """[R6] A refused op gets its code and the path of the bad field, and the session goes on. [REJ-1] [REJ-3] [IDN-9]"""
    line, _ = await stage.join()
    line.say(message)
    reject = await line.expect("reject")
    assert (reject["code"], reject["path"], reject["retry"]) == (code, path, False)
    line.say(SEED)
    assert (await line.expect("ack"))["seq"] == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [(b"{", "bad_json"), (b'{"type":"nope"}', "unknown_type"), (b"7", "bad_message")],
)
async def test_bad_message_gets_an_error_and_the_session_goes_on(
    autojump_clock: object, stage: Stage, text: bytes, code: str
) -> None:
    """[R6] What is no message is answered with an `error`, not with a disconnect. [ERR-1] [CON-15]"""
    line, _ = await stage.join()
    line.say(text)
    await line.expect("error", code=code)
    line.say(SEED)
    await line.expect("ack")


async def test_binary_and_oversize_get_an_error(autojump_clock: object, stage: Stage) -> None:
    """Binary and oversize messages are refused with a code, and the session goes on. [CON-9] [CON-10]"""
    line, _ = await stage.join()
    line.deliver(BINARY_MESSAGE)
    await line.expect("error", code="binary_frame")
    line.deliver(Oversize(limits.MAX_FRAME_BYTES + 1))
    await line.expect("error", code="too_large")
    line.say(SEED)
    await line.expect("ack")


async def test_repeated_garbage_closes_with_4400(autojump_clock: object, stage: Stage) -> None:
    """A session of nothing but garbage is closed with 4400. [ERR-2]"""
    line, _ = await stage.join()
    line.say(*[b"{"] * (limits.MAX_STRIKES + 1))
    assert (await line.wait_closed())[0] == 4400


async def test_garbage_behind_the_last_strike_is_not_answered(autojump_clock: object, stage: Stage) -> None:
    """A session that is ending handles nothing more of the frame that ended it."""
    line, _ = await stage.join()
    line.say([0] * limits.MAX_BATCH)
    assert (await line.wait_closed())[0] == 4400
    errors = [message for message in line.read() if message["type"] == "error"]
    assert len(errors) == limits.MAX_STRIKES + 1


@pytest.mark.parametrize(
    "message",
    [
        {"type": "ping"},
        {"type": "stroke", "id": "s", "points": 1},
        {"type": "delete", "id": "s", "opId": "x:1"},
    ],
)
async def test_a_frame_of_many_small_messages_lets_others_run(
    autojump_clock: object, stage: Stage, message: dict[str, object]
) -> None:
    """Nobody waits for the 2,000 messages of somebody else's frame."""
    busy, _ = await stage.join()
    await busy.expect("snapshot")
    busy.say([message] * limits.MAX_BATCH)
    turns: list[int] = []
    while sum(turns) < limits.MAX_BATCH:
        await trio.lowlevel.checkpoint()
        turns.append(len(busy.read()))
    assert max(turns) < limits.MAX_BATCH / 2


async def test_one_bad_message_of_a_batch_refuses_only_itself(autojump_clock: object, stage: Stage) -> None:
    """A frame may hold good and bad messages; each is answered on its own, in order. [CON-7]"""
    line, _ = await stage.join()
    line.say([SEED, {"type": "nope"}, {**SEED, "id": "s2"}])
    await line.expect("error", code="unknown_type")
    acks = [await line.expect("ack"), await line.expect("ack")]
    assert [ack["seq"] for ack in acks] == [1, 2]


async def test_ping_is_answered_with_its_ts(autojump_clock: object, stage: Stage) -> None:
    """A message-level ping gets a pong with the same ts. [HBT-3]"""
    line, _ = await stage.join()
    line.say({"type": "ping", "ts": 123})
    assert (await line.expect("pong"))["ts"] == 123


async def test_unknown_version_closes_with_4409(autojump_clock: object, stage: Stage) -> None:
    """No common protocol version: 4409. [HEL-10]"""
    line = await stage.connect()
    line.say({"type": "hello", "v": 2})
    assert (await line.wait_closed())[0] == 4409


async def test_cursor_reaches_the_others_and_no_log(autojump_clock: object, stage: Stage) -> None:
    """[R21] Cursors are relayed, the newest one, and never take a seq."""
    ada, welcome = await stage.join(name="Ada")
    bob, _ = await stage.join(name="Bob")
    await bob.expect("snapshot")
    for x in range(5):
        ada.say({"type": "cursor", "x": x, "y": 0})
    moved = await bob.expect("cursors")
    assert moved["cursors"][-1]["session"] == welcome["session"]
    ada.say(SEED)
    assert (await ada.expect("ack"))["seq"] == 1


async def test_second_hello_renames(autojump_clock: object, stage: Stage) -> None:
    """A later hello changes name and colour and tells the others. [HEL-9]"""
    ada, welcome = await stage.join(name="Ada")
    bob, other = await stage.join(name="Bob")
    assert {peer["name"] for peer in other["peers"]} == {"Ada"}
    await bob.expect("snapshot")
    ada.say({"type": "hello", "name": "Countess", "color": "#123"})
    await bob.expect("join", session=welcome["session"], name="Countess", color="#123")


async def test_failing_session_ends_alone(
    autojump_clock: object, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[R13] A handler that raises ends its own session with 1011; the others see no gap. [CLS-3]"""
    victim, _ = await stage.join()
    other, _ = await stage.join()
    await other.expect("snapshot")
    other.say(SEED)
    await other.expect("ack")

    def explode(_: object) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(session, "read_message", explode)
        victim.say({"type": "ping"})
        assert (await victim.wait_closed())[0] == 1011
    other.say({**SEED, "id": "s2"}, {**SEED, "id": "s3"})
    assert [(await other.expect("stroke"))["seq"] for _ in range(3)] == [1, 2, 3]


async def test_session_that_never_reads_its_welcome_is_closed_with_4408(
    autojump_clock: object, stage: Stage
) -> None:
    """[R14] Nobody has to be welcome to be too slow: 4408. [SLW-2]"""
    line: Line = await stage.connect(window=0)
    line.say(SEED)
    assert (await line.wait_closed())[0] == 4408
    assert stage.hub.statistics().queue_bytes == 0


async def test_what_has_to_wait_is_not_taken_in_the_readers_turn(
    autojump_clock: object, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full inbox, a large batch or a session that is ending: the reader is told to leave the message."""
    line, _ = await stage.join()
    await line.expect("snapshot")
    with monkeypatch.context() as patch:
        patch.setattr(inbox, "MAX_SESSION_OPS", 2)
        assert line.offer([SEED, {**SEED, "id": "s2"}])
        assert not line.offer(SEED)
        assert not line.offer({"type": "ping"}), "nothing overtakes what waits"
    stage.hub.tick.beat()
    assert line.offer({"type": "ping"})
    assert not line.offer([SEED] * limits.MAX_BATCH)
    assert not line.offer([0] * limits.TURN_BYTES), "even to split it would take long"
    for _ in range(limits.MAX_STRIKES + 1):
        assert line.offer(0)
    assert not line.offer({"type": "ping"})
    assert (await line.wait_closed())[0] == 4400


async def test_a_reader_with_many_messages_is_stopped_in_time(autojump_clock: object, stage: Stage) -> None:
    """One read's messages take TURN_BYTES of the reader's turn at most; answers that are sent alone count for more."""
    line, _ = await stage.join()
    await trio.testing.wait_all_tasks_blocked()
    taken = 0
    while line.offer({"type": "ping"}):
        taken += 1
    assert 50 < taken < limits.TURN_BYTES // limits.ANSWER_OVERHEAD_BYTES + 1
