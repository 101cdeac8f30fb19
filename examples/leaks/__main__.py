"""`python -m examples.leaks [MODULE …] [--json]`: all experiments, or those of some modules; exit code 1 when one has failed."""

import argparse
import json
import sys
from importlib import import_module
from typing import Final

import attrs
import trio

from examples.leaks.laboratory import Experiment, Result, conduct
from whiteboard.config import LogFormat, LogLevel
from whiteboard.diagnostics import logs

MODULES: Final = ("session_in_callback", "hidden_reference", "canvas_not_released", "cache_by_session")


async def conduct_all(experiments: list[Experiment]) -> list[Result]:
    """One after the other."""
    return [await conduct(experiment) for experiment in experiments]


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m examples.leaks")
    parser.add_argument("module", nargs="*", help=f"of {', '.join(MODULES)} (default: all)")
    parser.add_argument("--json", action="store_true", help="the same for programs")
    arguments = parser.parse_args()
    logs.configure(LogFormat.AUTO, LogLevel.WARNING)
    modules = [import_module(f"examples.leaks.{name}") for name in arguments.module or MODULES]
    results = trio.run(conduct_all, [one for module in modules for one in module.EXPERIMENTS])
    if arguments.json:
        print(json.dumps([attrs.asdict(result) for result in results], indent=2))
    else:
        print("\n".join(line for result in results for line in result.lines()))
    return 0 if all(result.is_as_it_should_be for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
