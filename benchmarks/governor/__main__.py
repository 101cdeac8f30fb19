"""Sixty frames a second, people who draw, and a soft limit 20 % above what there is: pauses, memory and frames (R42).

    python -m benchmarks.governor [--seconds 120] [--elements 300000] [--quick] [--write docs/diagnostics.md]

Three servers one after the other, each on a core of its own: with the limit (`governed`), without one (`frozen`: what lives is
frozen as always), and as Python collects by itself (`default`). Each has a board of which all elements are objects, paints a kept canvas 60
times a second in its own event loop, serves ten people who draw, and has guests whose cycles only a walk finds. Run it on a quiet machine:
a frame that is late because others had the core is no fault of the collector.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.governor.phase import BOARD, LONG_MS, Seen
from benchmarks.load import seated
from benchmarks.scenes.sections import Section, Table, write
from benchmarks.serving import SERVER_CORE, take_load_core
from benchmarks.tables import percentile

WAYS: Final = ("governed", "frozen", "default")
PEOPLE: Final = 10
OPS_EACH: Final = 10.0
"""A second."""
WARM_UP_SECONDS: Final = 4.0
START_SECONDS: Final = 120.0
QUICK_SECONDS: Final = 8.0
QUICK_ELEMENTS: Final = 60_000


class Drawn(msgspec.Struct):
    """What those who drew saw."""

    acks: int
    p50_ms: float
    p99_ms: float
    worst_ms: float
    faults: int


def play(way: str, elements: int, seconds: float) -> tuple[Seen, Drawn]:
    """One server and those who draw on it."""
    with tempfile.TemporaryDirectory(prefix="whiteboard-benchmark-") as folder:
        said = Path(folder) / "said"
        command = [sys.executable, "-m", "benchmarks.governor.phase", way, str(elements)]
        command += [str(WARM_UP_SECONDS), str(seconds)]
        with said.open("wb") as output:
            process = subprocess.Popen(
                ["taskset", "-c", str(SERVER_CORE), *command], stdout=output, stderr=output
            )
        try:
            port = _port(said, process)
            drawn = _draw(port, seconds)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        lines = said.read_text().splitlines()
    try:
        return msgspec.json.decode(lines[-1], type=Seen), drawn
    except msgspec.DecodeError:
        raise SystemExit("\n".join(lines)) from None


def _port(said: Path, process: "subprocess.Popen[bytes]") -> int:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if told := re.search(r"http://127\.0\.0\.1:(\d+)/", said.read_text()):
            return int(told[1])
        time.sleep(0.05)
    raise SystemExit(f"the server did not start:\n{said.read_text()}")


def _draw(port: int, seconds: float) -> Drawn:
    load = seated(port, [BOARD], PEOPLE)
    try:
        load.draw_at_rate(OPS_EACH, WARM_UP_SECONDS)
        for crowd in load.crowds:
            crowd.forget_figures()
        load.draw_at_rate(OPS_EACH, seconds)
        (crowd,) = load.crowds
        crowd.finish()
        acks = sorted(crowd.ack_ms)
        return Drawn(
            len(acks), percentile(acks, 0.5), percentile(acks, 0.99), max(acks), sum(crowd.faults.values())
        )
    finally:
        load.close()


def row(seen: Seen, drawn: Drawn, seconds: float) -> list[list[str]]:
    """A line of each table."""
    every = [pause for pauses in seen.pauses_ms.values() for pause in pauses]
    by = {name: seen.pauses_ms.get(name, []) for name in "012"}
    steps = {name: int(count) for name, count in seen.steps.items()}
    pauses = [
        seen.way,
        " / ".join(f"{len(by[name]):,}" for name in "012"),
        f"{percentile(every, 0.5):.2f}",
        f"{percentile(every, 0.99):.2f}",
        f"{percentile(seen.worked_ms, 0.99):.2f}",
        f"{max(every, default=0):.1f}",
        f"{sum(pause > LONG_MS for pause in every):,}",
        f"{sum(every) / seconds:.1f}",
        f"{seen.walked_share:.1%}",
    ]
    memory = [
        seen.way,
        f"{seen.base_mib:.0f}",
        f"{seen.limit_mib:.0f}",
        f"{seen.peak_mib:.0f} ({seen.peak_mib / seen.limit_mib:.0%})",
        f"{seen.above_seconds:.1f}",
        ", ".join(f"{name} {steps[name]:,}" for name in sorted(steps)) or "-",
    ]
    frames = [
        seen.way,
        f"{seen.frames:,} of {seen.frames + seen.skipped:,}",
        f"{seen.late_frames:,}",
        " / ".join(f"{one:.1f}" for one in seen.paint_ms),
        " / ".join(f"{one:.1f}" for one in seen.behind_ms),
        f"{drawn.acks:,} ({drawn.faults} faults)",
        f"{drawn.p50_ms:.1f} / {drawn.p99_ms:.1f} / {drawn.worst_ms:.0f}",
        f"{seen.cpu_share:.0%}",
    ]
    return [pauses, memory, frames]


def section(seconds: float, elements: int, ways: tuple[str, ...]) -> Section:
    """Play all ways; what came of it."""
    rows = [row(*play(way, elements, seconds), seconds) for way in ways]
    load = os.getloadavg()[1]
    pauses, memory, frames = ([one[number] for one in rows] for number in range(3))
    return Section(
        "governor",
        f"{seconds:g} s each; {elements:,} elements as objects, 60 frames a second of 1280 x 720, {PEOPLE} people with "
        f"{OPS_EACH:g} ops a second each, 30 guests a second that leave a cycle of 97 KiB; the limit is 20 % above what there was before them.",
        [
            Table(
                [
                    "",
                    "collections by generation",
                    "pause p50, ms",
                    "p99",
                    "p99 of CPU",
                    "longest",
                    f"above {LONG_MS} ms",
                    "ms per second",
                    "governor's walks",
                ],
                pauses,
            ),
            Table(["", "before, MiB", "limit", "peak", "s above it", "what was done"], memory),
            Table(
                [
                    "",
                    "frames",
                    "late",
                    "painting p50 / p99 / max, ms",
                    "behind its moment, ms",
                    "ops acked",
                    "ack p50 / p99 / max, ms",
                    "CPU",
                ],
                frames,
            ),
        ],
        [_how_busy(load)],
    )


def _how_busy(load: float) -> str:
    return (
        f"Load average of the machine over these minutes: {load:.1f} on {os.cpu_count()} cores. With more than one for each core, "
        "pauses and frames are longer by what others took, and only the CPU time of pauses is their own."
    )


def main() -> None:
    """See this file."""
    parser = argparse.ArgumentParser(prog="benchmarks.governor")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--elements", type=int, default=300_000)
    parser.add_argument("--way", action="append", choices=WAYS)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    take_load_core()
    seconds, elements = (QUICK_SECONDS, QUICK_ELEMENTS) if given.quick else (given.seconds, given.elements)
    found = section(seconds, elements, tuple(given.way or WAYS))
    print(found.markdown())
    if given.write:
        write(given.write, found)


if __name__ == "__main__":
    main()
