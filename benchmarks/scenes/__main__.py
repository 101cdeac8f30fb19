"""Scenes: how the server bears what happens to it in a day, each on a fresh one.

    python -m benchmarks.scenes [--quick] [names…] [--write docs/performance.md]

Without names all of them, about twenty minutes. With `--write` each scene's tables and plots go between
its markers in that document; without, they are printed.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from benchmarks.scenes import (
    abrupt,
    beside,
    crowding,
    curves,
    fullboards,
    idle,
    joins,
    machine,
    memory,
    stalled,
)
from benchmarks.scenes.sections import IMAGES, Section, write
from benchmarks.serving import take_load_core

CURVE: Final = "curve-"
SCENES: Final[dict[str, Callable[..., Section]]] = {
    "machine": machine.measure,
    "idle": idle.measure,
    "joins": joins.measure,
    "memory": memory.measure,
    "stalled": stalled.measure,
    "frozen": stalled.measure_frozen,
    "abrupt": abrupt.measure,
    "storm": crowding.measure_storm,
    "hot": crowding.measure_hot,
    "peers-boards": fullboards.measure,
    "peers-idle": beside.measure_idle,
    "peers-stalled": beside.measure_stalled,
    "peers-frozen": beside.measure_frozen,
    **{f"{CURVE}{name}": partial(curves.measure, name) for name in curves.CURVES},
}


def main() -> None:
    """Parse the arguments, measure, print or write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(SCENES)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="small and short, to see that it works")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the figures into this document")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.names if name not in SCENES]:
        parser.error(f"no such scene: {', '.join(unknown)}")
    if arguments.write and any(name.startswith(CURVE) for name in arguments.names or SCENES):
        require_plots()
    take_load_core()
    for name in arguments.names or SCENES:
        began = time.monotonic()
        section = SCENES[name](quick=arguments.quick)
        print(f"\n== {name} ({time.monotonic() - began:.0f} s)\n\n{section.markdown()}", flush=True)
        if arguments.write:
            write(arguments.write, section)
            draw_all(section, arguments.write.parent / IMAGES)


def require_plots() -> None:
    """End before twenty minutes of measuring rather than after them."""
    if find_spec("matplotlib") is None:
        raise SystemExit("curves are drawn by matplotlib: pip install '.[plots]', or leave --write out")


def draw_all(section: Section, folder: Path) -> None:
    """Its plots, as files."""
    if section.plots:
        from benchmarks.scenes import plots  # noqa: PLC0415  needs an extra, for this alone

        for plot in section.plots:
            plots.draw(plot, folder)


if __name__ == "__main__":
    main()
