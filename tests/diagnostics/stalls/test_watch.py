"""When a loop stands still and why, on values."""

import inspect
from collections.abc import Iterator
from types import FrameType

import pytest
import structlog
from diagnostics.stalls.stand_ins import IDLE, LIMIT, Machine, look

from whiteboard import limits, timeouts
from whiteboard.diagnostics import findings
from whiteboard.diagnostics.stalls.stacks import Look
from whiteboard.diagnostics.stalls.watch import GAPS, KIND, Cause


@pytest.fixture(autouse=True)
def nothing_found() -> Iterator[None]:
    """Each test finds its own."""
    findings.FINDINGS.clear()
    yield
    findings.FINDINGS.clear()


@pytest.fixture
def machine() -> Machine:
    """One whose loop has just come round."""
    return Machine()


def found() -> list[findings.Finding]:
    """All stalls."""
    return findings.FINDINGS.of_kind(KIND)


def this_frame() -> FrameType:
    """Its own."""
    frame = inspect.currentframe()
    assert frame is not None
    return frame


def test_a_look_comes_when_a_beat_is_overdue(machine: Machine) -> None:
    """And then at every quarter of the limit until one comes."""
    assert machine.watch.look() == pytest.approx(LIMIT)
    machine.passes(LIMIT / 4)
    machine.watch.beat()
    machine.passes(LIMIT * 3 / 4)
    assert machine.watch.look() == pytest.approx(LIMIT / 4)
    machine.passes(LIMIT / 4)
    assert machine.watch.look() == pytest.approx(LIMIT / 4)
    assert found() == []


def test_what_was_seen_for_the_longest_time_is_found(machine: Machine) -> None:
    """Not what came behind it and was seen as often."""
    machine.watch.look()
    machine.passes(5 * LIMIT, worked=5 * LIMIT)
    machine.runs = look("merge", "session")
    machine.watch.look()
    machine.passes(LIMIT / 4, worked=LIMIT / 4)
    machine.runs = look("encode", "tick")
    machine.watch.look()
    machine.watch.beat()
    [one] = found()
    assert (one.subject, one.stack[0]) == ("merge", "merge (board.py:7)")
    assert one.facts == {
        "seconds": 0.95,
        "cause": Cause.BUSY,
        "worked": 1.05,
        "looks": 2,
        "tasks": 2,
        "task": "session",
        "at": "board.py:7",
    }


def test_a_call_that_only_the_loop_itself_saw_is_found(machine: Machine) -> None:
    """Who watches had no turn until the loop was somewhere else."""
    machine.watch.look()
    machine.passes(LIMIT / 2, worked=LIMIT / 2)
    machine.watch.note_interrupted(this_frame())  # too early to tell of
    machine.passes(5 * LIMIT, worked=5 * LIMIT)
    machine.watch.note_interrupted(this_frame())
    machine.passes(LIMIT / 4, worked=LIMIT / 4)
    machine.runs = look("send", "tick")
    machine.watch.look()
    machine.watch.beat()
    [one] = found()
    assert (one.subject, one.facts["looks"]) == ("this_frame", 2)


def test_a_loop_that_waited_for_the_lock_sees_who_had_it(machine: Machine) -> None:
    """It is interrupted as soon as it gets it, before who watches, and is not to blame."""
    machine.watch.look()
    machine.passes(5 * LIMIT, worked=LIMIT, beside=4 * LIMIT)
    machine.runs, machine.runs_beside = IDLE, look("compress", None)
    machine.watch.note_interrupted(this_frame())
    machine.passes(LIMIT / 8)
    machine.runs_beside = None
    machine.watch.look()
    machine.watch.beat()
    assert [(one.subject, one.facts["cause"]) for one in found()] == [("compress", Cause.LOCK)]


def test_a_look_at_a_stall_that_ends_meanwhile_is_not_one_at_the_next() -> None:
    """To go through a thousand tasks takes a while, in which the loop goes on."""

    class Slow(Machine):
        def loop(self) -> Look:
            if self.runs.function == "first":
                self.watch.beat()
            return super().loop()

    slow = Slow()
    slow.watch.look()
    slow.passes(5 * LIMIT, worked=5 * LIMIT)
    slow.runs = look("first")
    slow.watch.look()
    findings.FINDINGS.clear()
    slow.passes(2 * LIMIT, worked=2 * LIMIT)
    slow.runs = look("second")
    slow.watch.look()
    slow.watch.beat()
    assert [one.subject for one in found()] == ["second"]


@pytest.mark.parametrize(
    ("passes", "runs", "beside", "cause"),
    [
        ({"worked": 0.3}, look("merge"), None, Cause.BUSY),
        ({"worked": 0.0}, look("read"), None, Cause.BLOCKED),
        ({"beside": 0.3}, look("read"), None, Cause.BLOCKED),
        ({"beside": 0.3}, IDLE, look("compress", None), Cause.LOCK),
        ({"worked": 0.1, "waited": 0.3}, look("merge"), None, Cause.STARVED),
        ({}, IDLE, None, Cause.STOPPED),
    ],
)
def test_why_it_did_not_come_round(
    machine: Machine, passes: dict[str, float], runs: object, beside: object, cause: Cause
) -> None:
    """Only what the server did itself is found; the machine's doing is counted."""
    before = GAPS.values().get(cause, 0)
    machine.watch.look()
    machine.passes(LIMIT)
    machine.runs, machine.runs_beside = runs, beside  # type: ignore[assignment]  # parametrized
    machine.watch.look()
    machine.passes(0.4 - LIMIT, **passes)
    machine.watch.beat()
    assert GAPS.values()[cause] == before + 1
    assert [one.facts["cause"] for one in found()] == (
        [cause] if cause in {Cause.BUSY, Cause.BLOCKED, Cause.LOCK} else []
    )


def test_who_had_the_lock_is_seen_when_it_is_given_back(machine: Machine) -> None:
    """The loop got it before who watches did."""
    machine.passes(2 * LIMIT, beside=2 * LIMIT)
    machine.runs_beside = look("compress", None)
    machine.watch.beat()
    assert [one.subject for one in found()] == ["compress"]


def test_who_watches_and_gets_no_lock_knows_that_the_loop_got_none(machine: Machine) -> None:
    """In the middle of a step, which is not to blame."""
    machine.watch.look()
    machine.passes(2 * LIMIT, beside=2 * LIMIT)
    machine.runs, machine.runs_beside = look("merge"), look("compress", None)
    machine.watch.look()
    machine.watch.beat()
    assert [(one.subject, one.facts["cause"]) for one in found()] == [("compress", Cause.LOCK)]


def test_a_stall_that_was_over_before_it_was_seen_is_found(machine: Machine) -> None:
    """Without a place."""
    machine.passes(2 * LIMIT, worked=2 * LIMIT)
    machine.watch.beat()
    assert [(one.subject, one.stack) for one in found()] == [("(over before it was seen)", ())]


@pytest.mark.parametrize(
    ("waits", "cause"), [(2, Cause.STOPPED), (100_000, Cause.BLOCKED), (None, Cause.BLOCKED)]
)
def test_a_process_that_was_frozen_in_a_step_did_not_stall(
    machine: Machine, waits: int | None, cause: Cause
) -> None:
    """Nothing tells it of that; but who watches was not even woken to ask for the lock, as it is while somebody keeps it."""
    before = GAPS.values().get(cause, 0)
    machine.has_waited = 0
    machine.watch.look()
    machine.passes(600, worked=0.05)
    machine.has_waited, machine.runs = waits, look("merge")
    machine.watch.look()
    machine.watch.beat()
    assert GAPS.values()[cause] == before + 1
    assert [one.facts["cause"] for one in found()] == ([] if cause is Cause.STOPPED else [cause])


def test_a_process_that_was_stopped_did_not_stall(machine: Machine) -> None:
    """Wherever it was meanwhile."""
    machine.passes(2 * LIMIT)
    machine.runs = look("merge")
    machine.watch.look()
    machine.watch.note_continued(machine.now.at)
    machine.watch.beat()
    assert found() == []
    machine.passes(2 * LIMIT, worked=2 * LIMIT)
    machine.watch.beat()
    assert len(found()) == 1


def test_a_stall_that_lasts_is_said_once_while_it_does(machine: Machine) -> None:
    """With its stack and task; and so is the next one."""
    machine.runs = look("merge")
    with structlog.testing.capture_logs() as lines:
        for _ in range(2):
            for _ in range(3 * round(timeouts.STALL_LASTS.seconds / LIMIT)):
                machine.passes(LIMIT / 2)
                machine.watch.look()
            machine.watch.beat()
    said = [line for line in lines if line["event"] == "loop_stalled"]
    assert [(line["task"], line["seen"][0]) for line in said] == [("pump", "merge (board.py:7)")] * 2


def test_looks_at_one_stall_are_bounded(machine: Machine) -> None:
    """However long it lasts."""
    machine.runs = look("merge")
    for _ in range(3 * limits.MAX_STALL_LOOKS):
        machine.passes(LIMIT, worked=LIMIT)
        machine.watch.look()
    machine.watch.beat()
    assert found()[0].facts["looks"] == limits.MAX_STALL_LOOKS


# --- a loop that rests ------------------------------------------------------------------------
@pytest.fixture
def resting(machine: Machine) -> Machine:
    """One whose loop was seen to have nothing to do."""
    machine.has_nothing_to_do = True
    machine.watch.look()
    assert machine.watch.rests
    return machine


def rest(machine: Machine, looks: int = 10) -> None:
    """For so many looks."""
    for _ in range(looks):
        machine.passes(LIMIT / 2)
        assert machine.watch.look() == LIMIT / 2


def test_a_loop_that_has_nothing_to_do_need_not_beat(resting: Machine) -> None:
    """Each look that finds it waiting counts as a beat; it is woken once it does not, and rests again when it does."""
    before = GAPS.values()
    rest(resting)
    assert (resting.watch.rests, resting.times_woken) == (True, 0)
    resting.has_nothing_to_do = False
    resting.passes(LIMIT / 2)
    assert resting.watch.look() == pytest.approx(LIMIT / 2)
    assert (resting.watch.rests, resting.times_woken) == (False, 1)
    resting.watch.beat()
    resting.has_nothing_to_do = True
    resting.watch.look()
    assert (resting.watch.rests, resting.times_woken) == (True, 1)
    assert (found(), GAPS.values()) == ([], before)


@pytest.mark.parametrize(("share", "is_found"), [(0.49, False), (1.1, True)])
@pytest.mark.parametrize("begins", [0.0, 0.49])
def test_a_stall_that_begins_while_it_rests_is_found_as_any_other(
    resting: Machine, share: float, is_found: bool, begins: float
) -> None:
    """One of the limit always, of half of it never, wherever between two looks it begins."""
    rest(resting)
    stall, into = share * LIMIT, begins * LIMIT
    resting.passes(into)
    resting.runs, resting.has_nothing_to_do = look("merge"), False
    until_look = LIMIT / 2 - into
    while stall > until_look:
        resting.passes(until_look, worked=until_look)
        stall, until_look = stall - until_look, resting.watch.look()
    resting.passes(stall, worked=stall)
    resting.watch.beat()
    assert [(one.subject, one.facts["cause"]) for one in found()] == [("merge", Cause.BUSY)] * is_found


def test_who_keeps_the_lock_while_it_rests_is_found(resting: Machine) -> None:
    """Whoever watches did not get it either."""
    rest(resting)
    resting.has_waited = 100_000
    resting.passes(2 * LIMIT, beside=2 * LIMIT)
    resting.runs_beside = look("compress", None)
    resting.watch.look()
    assert [(one.subject, one.facts["cause"]) for one in found()] == [("compress", Cause.LOCK)]


def test_what_stands_still_is_seen_before_the_loop_is_woken(
    resting: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To wake it gives up the lock, and whoever kept that goes on."""
    rest(resting)
    resting.has_waited = 100_000
    resting.passes(2 * LIMIT)
    resting.runs, resting.has_nothing_to_do = look("merge"), False
    monkeypatch.setattr(resting.watch, "_wake", resting.watch.beat)
    resting.watch.look()
    assert [(one.subject, one.facts["cause"]) for one in found()] == [("merge", Cause.BLOCKED)]


def test_a_watcher_without_a_core_knows_of_no_stall(resting: Machine) -> None:
    """The loop may have come round a thousand times meanwhile."""
    resting.has_waited = 10
    rest(resting, 1)
    resting.has_nothing_to_do = False
    resting.passes(2 * LIMIT, worked=1.5 * LIMIT)
    resting.has_waited = 11
    resting.runs = look("merge")
    resting.watch.look()
    resting.watch.beat()
    assert found() == []
