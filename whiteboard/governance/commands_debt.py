"""`python -m whiteboard debt`: the debt board of a project. Light to import; what it needs comes when it runs."""

import argparse
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

DONE: Final = 0
UNUSABLE: Final = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the board can be asked."""
    parser.add_argument(
        "--json", action="store_true", help="one JSON object, with all incidents of each debt"
    )
    add_project(parser)
    parser.add_argument(
        "--package", metavar="DIR", type=Path, help="its package (default: the one that pyproject.toml names)"
    )


def add_project(parser: argparse.ArgumentParser) -> None:
    """Where the project is, and which day it is: everything else is read there."""
    parser.add_argument(
        "--root", metavar="DIR", type=Path, default=Path(), help="the project (default: here)"
    )
    parser.add_argument(
        "--today", metavar="DATE", type=date.fromisoformat, default=today(), help="default: today"
    )


def today() -> date:
    """The day it is, in UTC."""
    return datetime.now(UTC).date()


def run(arguments: argparse.Namespace) -> int:
    """Print the board; the exit code: 0, or 2 for documents that cannot be used, each mistake a line."""
    from whiteboard.governance.debt import board, callers, items, report  # noqa: PLC0415 - see the module docstring
    from whiteboard.governance.records import Unusable  # noqa: PLC0415 - see the module docstring

    try:
        package = callers.read_callers(arguments.package or callers.package_of(arguments.root))
        book = items.read_book(arguments.root, package.modules)
    except Unusable as fault:
        return complain(fault.problems)
    found = board.board_of(book, arguments.today, package.modules, package.dependents)
    print(report.as_json(found) if arguments.json else report.as_text(found))
    return DONE


def complain(problems: list[str]) -> int:
    """Tell what is wrong with the documents on standard error; exit code 2."""
    for problem in problems:
        print(problem, file=sys.stderr)
    return UNUSABLE
