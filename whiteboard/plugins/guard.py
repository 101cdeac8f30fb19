"""All chosen permission hooks as one: who may come to a board, and which of their ops are taken."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from whiteboard import limits, timeouts
from whiteboard.core import ops
from whiteboard.core.outcomes import RejectCode, Rejected
from whiteboard.ids import ClientId, SessionId
from whiteboard.plugins.asking import Asking, NoAnswer
from whiteboard.plugins.permissions import Admission, Change, Entry, PermissionHook, Refusal, Role, Visit
from whiteboard.protocol.validation import OpRequest


class Why(Enum):
    """Why somebody was not let in."""

    UNAUTHENTICATED = "another token would help"
    FORBIDDEN = "not this board"
    UNANSWERED = "a hook gave no answer; try again"


@dataclass(frozen=True, slots=True)
class NotAdmitted:
    """Nobody comes in."""

    why: Why
    reason: str
    """For people."""


_UNANSWERED: Final = NotAdmitted(Why.UNANSWERED, "who may come cannot be told now; try again")
_TOKEN_TOO_LONG: Final = NotAdmitted(
    Why.UNAUTHENTICATED, f"the token has more than {limits.MAX_TOKEN_CHARS} characters"
)
_VIEWER: Final = Rejected(RejectCode.FORBIDDEN, "you may look at this board, but not change it")
_UNANSWERED_OP: Final = Rejected(
    RejectCode.PERMISSION_UNAVAILABLE,
    "whether you may do this cannot be told now; send the same op again later",
)


class _Hook:
    """The questions that one hook is asked."""

    def __init__(self, name: str, hook: PermissionHook) -> None:
        change = hook.change
        self.enter: Asking[Visit, Entry] = Asking(name, "enter", hook.enter, _is_entry, timeouts.HOOK_ENTER)
        self.change: Asking[Change, Refusal | None] | None = (
            Asking(name, "change", change, _is_verdict, timeouts.HOOK_OP) if change is not None else None
        )

    @property
    def askings(self) -> Sequence[Asking[Visit, Entry] | Asking[Change, Refusal | None]]:
        return [self.enter] if self.change is None else [self.enter, self.change]


def _is_entry(given: object) -> bool:
    """An admission, or a refusal, of the right parts."""
    if isinstance(given, Admission):
        return type(given.role) is Role and _is_text(given.subject, limits.MAX_SUBJECT_CHARS)
    return _is_refusal(given)


def _is_verdict(given: object) -> bool:
    return given is None or _is_refusal(given)


def _is_refusal(given: object) -> bool:
    return isinstance(given, Refusal) and _is_text(given.reason)


def _is_text(given: object, most: float = math.inf) -> bool:
    return isinstance(given, str) and len(given) <= most


class Guard:
    """Asks the hooks in their order; the first refusal counts."""

    def __init__(self, hooks: Sequence[tuple[str, PermissionHook]]) -> None:
        """Args: `hooks` with their names, at least one."""
        self.hooks = [_Hook(name, hook) for name, hook in hooks]
        self._refused = 0

    async def admit(self, visit: Visit) -> "Pass | NotAdmitted":
        """What a visitor may do, or why they may not come. Takes HOOK_ENTER for each hook at most."""
        if visit.token is not None and len(visit.token) > limits.MAX_TOKEN_CHARS:
            return _TOKEN_TOO_LONG
        role, subjects = Role.EDITOR, []
        for hook in self.hooks:
            entry = await hook.enter.ask(visit)
            if isinstance(entry, NoAnswer):
                return _UNANSWERED
            if isinstance(entry, Refusal):
                self._refused += 1
                why = Why.UNAUTHENTICATED if entry.is_unauthenticated else Why.FORBIDDEN
                return NotAdmitted(why, entry.reason[: limits.MAX_REASON_CHARS])
            subjects.append(entry.subject)
            role = Role.VIEWER if entry.role is Role.VIEWER else role
        asked = [(hook.change, subject) for hook, subject in zip(self.hooks, subjects, strict=True)]
        return Pass(self, visit, role, [(one, subject) for one, subject in asked if one is not None])

    def note_refused(self) -> None:
        """Count a visitor or op that a hook refused."""
        self._refused += 1

    def counts(self) -> Mapping[str, int]:
        """Over all hooks, since the start: what was asked, and what became of it; and threads held now."""
        sums: Counter[str] = Counter(permission_refused=self._refused)
        for one in (asking for hook in self.hooks for asking in hook.askings):
            sums["permission_asked"] += one.asked
            sums["permission_failed"] += one.failed
            sums["permission_late"] += one.late
            sums["permission_passed_over"] += one.passed_over
            sums["permission_threads"] += one.threads
        return sums


class Pass:
    """What one visitor may do on one board."""

    def __init__(
        self,
        guard: Guard,
        visit: Visit,
        role: Role,
        asked: Sequence[tuple[Asking[Change, Refusal | None], str]],
    ) -> None:
        self.role = role
        self._guard = guard
        self._visit = visit
        self._asked = asked

    async def judge(self, session: SessionId, client: ClientId, request: OpRequest) -> Rejected | None:
        """Why the op may not be made; None if it may. Takes HOOK_OP for each hook at most."""
        if self.role is Role.VIEWER:
            self._guard.note_refused()
            return _VIEWER
        for asking, subject in self._asked:
            verdict = await asking.ask(self._change(session, client, request, subject))
            if isinstance(verdict, NoAnswer):
                return _UNANSWERED_OP
            if verdict is not None:
                self._guard.note_refused()
                return Rejected(RejectCode.FORBIDDEN, verdict.reason[: limits.MAX_REASON_CHARS])
        return None

    def _change(self, session: SessionId, client: ClientId, request: OpRequest, subject: str) -> Change:
        return Change(
            board=self._visit.board,
            session=session,
            client=client,
            address=self._visit.address,
            subject=subject,
            kind=_kind(request.op),
            element=request.op.element,
            op_id=request.op_id,
            content=request.content,
        )


def _kind(op: ops.Op) -> str:
    """The type that the op has on the wire."""
    match op:
        case ops.Create():
            return op.kind.value
        case ops.Append():
            return "append"
        case ops.SetProperties():
            return "set"
        case ops.Delete():
            return "delete"
        case ops.Restore():
            return "restore"
