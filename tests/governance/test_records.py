"""Documents that people write: every mistake is told with its path, and nothing is guessed."""

from datetime import date
from enum import StrEnum
from pathlib import Path

import attrs
import pytest

from whiteboard.governance import records
from whiteboard.governance.records import Unusable, parse, read_document, read_documents, structure


class Mood(StrEnum):
    CALM = "calm"
    CROSS = "cross"


@attrs.frozen
class Inner:
    count: int
    day: date


@attrs.frozen
class Outer:
    name: str
    share: float
    inner: Inner
    tags: tuple[str, ...]
    mood: Mood = Mood.CALM
    others: tuple[Inner, ...] = ()


WHOLE = """
name: a
share: 3
inner: {count: 2, day: 2026-01-02}
tags: [x, y]
mood: cross
others: [{count: 1, day: 2026-01-03}]
"""


def problems(text: str) -> list[str]:
    """What is wrong with a document."""
    with pytest.raises(Unusable) as told:
        structure(parse(text, "file"), Outer, "file")
    return told.value.problems


def test_a_document_becomes_its_class() -> None:
    """Numbers, days, words and lists are what they are written as."""
    assert structure(parse(WHOLE, "file"), Outer, "file") == Outer(
        "a", 3.0, Inner(2, date(2026, 1, 2)), ("x", "y"), Mood.CROSS, (Inner(1, date(2026, 1, 3)),)
    )


@pytest.mark.parametrize(
    ("line", "instead", "problem"),
    [
        ("name: a", "name: 3", "file: text was expected, not 3 @ $.name"),
        ("share: 3", "share: much", "file: a number was expected, not 'much' @ $.share"),
        ("share: 3", "share: true", "file: a number was expected, not True @ $.share"),
        ("count: 2", "count: 2.5", "file: a whole number was expected, not 2.5 @ $.inner.count"),
        (
            "day: 2026-01-02",
            "day: soon",
            "file: a date, as 2026-11-27, was expected, not 'soon' @ $.inner.day",
        ),
        ("[x, y]", "x", "file: a list was expected, not 'x' @ $.tags"),
        ("[x, y]", "[x, 1]", "file: text was expected, not 1 @ $.tags[1]"),
        ("mood: cross", "mood: odd", "file: one of calm, cross was expected, not 'odd' @ $.mood"),
        ("count: 1, ", "", "file: required key is missing @ $.others[0].count"),
        ("count: 1, ", "count: 1, size: 2, ", "file: unknown key size @ $.others[0]"),
        ("name: a", "name: a\nhue: 1\nage: 2", "file: unknown key age, hue @ $"),
    ],
)
def test_a_mistake_is_told_with_its_path(line: str, instead: str, problem: str) -> None:
    """The file, what is wrong and where."""
    assert problems(WHOLE.replace(line, instead, 1)) == [problem]


def test_all_mistakes_are_told_at_once() -> None:
    """Nobody mends one only to be told the next."""
    assert len(problems("name: 3\nshare: x\ninner: {count: 1.5}\ntags: 1\nz: 2")) == 6


@pytest.mark.parametrize("text", ["", "- a", "just words"])
def test_what_has_no_keys_is_refused(text: str) -> None:
    """A list, a text and nothing at all are no document."""
    (problem,) = problems(text)
    assert problem.startswith("file: keys and values were expected, not ")


@pytest.mark.parametrize("text", ["a: [", "day: 2026-02-30"])
def test_what_is_no_yaml_is_refused_by_name(text: str) -> None:
    """A days that there is not counts as a fault of the text."""
    with pytest.raises(Unusable, match=r"^file: "):
        parse(text, "file")


def test_files_of_a_folder_are_read_in_order_and_all_their_mistakes_told(tmp_path: Path) -> None:
    """One bad document does not hide another."""
    (tmp_path / "b.yaml").write_text(WHOLE)
    (tmp_path / "a.yaml").write_text(WHOLE)
    assert [path.name for path in read_documents(tmp_path, Outer)] == ["a.yaml", "b.yaml"]
    (tmp_path / "a.yaml").write_text("name: 1")
    (tmp_path / "b.yaml").write_bytes(b"\xff")
    with pytest.raises(Unusable) as told:
        read_documents(tmp_path, Outer)
    assert {problem.partition(":")[0] for problem in told.value.problems} == {
        str(tmp_path / "a.yaml"),
        str(tmp_path / "b.yaml"),
    }


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is not there, and one that is too large."""
    with pytest.raises(Unusable, match="No such file"):
        read_document(tmp_path / "none.yaml", Outer)
    (tmp_path / "large.yaml").write_text(WHOLE)
    monkeypatch.setattr(records, "MAX_DOCUMENT_BYTES", 10)
    with pytest.raises(Unusable, match="more than 10"):
        read_document(tmp_path / "large.yaml", Outer)
