"""The scenes run and write what they found: nothing is said about how fast."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
BOUND_SECONDS = 120.0
SCENES = ["joins", "stalled", "abrupt", "storm", "hot"]
"""Those that check what their people are told; together they use all that the others use, but for the plots."""


def run(place: Path, *arguments: str) -> str:
    """What a Python program with the benchmarks, and nothing else of the checkout, on its path prints."""
    (place / "benchmarks").symlink_to(BENCHMARKS)
    ended = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(place)},
        cwd=place,
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.integration
def test_quick_scenes_fill_their_places_in_the_document(tmp_path: Path) -> None:
    """Each scene puts tables between its markers, leaves the rest as it was, and found no fault."""
    document = tmp_path / "performance.md"
    places = "\n\n".join(
        f"Before {name}.\n<!-- begin {name} -->\nold\n<!-- end {name} -->" for name in SCENES
    )
    document.write_text(f"{places}\n\nThe end.\n")
    run(tmp_path, "-m", "benchmarks.scenes", "--quick", *SCENES, "--write", str(document))
    written = document.read_text()
    assert written.endswith("\n\nThe end.\n")
    for name in SCENES:
        assert f"Before {name}.\n<!-- begin {name} -->\n" in written
        part = written.partition(f"<!-- begin {name} -->")[2].partition(f"<!-- end {name} -->")[0]
        tables = [lines for lines in part.split("\n\n") if lines.startswith("|")]
        assert tables
        for table in tables:
            titles, _, *rows = ([cell.strip() for cell in line.split("|")] for line in table.splitlines())
            assert rows
            assert all(row[titles.index("faults")] == "none" for row in rows if "faults" in titles)


def test_the_exponent_is_that_of_the_upper_end(tmp_path: Path) -> None:
    """A quantity that is constant at first and then grows with the square has the exponent 2; a constant has 0."""
    points = "[(x, max(100.0, x * x)) for x in (1, 2, 5, 10, 20, 50, 100)]"
    flat = "[(x, 7.0) for x in (1, 10, 100)]"
    told = run(
        tmp_path,
        "-c",
        f"from benchmarks.scenes.growth import exponent; print(exponent({points}), exponent({flat}))",
    )
    assert [round(float(number), 6) for number in told.split()] == [2.0, 0.0]
