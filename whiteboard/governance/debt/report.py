"""The debt board in words: a table for people, JSON for programs."""

import json
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from whiteboard.governance.debt.board import BANDS, Board, Line
from whiteboard.governance.debt.risk import Evidence
from whiteboard.governance.tables import table

SHOWN_INCIDENTS: Final = 2
"""Of each debt, in the table; JSON has all."""


def as_text(board: Board) -> str:
    """The board as a table, each debt with its weightiest incidents; the hours of each band; what was paid."""
    head = ("", "rank", "a month ago", "risk", "impact", "hours", "debt")
    titles, rule, *rows = table(head, [_row(line) for line in board.lines], right={0, 1, 3, 4, 5})
    indent = " " * (len(rule) - len(rule.split()[-1]))
    parts = [
        [f"Debts on {board.day}, first to pay first: rank = risk x impact / hours", "", titles, rule],
        *([row, f"{indent}{_because(line)}"] for row, line in zip(rows, board.lines, strict=True)),
        [""],
        _bands(board),
        _paid(board),
    ]
    return "\n".join(chain.from_iterable(parts))


def as_json(board: Board) -> str:
    """The board as one JSON object: `day`, `debts`, `hours` by band, `paid`."""
    document = {
        "day": str(board.day),
        "debts": [_entry(line) for line in board.lines],
        "hours": {band.name: board.hours(band) for band in BANDS},
        "paid": [debt.id for debt in board.paid],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _row(line: Line) -> Sequence[str]:
    return (
        str(line.place),
        f"{line.rank:.2f}",
        change_of(line),
        f"{line.risk:.2f}",
        str(line.debt.impact.value),
        f"{line.debt.cost_hours:g}",
        line.debt.title,
    )


def change_of(line: Line) -> str:
    """`new`, `=` or the rank and place that it had a month before."""
    before = line.before
    if before is None:
        return "new"
    if f"{before.rank:.2f}" == f"{line.rank:.2f}" and before.place == line.place:
        return "="
    return f"{before.rank:.2f}, place {before.place}"


def _because(line: Line) -> str:
    shown = [one.incident.id for one in line.evidence[:SHOWN_INCIDENTS]]
    more = len(line.evidence) - len(shown)
    reasons = ", ".join(shown) + (f" and {more} more" if more else "")
    return f"{line.debt.id}: {reasons or 'no incident near it'}"


def _bands(board: Board) -> Iterator[str]:
    for band in BANDS:
        many = sum(line.band == band for line in board.lines)
        yield f"{band.name} (rank from {band.least:g}): {many} of {len(board.lines)}, {board.hours(band):g} hours"


def _paid(board: Board) -> Iterator[str]:
    if board.paid:
        yield "paid within the month: " + ", ".join(debt.id for debt in board.paid)


def _entry(line: Line) -> dict[str, object]:
    before = line.before
    return {
        "id": line.debt.id,
        "title": line.debt.title,
        "place": line.place,
        "rank": round(line.rank, 4),
        "risk": round(line.risk, 4),
        "band": line.band.name,
        "impact": line.debt.impact.value,
        "cost_hours": line.debt.cost_hours,
        "modules": list(line.debt.modules),
        "before": None if before is None else {"place": before.place, "rank": round(before.rank, 4)},
        "incidents": [_proof(one) for one in line.evidence],
    }


def _proof(one: Evidence) -> dict[str, object]:
    return {"id": one.incident.id, "hops": one.hops, "weight": round(one.weight, 4)}
