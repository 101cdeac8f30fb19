"""What is shown, line by line, of two looks at a server. Pure: knows no terminal and no clock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from whiteboard.top.asking import Status
from whiteboard.top.words import as_age, digits, filled, in_bytes, in_seconds, printable

_OPS: Final = "whiteboard_ops_total"
_PAUSES: Final = "whiteboard_gc_pause_seconds"
_DELAYS: Final = "whiteboard_sched_delay_seconds"
_MOST_FINDINGS: Final = 5
_BAR: Final = 24
_LEAST_NAME: Final = 8
_KEYS: Final = "q quit   sort by  s sessions  b board  u queue  w waiting  o ops"


class Style(Enum):
    """How a line looks."""

    PLAIN = ""
    TITLE = "title"
    HEAD = "head"
    BAD = "bad"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Line:
    """One line, as wide as it is."""

    text: str
    style: Style = Style.PLAIN


@dataclass(frozen=True, slots=True)
class Look:
    """What a server said, and when by our clock, in seconds."""

    status: Status
    at: float


@dataclass(frozen=True, slots=True)
class Column:
    """One of the table of boards."""

    key: str
    """That sorts by it."""
    title: str
    value: Callable[[Mapping[str, Any]], Any]
    shown: Callable[[Any], str]
    width: int


def _plain(value: Any) -> str:
    return digits(value)


COLUMNS: Final = (
    Column("s", "SESSIONS", lambda board: board["sessions"], _plain, 9),
    Column("u", "QUEUE", lambda board: board["queue_bytes"], in_bytes, 10),
    Column("w", "WAITING", lambda board: board["ops_waiting"], _plain, 8),
    Column("o", "OPS/S", lambda board: board["rate"], _plain, 9),
    Column("n", "OPS", lambda board: board["seq"], _plain, 11),
    Column("k", "WORKER", lambda board: board["worker"], _plain, 7),
)
BY_NAME: Final = "b"
SORTS: Final = frozenset({BY_NAME, *(column.key for column in COLUMNS)})
"""Keys that sort."""


def picture(
    url: str, looks: Sequence[Look], *, size: tuple[int, int], sort: str = "s", note: str = ""
) -> list[Line]:
    """The lines of a screen.

    Args:
        looks: the latest last; from the one before come rates.
        size: columns and rows; no more lines come than rows.
        sort: one of SORTS.
        note: a sentence about the connection; empty when there is nothing to say.
    """
    width, rows = size
    look, before = looks[-1], looks[-2] if len(looks) > 1 else None
    head = [
        *_heading(url, look.status, width),
        *_figures(look, before, width),
        Line(printable(note, width), Style.BAD) if note else Line(""),
        *_findings(look, width),
    ]
    room = max(0, rows - len(head) - 2)
    return [*head, *_boards(look, before, sort, width)[: room + 1], Line(_KEYS[:width], Style.QUIET)][:rows]


def _heading(url: str, status: Status, width: int) -> list[Line]:
    there = [one for one in status["processes"] if not one.get("away")]
    uptime = max((one.get("uptime", 0) for one in there), default=0)
    count, all_ = len(there), len(status["processes"])
    workers = "" if all_ == 1 else f"   {count} of {all_} workers"
    text = f"whiteboard {status['versions']['whiteboard']}  {url}   up {as_age(uptime)}{workers}"
    return [Line(filled(printable(text, width), width), Style.TITLE)]


def _figures(look: Look, before: Look | None, width: int) -> list[Line]:
    counts, figures = look.status["counts"], look.status["figures"]
    first = [
        f"sessions {digits(counts.get('sessions') or 0)}",
        f"boards {digits(counts.get('boards') or 0)}",
        f"queues {in_bytes(counts.get('queue_bytes'))}",
        f"ops waiting {digits(counts.get('ops_waiting') or 0)}",
    ]
    if _OPS in figures:
        first.insert(2, f"ops/s {digits(_rate(look, before))}")
    lines = ["   ".join(first), _memory(look.status["memory"])]
    times = [
        f"{name} p99 {in_seconds(_quantile(figures[figure], 0.99))}, longest {in_seconds(figures[figure].get('largest', 0))}"
        for name, figure in (("GC pauses", _PAUSES), ("ready to running", _DELAYS))
        if any(figures.get(figure, {}).get("counts", ()))
    ]
    return [Line(line[:width]) for line in (*lines, "   ".join(times)) if line]


def _memory(memory: Mapping[str, Any]) -> str:
    rss, peak, limit = (memory[name] for name in ("rss", "peak", "limit"))
    told = f"memory {in_bytes(rss)}   at most {in_bytes(peak)}"
    if not limit or rss is None:
        return told
    full = min(_BAR, round(_BAR * rss / limit))
    return f"{told}   [{'#' * full}{'-' * (_BAR - full)}] {100 * rss / limit:.0f} % of {in_bytes(limit)}"


def _findings(look: Look, width: int) -> list[Line]:
    found = look.status["findings"]
    lines = [
        Line(
            printable(
                f"{one['kind'].replace('_', ' ')} x{one['count']}  {one['subject']}  {as_age(look.at - one['latest_at'])} ago",
                width,
            ),
            Style.BAD,
        )
        for one in found[:_MOST_FINDINGS]
    ]
    more = len(found) - _MOST_FINDINGS
    if more > 0:
        lines.append(Line(f"and {more} more things that are wrong: /debug/"[:width], Style.BAD))
    return [*lines, Line("")] if lines else []


def _boards(look: Look, before: Look | None, sort: str, width: int) -> list[Line]:
    earlier = {} if before is None else {one["board"]: one["seq"] for one in before.status["boards"]}
    seconds = 0.0 if before is None else look.at - before.at
    boards = [
        {**one, "rate": _speed(one["seq"] - earlier.get(one["board"], one["seq"]), seconds)}
        for one in look.status["boards"]
    ]
    shown = [one for one in COLUMNS if one.key != "k" or len(look.status["processes"]) > 1]
    name = max(_LEAST_NAME, width - sum(column.width for column in shown) - 1)
    title = _marked("BOARD", BY_NAME, sort).ljust(name)
    head = title + "".join(_marked(column.title, column.key, sort).rjust(column.width) for column in shown)
    lines = [
        filled(printable(one["board"], name - 1), name)
        + "".join(column.shown(column.value(one)).rjust(column.width) for column in shown)
        for one in _sorted(boards, sort)
    ]
    return [
        Line(head[:width].ljust(width), Style.HEAD),
        *(Line(line[:width]) for line in lines or ["no board is open"]),
    ]


def _marked(title: str, key: str, sort: str) -> str:
    return f"*{title}" if key == sort else title


def _sorted(boards: Sequence[Mapping[str, Any]], sort: str) -> list[Mapping[str, Any]]:
    """By name upwards, by anything else downwards."""
    by_name = sorted(boards, key=lambda one: one["board"])
    for column in COLUMNS:
        if column.key == sort:
            return sorted(by_name, key=column.value, reverse=True)
    return by_name


def _rate(look: Look, before: Look | None) -> float:
    if before is None:
        return 0.0
    more = _sum(look.status) - _sum(before.status)
    return _speed(more, look.at - before.at)


def _sum(status: Status) -> float:
    return float(sum(status["figures"].get(_OPS, {}).get("values", {}).values()))


def _speed(more: float, seconds: float) -> float:
    """So many a second; a server that began anew has counted less than before."""
    return more / seconds if more > 0 and seconds > 0 else 0.0


def _quantile(histogram: Mapping[str, Any], share: float) -> float:
    """As `diagnostics.figures.Histogram.quantile`."""
    wanted, seen, largest = share * sum(histogram["counts"]), 0, histogram.get("largest", 0.0)
    for bound, count in zip(histogram.get("bounds", ()), histogram["counts"], strict=False):
        seen += count
        if seen >= wanted:
            return float(min(bound, largest))
    return float(largest)
