"""Points of a snapshot that came as steps (ELM-10). Pure."""

from typing import Any


def points_of(told: list[Any]) -> list[Any]:
    """Points as `[[x, y], …]` or `[[x, y, pressure], …]`, from those or from `[width, scale, x, y, dx, dy, …]`.

    Raises ValueError, TypeError or ZeroDivisionError for what are no steps.
    """
    if not told or isinstance(told[0], list):
        return told
    width, scale, *steps = told
    if width not in {2, 3}:
        raise ValueError(f"points of {width!r} numbers, they have 2 or 3")
    at, points = [0] * width, []
    for first in range(0, len(steps), width):
        at = [before + step for before, step in zip(at, steps[first : first + width], strict=True)]
        points.append([number / scale if number % scale else number // scale for number in at])
    return points
