"""What `whiteboard check` takes: apart from what does it, so that the other commands need not load a checker."""

import argparse
import datetime as dt
from pathlib import Path
from typing import Final

FORMATS: Final = ("text", "json", "sarif", "github", "summary")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "package", nargs="?", type=Path, default=Path("whiteboard"), help="folder of the package"
    )
    parser.add_argument(
        "--rules", metavar="DIR", type=Path, default=Path("constraints"), help="folder of the rules"
    )
    parser.add_argument("--rule", metavar="ID", action="append", help="only this rule; may be given again")
    parser.add_argument("--base", metavar="REV", help="compare with this revision: only new findings fail")
    parser.add_argument("--format", choices=FORMATS, default="text")
    parser.add_argument(
        "--output", metavar="FILE", type=Path, help="write the report there, and text to the screen"
    )
    parser.add_argument(
        "--seen",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="calls that were recorded while tests ran",
    )
    parser.add_argument("--no-examples", action="store_true", help="do not prove the rules by their examples")
    parser.add_argument("--blind", action="store_true", help="list every call that could not be followed")
    parser.add_argument(
        "--today", metavar="DATE", type=dt.date.fromisoformat, help="the day waivers are held against"
    )
    pages = parser.add_mutually_exclusive_group()
    pages.add_argument("--write-docs", metavar="DIR", type=Path, nargs="?", const=Path("docs/architecture"))
    pages.add_argument("--check-docs", metavar="DIR", type=Path, nargs="?", const=Path("docs/architecture"))
