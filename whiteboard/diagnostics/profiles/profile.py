"""A profile as plain values: what was counted, and at which stacks.

Every source gives one of these and the encoder writes it in pprof's format (github.com/google/pprof, proto/profile.proto),
so that a source knows nothing of the format and the format nothing of tasks, allocations or waits (R51).
"""

from collections.abc import Mapping, Sequence

import attrs

Labels = tuple[tuple[str, str | int], ...]
"""Names with values, in the order of the names."""


@attrs.frozen
class ValueType:
    """One thing that samples count, such as `inuse_space` in `bytes`."""

    kind: str
    unit: str


@attrs.frozen(cache_hash=True)
class Frame:
    """A place in the source."""

    function: str
    """Qualified: `whiteboard.rooms.room.Room.commit`."""
    file: str
    line: int
    """The one that runs, from 1; 0 when it is not known."""
    first_line: int = 0
    """Of the function."""


Stack = tuple[Frame, ...]
"""The innermost frame first."""


@attrs.frozen
class Sample:
    """What was counted at one stack."""

    stack: Stack
    values: tuple[int, ...]
    """As many as the profile has types, in their order."""
    labels: Labels = ()


@attrs.frozen(kw_only=True)
class Profile:
    """All samples of one look, or of one stretch of time."""

    types: tuple[ValueType, ...]
    samples: Sequence[Sample]
    default_type: str
    """The kind that a reader shows first."""
    period_type: ValueType | None = None
    period: int = 0
    """Units between two samples; 0 when everything was counted."""
    time_ns: int = 0
    """Since 1970, when it was taken."""
    duration_ns: int = 0
    """How long it was looked at; 0 for one moment."""
    comments: tuple[str, ...] = ()
    """What it ran under: version, settings in force."""
    drop_frames: str = ""
    """A regular expression (RE2) of functions that a reader leaves out, such as Trio's own traps."""

    def merged(self) -> "Profile":
        """The same with one sample for each stack and labels, and none that counts nothing."""
        return attrs.evolve(self, samples=_samples(_sums(self.samples)))


def minus(later: Profile, earlier: Profile) -> Profile:
    """What came in between: values are differences, and negative for what went.

    Both have the same types; raises ValueError otherwise.
    """
    if later.types != earlier.types:
        raise ValueError(f"profiles of {_kinds(later)} and {_kinds(earlier)} have no difference")
    sums = _sums(later.samples)
    for key, values in _sums(earlier.samples).items():
        before = sums.get(key)
        sums[key] = [-value for value in values] if before is None else _differences(before, values)
    return attrs.evolve(
        later,
        samples=_samples(sums),
        duration_ns=max(0, later.time_ns - earlier.time_ns) or later.duration_ns,
    )


_Key = tuple[Stack, Labels]


def _sums(samples: Sequence[Sample]) -> dict[_Key, list[int]]:
    sums: dict[_Key, list[int]] = {}
    for sample in samples:
        key = sample.stack, sample.labels
        known = sums.get(key)
        if known is None:
            sums[key] = list(sample.values)
        else:
            sums[key] = [one + more for one, more in zip(known, sample.values, strict=True)]
    return sums


def _samples(sums: Mapping[_Key, Sequence[int]]) -> tuple[Sample, ...]:
    return tuple(
        Sample(stack, tuple(values), labels) for (stack, labels), values in sums.items() if any(values)
    )


def _differences(later: Sequence[int], earlier: Sequence[int]) -> list[int]:
    return [one - other for one, other in zip(later, earlier, strict=True)]


def _kinds(profile: Profile) -> str:
    return "/".join(f"{one.kind} ({one.unit})" for one in profile.types)
