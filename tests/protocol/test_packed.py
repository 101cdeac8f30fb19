"""Messages kept deflated."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whiteboard.protocol.packed import Packed, deflate, inflate, unpack

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


@given(st.binary(max_size=2_000), st.integers(1, 9))
def test_a_payload_of_a_peer_reads_as_its_text_up_to_the_limit(text: bytes, level: int) -> None:
    """Whatever its level and window; above the limit nothing is told, and at the limit all."""
    squeezer = zlib.compressobj(level, zlib.DEFLATED, -15)
    payload = (squeezer.compress(text) + squeezer.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\x00\x00\xff\xff")
    assert unpack(payload, len(text)) == text
    if text:
        assert unpack(payload, len(text) - 1) is None


def test_examples_of_the_rfc_read_as_hello() -> None:
    """RFC 7692 section 7.2.3: one block, no compression, a last block, two blocks, and the empty message."""
    for payload in (
        "f248cdc9c90700",
        "000500faff48656c6c6f00",
        "f348cdc9c9070000",
        "f24805000000ffffcac9c90700",
    ):
        assert unpack(bytes.fromhex(payload), 5) == b"Hello"
    assert unpack(b"\x00", 0) == b""


def test_bytes_behind_the_last_block_are_refused() -> None:
    """A message is one stream, and nothing hides behind it."""
    with pytest.raises(ValueError, match="behind the last block"):
        unpack(bytes.fromhex("f348cdc9c9070000") + b"more", 100)


def test_a_message_of_pieces_is_put_together_for_who_asks() -> None:
    """Only the frame is kept beside pieces that others hold as well."""
    message = Packed.of_pieces([deflate(b"one "), deflate(b"two")])
    assert message.payload == message.payload
    assert message.payload is not message.payload
    assert message.framed(bytes) is message.framed(bytes)
    assert message.text == b"one two"


def test_a_packed_message_is_put_into_a_frame_once() -> None:
    """Whoever asks, and whenever; an empty one has a payload too."""
    made: list[bytes] = []

    def frame(payload: bytes) -> bytes:
        made.append(payload)
        return b"<" + payload

    message = Packed(b"text")
    assert message.framed(frame) is message.framed(frame)
    assert made == [message.payload]
    assert Packed(b"").payload == b"\x00"
