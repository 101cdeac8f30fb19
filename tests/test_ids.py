"""Identifiers: what they look like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whiteboard.ids import (
    MAX_COUNTER,
    ClientId,
    OpId,
    parse_board_id,
    parse_client_id,
    parse_element_id,
    parse_op_id,
)


@pytest.mark.parametrize("text", ["a", "A-z_0.9", "...", "x" * 128])
def test_board_ids(text: str) -> None:
    """1 to 128 of a plain alphabet. [CON-2]"""
    assert parse_board_id(text) == text


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", "a b", "é", "a\n", "x" * 129, "a%2f", "\ud800"])
def test_what_is_no_board_id(text: str) -> None:
    """Path steps, separators, spaces, other letters. [CON-2]"""
    assert parse_board_id(text) is None


def test_client_ids() -> None:
    """1 to 64 of the same alphabet. [IDN-1]"""
    assert parse_client_id("c-9f2.A_") == "c-9f2.A_"
    for text in ("", "x" * 65, "a:b", "a\n", "\N{FULLWIDTH LATIN SMALL LETTER A}"):
        assert parse_client_id(text) is None


@given(st.from_regex(r"[A-Za-z0-9_.\-]{1,64}", fullmatch=True), st.integers(1, MAX_COUNTER))
def test_op_ids_are_read_as_they_are_written(client: str, counter: int) -> None:
    """Client, colon, counter. [IDN-7]"""
    found = parse_op_id(f"{client}:{counter}")
    assert found == OpId(found.client, counter) if found else False
    assert str(found) == f"{client}:{counter}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a:",
        ":1",
        "a:0",
        "a:01",
        "a:-1",
        "a:+1",
        "a: 1",
        "a:1_0",
        "a:1.0",
        "a:" + "9" * 5000,
        "x" * 65 + ":1",
        "\ud800:1",
        "a:\ud800",
        "a:1 ",
        "a:1\n",
        "a:b:1",
        f"a:{MAX_COUNTER + 1}",
        "a:١",
    ],
)
def test_what_is_no_op_id(text: str) -> None:
    """No counter from 1 to 2**53 - 1, or no client. [IDN-7]"""
    assert parse_op_id(text) is None


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=128))
def test_element_ids_are_any_text_without_controls(text: str) -> None:
    """Any script, spaces too. [IDN-11]"""
    assert parse_element_id(text) == text


@pytest.mark.parametrize("text", ["", "x" * 129, "a\u0000", "\n", "a\u007f", "\u009f", "\ud800", "a\udfff"])
def test_what_is_no_element_id(text: str) -> None:
    """Empty, too long, a control character, half a character. [IDN-11]"""
    assert parse_element_id(text) is None


def test_an_op_id_is_a_pair() -> None:
    """Storage takes it apart."""
    client, counter = OpId(ClientId("a"), 4)
    assert (client, counter) == ("a", 4)
