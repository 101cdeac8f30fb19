"""`python -m whiteboard adr`: decision records. Light to import; what it needs comes when it runs.

Exit codes: 0 done, 1 `check` has findings, 2 records or series that cannot be used.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from whiteboard.governance.commands_common import DONE, FOUND, add_root, add_today, complain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whiteboard.governance.adr.record import Record

FOLDER: Final = "adr"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The four things that can be done with decisions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    new = actions.add_parser("new", help="write a proposed record from adr/template.md")
    new.add_argument("title", help="what is decided, as a sentence")
    new.add_argument("--slug", help="name of the file behind the date (default: from the title)")
    listed = actions.add_parser("list", help="all records with status, review date and what enforces them")
    check = actions.add_parser("check", help="look for what is wrong with the records")
    retro = actions.add_parser(
        "retro", help="compare what was measured with what was expected, and write it down"
    )
    retro.add_argument("name", metavar="SLUG", help="the record, with or without its date")
    retro.add_argument("--dry-run", action="store_true", help="show the outcome and write nothing")
    for action in (new, listed, check, retro):
        add_root(action)
        add_today(action)


def run(arguments: argparse.Namespace) -> int:
    """Do it; the exit code."""
    from whiteboard.governance.records import Unusable  # noqa: PLC0415 - see the module docstring

    actions = {"new": _new, "list": _list, "check": _check, "retro": _retro}
    try:
        return actions[arguments.action](arguments)
    except Unusable as fault:
        return complain(fault.problems)


def _new(arguments: argparse.Namespace) -> int:
    from whiteboard.governance.adr.drafts import draft, slug_of  # noqa: PLC0415 - see the module docstring

    slug = arguments.slug or slug_of(arguments.title)
    print(draft(arguments.root / FOLDER, arguments.title, slug, arguments.today))
    return DONE


def _list(arguments: argparse.Namespace) -> int:
    from whiteboard.governance.tables import table  # noqa: PLC0415 - see the module docstring

    head = ("record", "status", "review by", "enforced by", "decision")
    rows = [_listed(record) for record in _records(arguments.root)]
    print("\n".join(table(head, rows)))
    return DONE


def _listed(record: "Record") -> "Sequence[str]":
    front = record.front
    status = f"{front.status} by {front.superseded_by}" if front.superseded_by else str(front.status)
    kinds = [name.partition(":")[0] for name in front.enforced_by]
    enforced = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    return (
        record.name,
        status,
        str(front.review_by or ""),
        enforced or (front.enforcement or ""),
        record.title,
    )


def _check(arguments: argparse.Namespace) -> int:
    from whiteboard.governance.adr.checks import findings_of  # noqa: PLC0415 - see the module docstring
    from whiteboard.governance.adr.enforcers import read_enforcers  # noqa: PLC0415 - see the module docstring

    records = _records(arguments.root)
    found = findings_of(records, read_enforcers(arguments.root), arguments.root, arguments.today)
    for finding in found:
        print(finding)
    print(f"{len(records)} records, {len(found)} finding{'' if len(found) == 1 else 's'}")
    return FOUND if found else DONE


def _retro(arguments: argparse.Namespace) -> int:
    from whiteboard.governance.adr import retro  # noqa: PLC0415 - see the module docstring

    record = _named(_records(arguments.root), arguments.name)
    outcome = retro.look_back(record, arguments.root)
    text = retro.written(record, outcome, arguments.today)
    if not arguments.dry_run:
        record.path.write_text(text, encoding="utf-8")
    print(retro.block_of(outcome, arguments.today), end="")
    return DONE


def _records(root: Path) -> "tuple[Record, ...]":
    from whiteboard.governance.adr.record import read_records  # noqa: PLC0415 - see the module docstring

    return read_records(root / FOLDER)


def _named(records: "tuple[Record, ...]", name: str) -> "Record":
    from whiteboard.governance.records import Unusable  # noqa: PLC0415 - see the module docstring

    found = [record for record in records if record.name == name or record.name[len("2026-11-27-") :] == name]
    if len(found) != 1:
        raise Unusable([f"{name}: {len(found)} records of that name"])
    return found[0]
