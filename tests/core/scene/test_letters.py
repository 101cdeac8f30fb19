"""Widths of letters, and lines of notes."""

import pytest

from whiteboard.core.scene.letters import Estimate, baseline, text_extent, wrap


def wide(text: str) -> float:
    """Every character takes one unit."""
    return float(len(text))


@pytest.mark.parametrize(
    ("text", "room", "lines"),
    [
        ("a bc def", 4, ["a bc", "def"]),
        ("one\n\ntwo", 9, ["one", "", "two"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("中文字符", 2, ["中文", "字符"]),
        ("go 中文", 4, ["go 中", "文"]),
        ("  x", 5, ["  x"]),
        ("", 5, [""]),
    ],
)
def test_lines_break_at_spaces_and_between_chinese_characters(
    text: str, room: float, lines: list[str]
) -> None:
    """And in words that are longer than a line."""
    assert wrap(text, room, wide) == lines


def test_a_long_line_is_measured_letter_by_letter() -> None:
    """Not from its beginning for each word of it: 10,000 letters took seconds."""
    measured = 0

    def counted(text: str) -> float:
        nonlocal measured
        measured += len(text)
        return wide(text)

    assert wrap("ab " * 1_000, 10_000, counted) == [("ab " * 1_000).rstrip()]
    assert wrap("x" * 3_000, 2_000, counted) == ["x" * 2_000, "x" * 1_000]
    assert measured < 4 * 6_000


def test_an_estimate_tells_narrow_letters_from_wide_ones() -> None:
    """Ideographs fill a square."""
    letters = Estimate()
    assert (
        letters.width("il", 10)
        < letters.width("mo", 10)
        < letters.width("MO", 10)
        < letters.width("中文", 10)
    )
    assert letters.width("中", 10) == 10


def test_a_block_of_text_is_as_wide_as_its_widest_line() -> None:
    """And 1.3 sizes high for each."""
    assert text_extent(Estimate(), "中\n中文", 10) == (20, 26)
    assert text_extent(Estimate(), "", 10) == (1, 13)


def test_letters_stand_in_the_middle_of_their_line() -> None:
    """As far above the line's bottom as its box is below the top."""
    letters = Estimate()
    above = baseline(letters, 10) - letters.rise(10)
    assert above == pytest.approx(13 - baseline(letters, 10) - letters.fall(10))
