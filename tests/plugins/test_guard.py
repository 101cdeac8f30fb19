"""Several hooks as one."""

from typing import Any

import pytest
import trio
from plugins.hooks import DoorHook, Hook, says

from whiteboard import limits
from whiteboard.core.outcomes import RejectCode
from whiteboard.ids import ClientId, SessionId
from whiteboard.plugins.guard import Guard, NotAdmitted, Pass, Why
from whiteboard.plugins.permissions import Admission, Change, Refusal, Role, Visit
from whiteboard.protocol.validation import OpRequest, read_message
from whiteboard.testing.permission_samples import visit

SESSION, ADA = SessionId("s-1"), ClientId("ada")


def request(text: bytes = b'{"type":"note","id":"n","opId":"ada:1","x":1}') -> OpRequest:
    """A well-formed op."""
    read = read_message(text)
    assert isinstance(read, OpRequest)
    return read


async def admitted(guard: Guard) -> Pass:
    """The pass of a visitor."""
    given = await guard.admit(visit())
    assert isinstance(given, Pass)
    return given


async def test_everybody_has_to_agree_on_who_comes() -> None:
    """They are asked in order; the first refusal counts, and those behind it are not asked."""
    first, last = Hook(), Hook()
    guard = Guard([("a", first), ("b", Hook(says(Refusal("not today")))), ("c", last)])
    assert await guard.admit(visit()) == NotAdmitted(Why.FORBIDDEN, "not today")
    assert (len(first.visits), len(last.visits)) == (1, 0)
    assert guard.counts()["permission_refused"] == 1


async def test_what_a_refusal_says() -> None:
    """Whether another token would help, and a reason that fits into an answer."""
    guard = Guard([("a", Hook(says(Refusal("x" * 10_000, is_unauthenticated=True))))])
    assert await guard.admit(visit()) == NotAdmitted(Why.UNAUTHENTICATED, "x" * limits.MAX_REASON_CHARS)


@pytest.mark.parametrize("roles", [(Role.VIEWER, Role.EDITOR), (Role.EDITOR, Role.VIEWER)])
async def test_a_viewer_to_one_is_a_viewer(roles: tuple[Role, Role]) -> None:
    """Whoever says so, and in whatever order."""
    guard = Guard([(role, DoorHook(Admission(role))) for role in roles])
    assert (await admitted(guard)).role is Role.VIEWER


@pytest.mark.parametrize(
    "nonsense",
    [None, True, "editor", Admission("owner"), Admission(subject="x" * 300), Refusal(5), Admission],  # type: ignore[arg-type]  # what no hook may answer
)
async def test_nonsense_lets_nobody_in(nonsense: Any) -> None:
    """An answer of another kind is none."""
    guard = Guard([("a", Hook(says(nonsense)))])
    given = await guard.admit(visit())
    assert isinstance(given, NotAdmitted)
    assert given.why is Why.UNANSWERED
    assert guard.counts()["permission_failed"] == 1


async def test_a_token_beyond_its_bound_asks_nobody() -> None:
    """It is refused before a hook has to look at it."""
    hook = Hook()
    given = await Guard([("a", hook)]).admit(visit(token="x" * (limits.MAX_TOKEN_CHARS + 1)))
    assert isinstance(given, NotAdmitted)
    assert given.why is Why.UNAUTHENTICATED
    assert hook.visits == []


async def test_a_visit_does_not_show_its_token() -> None:
    """Not in what is printed of it."""
    assert "secret" not in repr(visit(token="secret"))


async def test_each_hook_hears_what_it_called_somebody_itself() -> None:
    """The subject goes back to whoever gave it, with the op and the session."""
    first, last = Hook(says(Admission(subject="1"))), Hook(says(Admission(subject="Ada L.")))
    given = await admitted(Guard([("a", first), ("b", last)]))
    assert await given.judge(SESSION, ADA, request()) is None
    [change] = last.changes
    assert first.changes[0].subject == "1"
    assert change == Change(
        board=visit().board,
        session=SESSION,
        client=ADA,
        address=visit().address,
        subject="Ada L.",
        kind="note",
        element=request().op.element,
        op_id=request().op_id,
        content=request().content,
    )


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("stroke", '"points":[[1,2]]'),
        ("append", '"from":0,"points":[[1,2]]'),
        ("shape", '"kind":"line"'),
        ("text", '"text":"hi"'),
        ("image", '"asset":"a"'),
        ("page", '"x":1'),
        ("set", '"props":{"x":1}'),
        ("delete", '"ts":1'),
        ("restore", '"ts":1'),
    ],
)
async def test_the_kind_is_the_type_on_the_wire(kind: str, more: str) -> None:
    """For every op. [OP-1]"""
    hook = Hook()
    given = await admitted(Guard([("a", hook)]))
    await given.judge(SESSION, ADA, request(f'{{"type":"{kind}","id":"n",{more}}}'.encode()))
    assert hook.changes[0].kind == kind


async def test_verdicts_on_ops() -> None:
    """A refusal is forbidden and final, no answer is to be tried again; the first of them counts."""
    answers: dict[str, Any] = {}

    async def decide(_: Change) -> Refusal | None:
        await trio.lowlevel.checkpoint()
        if isinstance(answers["is"], Exception):
            raise answers["is"]
        return answers["is"]  # type: ignore[no-any-return]

    guard = Guard([("a", Hook(change=decide)), ("b", DoorHook(Admission()))])
    given = await admitted(guard)
    for answer, code in (
        (None, None),
        (Refusal("no more notes"), RejectCode.FORBIDDEN),
        (ValueError(), RejectCode.PERMISSION_UNAVAILABLE),
        (False, RejectCode.PERMISSION_UNAVAILABLE),
    ):
        answers["is"] = answer
        rejected = await given.judge(SESSION, ADA, request())
        assert (rejected and rejected.code) == code
        if isinstance(answer, Refusal):
            assert rejected is not None
            assert (rejected.reason, rejected.code.can_retry) == ("no more notes", False)
    assert guard.counts() == {
        "permission_asked": 6,
        "permission_failed": 2,
        "permission_late": 0,
        "permission_passed_over": 0,
        "permission_refused": 1,
        "permission_threads": 0,
    }


async def test_nobody_is_asked_about_a_viewer_s_ops() -> None:
    """The role says it all. [HEL-13]"""
    hook = Hook(says(Admission(Role.VIEWER)))
    given = await admitted(Guard([("a", hook)]))
    rejected = await given.judge(SESSION, ADA, request())
    assert rejected is not None
    assert rejected.code is RejectCode.FORBIDDEN
    assert hook.changes == []


async def test_a_plain_function_is_a_hook_too() -> None:
    """Both of its questions run in threads."""

    class Plain:
        def enter(self, visit: Visit) -> Admission:
            return Admission(subject=visit.name)

        def change(self, change: Change) -> Refusal | None:
            return Refusal(f"not {change.subject}")

    given = await admitted(Guard([("a", Plain())]))
    rejected = await given.judge(SESSION, ADA, request())
    assert rejected is not None
    assert rejected.reason == "not Ada"
