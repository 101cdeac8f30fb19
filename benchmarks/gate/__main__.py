"""Whether this checkout is slower than its base, leaks, or does more per op.

    python -m benchmarks.gate [--base COMMIT] [--write DIR]
    python -m benchmarks.gate trial [--runs 60]

Ends with 1 when something is refused, and with 2 when it cannot measure.
"""

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.gate import gate, reports, trees, trial, waivers
from benchmarks.gate.runs import Plan
from benchmarks.gate.sides import DEFINITIONS, SideFailed
from benchmarks.gate.works import NAMES


def main() -> int:
    """Parse the arguments, run the gate or its trial; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", nargs="?", choices=["run", "trial"], default="run")
    parser.add_argument("--base", help="the commit to compare with (default: docs/gate.md)")
    parser.add_argument(
        "--write", type=Path, help="a folder for base.txt, again.txt and head.txt, for benchstat"
    )
    parser.add_argument("--runs", type=int, default=60, help="of the trial, on identical code (default: 60)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gate-") as folder:
        try:
            if arguments.what == "trial":
                return trial.run(Path(folder), arguments.runs)
            return _run(Path(folder), arguments.base, arguments.write)
        except (SideFailed, waivers.BadWaiver, trees.NoSuchCommit) as failed:
            print(f"gate: {failed}", file=sys.stderr)
            return 2


def _run(folder: Path, named: str | None, write: Path | None) -> int:
    accepted = waivers.read(waivers.FILE.read_text())
    head = folder / "head"
    base: Path | None = (
        folder / "base"
    )  # as long a path as the head's: it is in every traceback and code object
    trees.copy(DEFINITIONS, head)
    try:
        commit, why = trees.base_of(DEFINITIONS, named)
        trees.extract(DEFINITIONS, commit, folder / "base")
        print(f"base: {commit[:12]} ({why}); head: this checkout", flush=True)
    except trees.NoBase as missing:
        print(f"no base: {missing}. Only the A/A pass and the look for leaks.", flush=True)
        base = None
    outcome = gate.run(base, head, Plan(), NAMES)
    print(gate.told(outcome, has_base=base is not None))
    if write is not None:
        reports.write_go_texts(write, outcome.measured)
    refused = outcome.refused(accepted, datetime.now(UTC).date())
    for one in outcome.findings:
        print(f"{'refused' if one in refused else 'accepted by a waiver'}: {one}")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
