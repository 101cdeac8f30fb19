"""Profiles in pprof's format, read back and read by the real tool."""

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whiteboard.diagnostics.profiles.pprof import NoProfile, decoded, encoded
from whiteboard.diagnostics.profiles.profile import Frame, Profile, Sample, ValueType

NUMBERS = st.integers(-(2**63), 2**63 - 1)
WORDS = st.text(st.characters(codec="utf-8"), max_size=12)
FRAMES = st.builds(Frame, WORDS, WORDS, st.integers(0, 2**31), st.integers(0, 2**31))
TYPES = st.builds(ValueType, WORDS, WORDS)
LABELS = st.lists(
    st.tuples(WORDS, WORDS.filter(bool) | NUMBERS), max_size=3, unique_by=lambda label: label[0]
).map(tuple)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """Profiles of any shape that the format has."""
    types = draw(st.lists(TYPES, min_size=1, max_size=4))
    frames = draw(st.lists(FRAMES, min_size=1, max_size=6))
    stacks = st.lists(st.sampled_from(frames), max_size=5).map(tuple)
    values = st.lists(NUMBERS, min_size=len(types), max_size=len(types)).map(tuple)
    period_type = draw(st.none() | TYPES)
    return Profile(
        types=tuple(types),
        samples=tuple(draw(st.lists(st.builds(Sample, stacks, values, LABELS), max_size=6))),
        default_type=draw(WORDS),
        period_type=period_type,
        period=draw(st.integers(0, 2**40)) if period_type else 0,
        time_ns=draw(st.integers(0, 2**62)),
        duration_ns=draw(st.integers(0, 2**62)),
        comments=tuple(draw(st.lists(WORDS, max_size=3))),
        drop_frames=draw(WORDS),
    )


@pytest.mark.no_cover
@given(profiles())
def test_what_is_written_is_read_back(profile: Profile) -> None:
    """Every value comes back, negative ones and empty texts included."""
    assert decoded(encoded(profile)) == profile


@pytest.mark.parametrize(
    "junk",
    [b"", b"no gzip", gzip.compress(b"\xff", mtime=0), gzip.compress(b"\x0a\xff\xff\xff\xff\x0f", mtime=0)],
)
def test_other_bytes_are_refused(junk: bytes) -> None:
    """Bytes that nobody wrote as a profile are told apart."""
    with pytest.raises(NoProfile):
        decoded(junk)


def test_the_real_tool_reads_all_of_it(tmp_path: Path) -> None:
    """`go tool pprof -raw` shows types, samples, labels, comments, period and places; `-top` leaves frames out."""
    draw, alloc = Frame("board.Board.draw", "board.py", 7, 5), Frame("canvas.alloc", "canvas.py", 31, 30)
    trap = Frame("trio._core._traps.wait", "trio/_core/_traps.py", 1, 1)
    profile = Profile(
        types=(ValueType("inuse_objects", "count"), ValueType("inuse_space", "bytes")),
        samples=(
            Sample((alloc, draw), (3, 4096), (("task", "tick"), ("bytes", 64))),
            Sample((trap, draw), (-1, -128)),
        ),
        default_type="inuse_space",
        period_type=ValueType("space", "bytes"),
        period=512,
        time_ns=1_764_000_000_000_000_000,
        duration_ns=2_000_000_000,
        comments=("whiteboard 1", "worker 0"),
        drop_frames="trio._core._traps.*",
    )
    (tmp_path / "heap").write_bytes(encoded(profile))

    raw, top = tool(tmp_path, "-raw"), tool(tmp_path, "-top")

    for part in [
        "PeriodType: space bytes\nPeriod: 512\n",
        "Duration: 2",
        "inuse_objects/count inuse_space/bytes[dflt]",
        "3       4096: 1 2",
        "-1       -128: 2 \n",  # without what `drop_frames` leaves out
        "task:[tick]",
        "canvas.alloc canvas.py:31 s=30",
        "whiteboard 1",
    ]:
        assert part in raw, raw
    assert "Type: inuse_space" in top, top
    assert "_traps" not in top, top


def tool(folder: Path, what: str) -> str:
    """What `go tool pprof` says of the file."""
    go = shutil.which("go")
    assert go is not None, "needs Debian's golang-go"
    ran = subprocess.run(
        [go, "tool", "pprof", what, str(folder / "heap")],
        capture_output=True, text=True, check=True, env={"HOME": str(folder), "PPROF_TMPDIR": str(folder), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    return ran.stdout
