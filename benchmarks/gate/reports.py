"""How a run is told: tables as benchstat prints them, and files of Go benchmark text that benchstat itself reads.

Source: golang.org/x/perf/cmd/benchstat and golang.org/design/14313-benchmark-format.
"""

import math
import platform
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.gate.judge import COUNTS, SHOWN_COUNTS, Comparison, judge_count
from benchmarks.gate.runs import Measured, Times

_CONFIDENCE: Final = 0.95
_PREFIXES: Final = ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))


def title(name: str) -> str:
    """A benchmark's name, as Go would have it."""
    return "".join(part.capitalize() for part in name.split("_"))


def spread(values: Sequence[float]) -> float:
    """How far the median's confidence interval reaches, as a share of it; infinite for fewer than six values.

    The interval is the narrowest between two values, as far from the lowest as from the highest, that has the median
    with _CONFIDENCE.
    """
    ordered, count = sorted(values), len(values)
    outside, cut = 0.0, 0
    while True:
        outside += 2 * math.comb(count, cut) / 2**count
        if outside > 1 - _CONFIDENCE:
            break
        cut += 1
    if cut == 0:
        return math.inf
    middle = statistics.median(ordered)
    return max(ordered[-cut] - middle, middle - ordered[cut - 1]) / middle


def scaled(value: float) -> str:
    """Four digits and a prefix: 1.234µ."""
    if value == 0:
        return "0"
    factor, prefix = next((one for one in _PREFIXES if value >= one[0]), _PREFIXES[-1])
    number = value / factor
    digits = max(0, 3 - max(0, math.floor(math.log10(number))))
    return f"{number:.{digits}f}{prefix}"


def _with_spread(values: Sequence[float]) -> str:
    share = spread(values)
    return f"{scaled(statistics.median(values))} ± {'∞' if math.isinf(share) else f'{share:.0%}'}"


def _table(sides: tuple[str, str], unit: str, rows: Sequence[Sequence[str]]) -> list[str]:
    """The layout of benchstat of columns: name, base, head, what changed."""
    heads = ("", unit, unit, "vs base")
    widths = [max(len(head), *(len(row[n]) for row in rows)) for n, head in enumerate(heads)]
    name, base, head, change = widths
    lines = [
        f"{'':{name}} │ {sides[0]:^{base}} │ {sides[1]:^{head + 2 + change}} │",
        f"{'':{name}} │ {unit:^{base}} │ {unit:^{head}}  {'vs base':<{change}} │",
    ]
    lines += [
        f"{row[0]:<{name}}   {row[1]:>{base}}   {row[2]:>{head}}  {row[3]:<{change}}".rstrip() for row in rows
    ]
    return lines


def _changed(one: Comparison, rounds: int) -> str:
    told = "~" if one.verdict.value == "~" else f"{one.shift:+.2%}"
    word = "" if one.verdict.value == "~" else f" {one.verdict.value}"
    return f"{told} (p={one.probability:.3f} n={rounds}; median of rounds {one.shift:+.2%}){word}"


def times_table(
    times: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    compared: Sequence[Comparison],
    sides: tuple[str, str],
) -> str:
    """Seconds per op of both sides, and what has changed."""
    rows = []
    for one in compared:
        base, head = times[one.name]
        rows.append([title(one.name), _with_spread(base), _with_spread(head), _changed(one, len(head))])
    geomean = [
        statistics.geometric_mean([statistics.median(pair[n]) for pair in times.values()]) for n in (0, 1)
    ]
    shift = statistics.geometric_mean([1 + one.shift for one in compared]) - 1
    rows.append(["geomean", scaled(geomean[0]), scaled(geomean[1]), f"{shift:+.2%}"])
    return "\n".join(_table(sides, "sec/op", rows))


def counts_tables(measured: Measured, sides: tuple[str, str]) -> str:
    """A table for each exact count."""
    tables = []
    for kind in (*COUNTS, *SHOWN_COUNTS):
        rows = []
        for name, (base, head) in measured.counts.items():
            if base is None:
                rows.append([title(name), "", f"{head[kind]:.2f}", "new"])
            elif base[kind] or head[kind]:
                change = f"{head[kind] / base[kind] - 1:+.2%}" if base[kind] else "from nothing"
                word = judge_count(kind, base[kind], head[kind]).value
                told = "=" if base[kind] == head[kind] else f"{change} {word}"
                rows.append([title(name), f"{base[kind]:.2f}", f"{head[kind]:.2f}", told])
        if rows:
            tables.append("\n".join(_table(sides, kind, rows)))
    return "\n\n".join(tables)


def growth_table(growth: Mapping[str, Mapping[str, float]]) -> str:
    """What is left of a cycle."""
    kinds = list(next(iter(growth.values())))
    lines = [f"{'left per cycle':<16}" + "".join(f"{kind:>14}" for kind in kinds)]
    lines += [
        f"{title(name):<16}" + "".join(f"{left[kind] + 0.0:>14.2f}" for kind in kinds)
        for name, left in growth.items()
    ]
    return "\n".join(lines)


def header() -> str:
    """What was measured on, as Go's benchmarks begin."""
    return (
        f"goos: linux\ngoarch: {platform.machine()}\npkg: whiteboard\npython: {platform.python_version()}\n"
    )


def go_text(times: Mapping[str, Sequence[float]], counts: Mapping[str, Mapping[str, float]]) -> str:
    """Go benchmark text of one side: a line for each sample.

    Numbers of turns are 1, as benchstat does not use them; seconds are per op all the same.
    """
    lines = []
    for name, seconds in times.items():
        counted = "".join(f" {count:g} {kind}" for kind, count in counts.get(name, {}).items())
        lines += [f"Benchmark{title(name)} 1 {one * 1e9:.1f} ns/op{counted}" for one in seconds]
    return header() + "".join(line + "\n" for line in lines)


def write_go_texts(folder: Path, measured: Measured) -> None:
    """Write base.txt, again.txt and head.txt for benchstat."""
    folder.mkdir(parents=True, exist_ok=True)
    base_counts = {name: base for name, (base, _) in measured.counts.items() if base is not None}
    head_counts = {name: head for name, (_, head) in measured.counts.items()}

    def of(side: str) -> dict[str, list[float]]:
        return {name: _side(times, side) for name, times in measured.times.items()}

    (folder / "base.txt").write_text(go_text(of("base"), base_counts))
    (folder / "again.txt").write_text(go_text(of("again"), base_counts))
    (folder / "head.txt").write_text(go_text(of("head"), head_counts))


def _side(times: Times, side: str) -> list[float]:
    found: list[float] = getattr(times, side)
    return found
