"""`whiteboard leakcheck`: from arguments to a verdict."""

import argparse
import json
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Final

import trio

from whiteboard.config import LogFormat, LogLevel
from whiteboard.diagnostics import logs
from whiteboard.leakcheck.house import open_house
from whiteboard.leakcheck.measuring import LOOKS, Result, measure
from whiteboard.leakcheck.report import document, lines
from whiteboard.leakcheck.scenarios import SCENARIOS, Scenario

_CYCLES: Final = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of the command."""
    parser.add_argument(
        "scenario", nargs="*", metavar="SCENARIO", help=f"of {', '.join(SCENARIOS)} (default: all)"
    )
    parser.add_argument("--cycles", type=int, default=_CYCLES, metavar="N", help=f"default: {_CYCLES}")
    parser.add_argument("--mode", default="sqlite", help="where boards are kept meanwhile (default: sqlite)")
    parser.add_argument(
        "--no-bytes", action="store_true", help="count no live bytes, which takes twice as long"
    )
    parser.add_argument("--json", action="store_true", help="the same for programs")


def run(arguments: argparse.Namespace, say: Callable[[str], object]) -> bool:
    """Check, and say what was found; whether nothing leaks. Leaves through SystemExit for a scenario that there is not."""
    if unknown := [name for name in arguments.scenario if name not in SCENARIOS]:
        arguments.parser.error(f"no scenario {unknown[0]!r}; there are {', '.join(SCENARIOS)}")
    if arguments.cycles < LOOKS:
        arguments.parser.error(f"--cycles {arguments.cycles}: at least {LOOKS}, one for each look")
    logs.configure(LogFormat.AUTO, LogLevel.WARNING)
    chosen = [SCENARIOS[name] for name in arguments.scenario or SCENARIOS]
    told = (lambda _: None) if arguments.json else say
    if not arguments.no_bytes:
        tracemalloc.start()
    try:
        results = trio.run(check, chosen, arguments.cycles, arguments.mode, told)
    finally:
        tracemalloc.stop()
    if arguments.json:
        say(json.dumps(document(results), indent=2))
    return not any(result.leaks for result in results)


async def check(
    scenarios: Sequence[Scenario], cycles: int, mode: str, say: Callable[[str], object]
) -> list[Result]:
    """One scenario after the other, on one server."""
    results = []
    async with open_house(mode) as house:
        for scenario in scenarios:
            results.append(await measure(house, scenario, cycles))
            for line in lines(results[-1]):
                say(line)
    return results
