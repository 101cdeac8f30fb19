"""Messages kept deflated."""

from hypothesis import given
from hypothesis import strategies as st

from whiteboard.protocol.packed import Packed, deflate, inflate

_texts = st.lists(st.binary(max_size=400), max_size=5)


@given(_texts)
def test_pieces_deflated_apart_read_as_one_message(texts: list[bytes]) -> None:
    """Pieces that were deflated at other times say together what their texts say."""
    packed = Packed.of_pieces(deflate(text) for text in texts)
    assert packed.text == b"".join(texts)
    assert inflate(packed.payload + b"\x00\x00\xff\xff") == b"".join(texts)


@given(st.binary(min_size=1, max_size=400))
def test_a_text_and_its_payload_are_the_same_message(text: bytes) -> None:
    """A message made of text gives a payload that reads as that text."""
    packed = Packed(text)
    assert packed.text == text
    assert inflate(packed.payload + b"\x00\x00\xff\xff") == text
