"""`python -m whiteboard debt`: the debt board of a project. Light to import; what it needs comes when it runs."""

import argparse
from pathlib import Path

from whiteboard.governance.commands_common import DONE, add_root, add_today, complain


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the board can be asked."""
    parser.add_argument(
        "--json", action="store_true", help="one JSON object, with all incidents of each debt"
    )
    add_root(parser)
    add_today(parser)
    parser.add_argument(
        "--package", metavar="DIR", type=Path, help="its package (default: the one that pyproject.toml names)"
    )


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
