"""Profiles for people who have no tool at hand: as Go's `?debug=1` and `?debug=2` show them, but with names for addresses."""

import json
from collections.abc import Iterable

from whiteboard.diagnostics.profiles.profile import Frame, Profile, Sample, Stack


def summary(name: str, profile: Profile) -> str:
    """All samples, the largest first, each with its labels and places."""
    totals = [sum(sample.values[at] for sample in profile.samples) for at in range(len(profile.types))]
    head = f"{name} profile: total {' '.join(map(str, totals))}"
    if len(totals) > 1:
        head += f" ({', '.join(f'{one.kind} in {one.unit}' for one in profile.types)})"
    largest = _place_of(profile.default_type, profile)
    ordered = sorted(profile.samples, key=lambda sample: -sample.values[largest])
    about = [f"# {comment}" for comment in profile.comments]
    return "\n".join([head, *about, "", *(line for sample in ordered for line in _sample(sample))])


def full(stack: Stack) -> Iterable[str]:
    """A stack in lines, as Go's tracebacks have it."""
    for frame in stack:
        yield frame.function
        yield f"\t{_where(frame)}"


def _place_of(kind: str, profile: Profile) -> int:
    return next((at for at, one in enumerate(profile.types) if one.kind == kind), 0)


def _sample(sample: Sample) -> Iterable[str]:
    yield f"{' '.join(map(str, sample.values))} @ {len(sample.stack)} frames"
    if sample.labels:
        yield f"# labels: {json.dumps(dict(sample.labels), ensure_ascii=False)}"
    width = max((len(frame.function) for frame in sample.stack), default=0)
    yield from (f"#\t{frame.function:{width}}  {_where(frame)}" for frame in sample.stack)
    yield ""


def _where(frame: Frame) -> str:
    return f"{frame.file}:{frame.line}"
