"""What the commands about a project have in common: where it is, which day it is, how they end. Light to import."""

import argparse
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

DONE: Final = 0
FOUND: Final = 1
UNUSABLE: Final = 2


def add_root(parser: argparse.ArgumentParser) -> None:
    """Where the project is: everything else is read there."""
    parser.add_argument(
        "--root", metavar="DIR", type=Path, default=Path(), help="the project (default: here)"
    )


def add_today(parser: argparse.ArgumentParser) -> None:
    """Which day it is, in UTC."""
    parser.add_argument(
        "--today",
        metavar="DATE",
        type=date.fromisoformat,
        default=datetime.now(UTC).date(),
        help="default: today",
    )


def complain(problems: Iterable[str]) -> int:
    """Tell on standard error what cannot be used, each problem a line; the exit code for that."""
    for problem in problems:
        print(problem, file=sys.stderr)
    return UNUSABLE
