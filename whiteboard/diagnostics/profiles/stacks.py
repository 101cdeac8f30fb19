"""Where tasks wait and run, read cheaply, and what was counted there.

A stack is read thousands of times a second and told once a minute, so it is told apart by the identities of its code objects
and instructions; functions, files and lines are looked up when a place is met for the first time.
"""

from collections.abc import Callable, Iterable, Sequence
from types import CodeType, CoroutineType, FrameType, GeneratorType
from typing import Any, Final

from trio.lowlevel import Task

from whiteboard import limits
from whiteboard.diagnostics.profiles.places import Places
from whiteboard.diagnostics.profiles.profile import Frame, Labels, Sample, Stack

NO_LABELS: Final[Labels] = ()
_REST: Final = (Frame("(stacks beyond those that are kept)", "", 0),)


def await_frames(task: Task) -> list[FrameType]:
    """The frames of a task that is suspended, the outermost first; none of one that has not begun or is over."""
    frames: list[FrameType] = []
    awaited: Any = task.coro
    while type(awaited) is CoroutineType:
        frame = awaited.cr_frame
        if frame is not None:
            frames.append(frame)
        awaited = awaited.cr_await
    if awaited is None or (type(awaited) is GeneratorType and awaited.gi_yieldfrom is None):
        return frames  # without Trio's own generator, at which every wait ends
    return [frame for frame, _ in task.iter_await_frames()]  # through an async generator


def running_frames(innermost: FrameType | None) -> list[FrameType]:
    """The frames that run, from the innermost out, the outermost first."""
    frames: list[FrameType] = []
    while innermost is not None:
        frames.append(innermost)
        innermost = innermost.f_back
    frames.reverse()
    return frames


def stands_for(amount: float, rate: float, chance: Callable[[], float]) -> float:
    """For how many such amounts one counts: 1 when it reaches the rate; 0 when it is not kept.

    A smaller one is kept with its share of the rate as probability and counts for so many that sums are right on average.

    Args: `amount` is above 0 or is not kept; `chance` gives numbers from 0 to 1, 1 excluded.
    """
    if amount >= rate:
        return 1.0
    return rate / amount if chance() * rate < amount else 0.0


class _Counted:
    """What was counted at one stack."""

    __slots__ = ("amounts", "codes", "labels", "stack")

    def __init__(self, stack: Stack, codes: Sequence[CodeType], labels: Labels, kinds: int) -> None:
        self.stack = stack
        self.codes = codes
        # kept, so that the identities in the key stay theirs
        self.labels = labels
        self.amounts = [0.0] * kinds


class StackSums:
    """Sums by stack and labels; at most MAX_PROFILE_STACKS of them, and what is beyond is one sum more."""

    def __init__(self, kinds: int) -> None:
        """Sums of so many kinds at each stack."""
        self._kinds = kinds
        self._places = Places()
        self._sums: dict[tuple[Any, ...], _Counted] = {}

    def __len__(self) -> int:
        """How many stacks are told apart."""
        return len(self._sums)

    def at(self, frames: Sequence[FrameType], labels: Labels = NO_LABELS) -> list[float]:
        """The sums of a stack, to be added to.

        Args: `frames` has the outermost first; of deep ones the innermost MAX_PROFILE_FRAMES count.
        """
        if len(frames) > limits.MAX_PROFILE_FRAMES:
            frames = frames[-limits.MAX_PROFILE_FRAMES :]
        key = (labels, *[part for frame in frames for part in (id(frame.f_code), frame.f_lasti)])
        found = self._sums.get(key)
        if found is None:
            found = self._new(key, frames, labels)
        return found.amounts

    def _new(self, key: tuple[Any, ...], frames: Sequence[FrameType], labels: Labels) -> _Counted:
        if len(self._sums) >= limits.MAX_PROFILE_STACKS:
            return self._sums.setdefault((), _Counted(_REST, (), NO_LABELS, self._kinds))
        stack = tuple(self._places.of(frame) for frame in reversed(frames))
        made = _Counted(stack, [frame.f_code for frame in frames], labels, self._kinds)
        self._sums[key] = made
        return made

    def samples(self, scales: Sequence[float]) -> list[Sample]:
        """What there is now; each sum times the scale of its kind, in whole numbers."""
        return [Sample(one.stack, _scaled(one.amounts, scales), one.labels) for one in self._sums.values()]


def _scaled(amounts: Iterable[float], scales: Iterable[float]) -> tuple[int, ...]:
    return tuple(round(amount * scale) for amount, scale in zip(amounts, scales, strict=True))
