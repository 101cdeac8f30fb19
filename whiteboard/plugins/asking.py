"""One question to one permission hook: within its deadline, apart from everything else, and counted.

A hook is somebody else's code. Whatever it does with a question (raise, hang, answer nonsense) becomes NO_ANSWER here, and
concerns only who waits for the answer. A hook that is too late again and again is left alone for a while, so that a dead one does
not cost everybody the full deadline with every op.
"""

import inspect
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

import trio

from whiteboard import limits, timeouts
from whiteboard.deadlines import within
from whiteboard.diagnostics import logs
from whiteboard.timeouts import Timeout

log = logs.get_logger()

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class NoAnswer:
    """The hook gave none."""


NO_ANSWER: Final = NoAnswer()


@dataclass(frozen=True, slots=True)
class _Raised:
    """The hook raised instead of answering."""

    what: str


class Asking(Generic[Question, Answer]):
    """One kind of question to one hook, from whoever has it."""

    def __init__(
        self,
        hook: str,
        kind: str,
        call: Callable[[Question], Answer | Awaitable[Answer]],
        is_answer: Callable[[object], bool],
        deadline: Timeout,
    ) -> None:
        """Args: `hook` and `kind` are what the log calls it; `is_answer` tells whether an answer is one."""
        self._hook = hook
        self._kind = kind
        self._call = call
        self._is_answer = is_answer
        self._deadline = deadline
        self._is_async = _is_async(call)
        self._threads = trio.CapacityLimiter(limits.HOOK_THREADS)
        self._late_in_a_row = 0
        self._rests_until = -math.inf
        self._is_tried = False
        self._told_at = -math.inf
        self._untold = 0
        self.asked = 0
        self.failed = 0
        """Questions at which it raised or answered nonsense."""
        self.late = 0
        self.passed_over = 0
        """Questions that it was not asked: it rests, or too many wait for its threads."""

    @property
    def threads(self) -> int:
        """Threads that it holds now, those of calls that nobody waits for any more included."""
        return self._threads.borrowed_tokens

    async def ask(self, question: Question) -> Answer | NoAnswer:
        """The hook's answer, or NO_ANSWER at the deadline at the latest. Cancelled, the call is given up.

        Lets nothing of the hook's out; a plain function that was given up runs on in its thread until it ends.
        """
        if not self._may_ask():
            self.passed_over += 1
            await trio.lowlevel.checkpoint()
            return NO_ANSWER
        self.asked += 1
        is_trial = self._is_tried = self._rests
        try:
            return await self._answer(question)
        finally:
            if is_trial:
                self._is_tried = False

    async def _answer(self, question: Question) -> Answer | NoAnswer:
        given: object = NO_ANSWER
        with within(self._deadline) as patience:
            given = await self._call_apart(question)
        if patience.cancel_called:  # also when the hook makes something else of being cancelled
            return self._note_late()
        if isinstance(given, _Raised):
            return self._note_fault(given.what)
        return self._judged(given)

    async def _call_apart(self, question: Question) -> object:
        """What the hook gives, or that it raised."""
        try:
            if self._is_async:
                return await self._call(question)  # type: ignore[misc]  # as `_is_async` says
            return await trio.to_thread.run_sync(
                self._call, question, abandon_on_cancel=True, limiter=self._threads
            )
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the hook's edge: whatever it does stays here
            return _Raised(_what_and_where(error))

    def _judged(self, given: object) -> Answer | NoAnswer:
        if not self._is_answer(given):
            return self._note_fault(f"answered with {type(given).__name__}")
        self._note_in_time()
        return given  # type: ignore[return-value]  # as `is_answer` says

    @property
    def _rests(self) -> bool:
        """Whether it was too late so often that one question at a time has to show that it answers again."""
        return self._late_in_a_row >= limits.HOOK_PATIENCE

    def _may_ask(self) -> bool:
        if self._rests:
            return not self._is_tried and trio.current_time() >= self._rests_until
        return self._is_async or self._threads.statistics().tasks_waiting < limits.MAX_HOOK_QUEUE

    # --- what became of it --------------------------------------------------------------------

    def _note_in_time(self) -> None:
        if self._rests:
            log.info("permission_resumed", hook=self._hook, question=self._kind)
        self._late_in_a_row = 0

    def _note_late(self) -> NoAnswer:
        self.late += 1
        self._late_in_a_row += 1
        self._tell(f"no answer within {self._deadline.seconds:g} s")
        if self._rests:
            self._rests_until = trio.current_time() + timeouts.HOOK_PAUSE.seconds
        if self._late_in_a_row == limits.HOOK_PATIENCE:
            log.error("permission_paused", hook=self._hook, question=self._kind, late=self._late_in_a_row)
        return NO_ANSWER

    def _note_fault(self, reason: str) -> NoAnswer:
        self.failed += 1
        self._note_in_time()
        self._tell(reason)
        return NO_ANSWER

    def _tell(self, reason: str) -> None:
        """At most one line in HOOK_LOG, with how many it stands for."""
        self._untold += 1
        now = trio.current_time()
        if now >= self._told_at + timeouts.HOOK_LOG.seconds:
            log.warning(
                "permission_unanswered",
                hook=self._hook,
                question=self._kind,
                reason=reason,
                times=self._untold,
            )
            self._told_at, self._untold = now, 0


def _is_async(call: Callable[..., object]) -> bool:
    """Whether calling it gives a coroutine: an `async def`, also behind `partial` or as an object's `__call__`."""
    return inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(getattr(call, "__call__", None))  # noqa: B004 - not whether it can be called, but how


def _what_and_where(error: BaseException) -> str:
    """`KeyError at tokens.py:57`. Not the message: it may hold what people drew."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f" at {Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else ""
    return f"{type(error).__name__}{where}"
