"""Deflated pieces: alone and behind one another."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whiteboard.core.pieces import deflate, inflate, stored


@given(st.lists(st.tuples(st.binary(max_size=300), st.sampled_from([0, 1, 6]))))
def test_pieces_in_a_row_are_one_stream(texts: list[tuple[bytes, int]]) -> None:
    """Deflated at any level or stored, they inflate to what they say one after the other."""
    pieces = [deflate(text, level) if level else stored(text) for text, level in texts]
    assert inflate(b"".join(pieces)) == b"".join(text for text, _ in texts)


def test_a_stored_block_has_a_largest_size() -> None:
    """Its length has 16 bits."""
    assert zlib.decompressobj(-15).decompress(stored(b"x" * 65_535)) == b"x" * 65_535
    with pytest.raises(ValueError, match="65536 bytes in a stored block, at most 65535"):
        stored(b"x" * 65_536)
