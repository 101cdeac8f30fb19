"""The scan of a client's frames, whole, in pieces and broken."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transport.peers import BINARY, CLOSE, MASK, PING, PONG, TEXT, client_frame

from whiteboard import limits
from whiteboard.protocol import close_codes
from whiteboard.protocol.packed import Packed, deflate, unpack
from whiteboard.rooms.ports import BINARY_MESSAGE, Oversize
from whiteboard.transport import frames
from whiteboard.transport.frames import ControlFrame, FrameScanner, Scanned, TextFramer, Violation, unmask

LIMIT, HARD_LIMIT = 300, 2_000


def scan(data: bytes, sizes: list[int] | None = None, *, unpacks: bool = False) -> list[Scanned]:
    """Feed `data` in chunks of the given sizes, then the rest in one."""
    scanner = FrameScanner(LIMIT, HARD_LIMIT, unpacks=unpacks)
    found: list[Scanned] = []
    for size in sizes or []:
        found += scanner.feed(data[:size])
        data = data[size:]
    return found + scanner.feed(data)


def shown(found: list[Scanned]) -> list[object]:
    """What was scanned, control frames without their bytes."""
    return [(item.opcode, item.payload) if isinstance(item, ControlFrame) else item for item in found]


def packed(text: bytes, cuts: Sequence[int] = (), mask: bytes = MASK, level: int = 6) -> bytes:
    """A message as a client sends it that deflates, in fragments of the sizes in `cuts` and one with the rest."""
    payload = deflate(text, level).removesuffix(b"\x00\x00\xff\xff")
    data = b""
    for cut in cuts:
        data += client_frame(0 if data else TEXT, payload[:cut], fin=False, mask=mask)
        payload = payload[cut:]
    data += client_frame(0 if data else TEXT, payload, mask=mask)
    return bytes((data[0] | 0x40,)) + data[1:]


masks = st.binary(min_size=4, max_size=4)
payloads = st.binary(max_size=700)
texts = st.text(st.characters(codec="utf-8"), max_size=240).map(str.encode) | st.integers(0, 700).map(
    b"a".__mul__
)
small = st.binary(max_size=125)


@st.composite
def spoken(draw: st.DrawFn) -> tuple[bytes, list[object]]:
    """One message or control frame as bytes, and what a scanner must say to it."""
    kind = draw(st.sampled_from(["text", "packed", "binary", "ping", "pong"]))
    if kind in {"ping", "pong"}:
        opcode, payload = (PING if kind == "ping" else PONG), draw(small)
        return client_frame(opcode, payload, mask=draw(masks)), [(opcode, payload)]
    if kind == "packed":
        text = draw(texts)
        return packed(text, draw(st.lists(st.integers(0, 60), max_size=3)), draw(masks)), [
            Oversize(LIMIT + 1) if len(text) > LIMIT else text
        ]
    parts = draw(st.lists(payloads if kind == "binary" else texts, min_size=1, max_size=3))
    data, said = b"", []
    for index, part in enumerate(parts):
        opcode = 0 if index else (TEXT if kind == "text" else BINARY)
        data += client_frame(opcode, part, fin=index == len(parts) - 1, mask=draw(masks))
        if index < len(parts) - 1 and draw(st.booleans()):
            data += client_frame(PING, b"between")
            said.append((PING, b"between"))
    whole = b"".join(parts)
    if len(whole) > HARD_LIMIT:
        return spoken_fallback
    if kind == "binary":
        return data, [*said, BINARY_MESSAGE]
    return data, [*said, Oversize(len(whole)) if len(whole) > LIMIT else whole]


spoken_fallback: tuple[bytes, list[object]] = (client_frame(TEXT, b"x"), [b"x"])


@given(st.lists(spoken(), max_size=6), st.lists(st.integers(1, 200), max_size=40))
def test_any_chunking_gives_the_same_messages(
    things: list[tuple[bytes, list[object]]], sizes: list[int]
) -> None:
    """Messages and control frames come out whole and in order, whatever the chunks."""
    data = b"".join(thing[0] for thing in things)
    expected = [item for thing in things for item in thing[1]]
    for chunks in ([], sizes, [1] * len(data)):
        assert shown(scan(data, chunks, unpacks=True)) == expected


@given(st.binary(max_size=400), st.lists(st.integers(1, 50), max_size=20), st.booleans())
def test_garbage_in_any_chunking_gives_the_same_and_never_raises(
    data: bytes, sizes: list[int], unpacks: bool
) -> None:
    """Random bytes are scanned, or end in one violation, the same in any chunking."""
    found = scan(data, unpacks=unpacks)
    assert shown(found) == shown(scan(data, sizes, unpacks=unpacks))
    assert not any(isinstance(item, Violation) for item in found[:-1])


@given(masks, st.binary(max_size=40))
def test_unmask_is_its_own_inverse_and_matches_the_rfc(key: bytes, payload: bytes) -> None:
    """Octet i is XORed with octet i modulo 4 of the key (RFC 6455 section 5.3)."""
    assert unmask(key, payload) == bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
    assert unmask(key, unmask(key, payload)) == payload


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536, 200_000])
def test_every_length_form_is_read(size: int) -> None:
    """7, 16 and 64 bit lengths."""
    scanner = FrameScanner()
    payload = bytes(size)
    assert scanner.feed(client_frame(TEXT, payload)) == [payload]


def test_a_large_message_byte_by_byte_costs_linear_work() -> None:
    """A frame that trickles in is copied when it is whole, not at each byte."""
    scanner = FrameScanner()
    payload = bytes(100_000)
    found = [item for byte in client_frame(TEXT, payload) for item in scanner.feed(bytes((byte,)))]
    assert found == [payload]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (client_frame(TEXT, b"hi", mask=None), "frame without a mask"),
        (b"\xc1" + client_frame(TEXT, b"hi")[1:], "reserved bit set"),
        (client_frame(3, b"hi"), "unknown opcode 3"),
        (client_frame(11, b"hi"), "unknown opcode 11"),
        (client_frame(PING, b"hi", fin=False), "fragmented control frame"),
        (client_frame(PING, bytes(126)), "control frame above 125 bytes"),
        (client_frame(0, b"hi"), "continuation without a beginning"),
        (client_frame(TEXT, b"a", fin=False) + client_frame(TEXT, b"b"), "message inside a message"),
        (b"\x81\xfe\x00\x05" + bytes(9), "frame length in more bytes than it needs"),
        (client_frame(CLOSE, b"\x03"), "close frame without a valid code"),
        (client_frame(CLOSE, (1005).to_bytes(2, "big")), "close frame without a valid code"),
        (client_frame(CLOSE, (999).to_bytes(2, "big")), "close frame without a valid code"),
    ],
)
def test_breaches_of_the_protocol_are_1002(data: bytes, reason: str) -> None:
    """What RFC 6455 forbids ends the scan with code 1002 and the reason."""
    assert scan(data + client_frame(TEXT, b"more")) == [Violation(close_codes.PROTOCOL_ERROR, reason)]


def test_a_close_reason_that_is_not_utf8_is_1007() -> None:
    """RFC 6455 section 8.1."""
    fault = Violation(close_codes.INVALID_TEXT, "close reason is not UTF-8")
    assert scan(client_frame(CLOSE, b"\x03\xe8\xff")) == [fault]
    assert fault.code == 1007


@pytest.mark.parametrize("size", [1, 200])
@pytest.mark.parametrize("bad", [b"\xff", b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"])
def test_a_text_that_is_not_utf8_is_1007(bad: bytes, size: int) -> None:
    """Stray bytes, half a character, overlong forms, surrogates, too large: the last thing. [CON-17]"""
    fault = Violation(close_codes.INVALID_TEXT, "text message is not UTF-8")
    text = b"a" * size + bad
    for data in (client_frame(TEXT, text), client_frame(TEXT, text, fin=False) + client_frame(0)):
        assert scan(client_frame(TEXT, "é".encode()) + data + client_frame(TEXT, b"more")) == [
            "é".encode(),
            fault,
        ]


def test_a_character_may_be_cut_by_fragments() -> None:
    """Only the whole message has to be UTF-8 (RFC 6455 section 5.6). [CON-17]"""
    data = client_frame(TEXT, b"\xc3", fin=False) + client_frame(0, b"\xa9")
    assert scan(data) == ["é".encode()]


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", None),
        *((code.to_bytes(2, "big") + b"bye", code) for code in (1000, 1001, 1012, 1013, 1014, 3000, 4000)),
    ],
)
def test_nothing_is_scanned_behind_a_close_frame(payload: bytes, code: int | None) -> None:
    """A close frame carries its code and is the last thing."""
    (frame,) = scan(client_frame(CLOSE, payload) + client_frame(TEXT, b"late"))
    assert isinstance(frame, ControlFrame)
    assert frame.close_code == code


def test_oversize_is_passed_over_and_the_next_message_kept() -> None:
    """Above the frame limit only the size is told; up to the limit itself all is kept."""
    data = client_frame(TEXT, bytes(LIMIT + 1)) + client_frame(TEXT, bytes(LIMIT)) + client_frame(TEXT, b"x")
    assert scan(data) == [Oversize(LIMIT + 1), bytes(LIMIT), b"x"]


def test_above_the_message_limit_is_1009_before_the_payload() -> None:
    """The header alone decides, for one frame and for the sum of fragments."""
    reason = f"message above {HARD_LIMIT} bytes"
    assert scan(client_frame(TEXT, bytes(HARD_LIMIT + 1))[:8]) == [
        Violation(close_codes.MESSAGE_TOO_BIG, reason)
    ]
    parts = [client_frame(TEXT, bytes(1_500), fin=False), client_frame(0, bytes(501))]
    assert scan(b"".join(parts)) == [Violation(close_codes.MESSAGE_TOO_BIG, reason)]


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_our_frames_are_whole_and_unmasked(size: int) -> None:
    """What we send reads back as one frame."""
    payload = bytes(size)
    frame = frames.data_frame(TEXT, payload)
    assert frame == client_frame(TEXT, payload, mask=None)
    assert frames.close_frame(1000, "bye") == client_frame(CLOSE, b"\x03\xe8bye", mask=None)
    assert frames.pong_frame(b"hi") == client_frame(PONG, b"hi", mask=None)


@pytest.mark.parametrize("reason", ["", "short", "x" * 300, "界" * 60])
def test_a_close_frame_fits_a_control_frame(reason: str) -> None:
    """However long the reason is (RFC 6455 section 5.5)."""
    frame = frames.close_frame(1001, reason)
    assert frame[1] == len(frame) - 2 <= 125
    frame[4:].decode()


def test_one_message_is_framed_once() -> None:
    """The same object in a row gives the same frame object; an equal one is framed anew."""
    framer, message = TextFramer(), b"{" + bytes(500) + b"}"
    first = framer.frame(message, False)
    assert framer.frame(message, False) is first
    assert framer.frame(bytes(bytearray(message)), False) == first


def test_a_packed_message_is_framed_once_for_each_form() -> None:
    """Deflated for those who agreed on it, with the bit that says so; as text for the others."""
    framer, text = TextFramer(), b"[" + b"op," * 200 + b"]"
    message, other = Packed(text), Packed(b"other")
    deflated = framer.frame(message, True)
    assert deflated[0] == 0xC1
    assert unpack(deflated[4:] if deflated[1] == 126 else deflated[2:], len(text)) == text
    assert framer.frame(message, False) == frames.data_frame(TEXT, text)
    assert framer.frame(message, False) is framer.frame(message, False)
    assert framer.frame(other, True) != deflated
    assert framer.frame(message, True) is deflated
    assert framer.frame(b"plain", True) == frames.data_frame(TEXT, b"plain")


@pytest.mark.parametrize(
    "data",
    [
        b"\xc9" + client_frame(PING, b"hi")[1:],
        client_frame(TEXT, b"a", fin=False) + b"\xc0" + client_frame(0, b"b")[1:],
        b"\xa1" + client_frame(TEXT, b"hi")[1:],
        b"\xf1" + client_frame(TEXT, b"hi")[1:],
    ],
)
def test_the_deflate_bit_has_its_place(data: bytes) -> None:
    """In the first frame of a message, and no other bit (RFC 7692 section 6). [CON-19]"""
    assert scan(data, unpacks=True) == [Violation(close_codes.PROTOCOL_ERROR, "reserved bit set")]


def test_a_deflated_message_without_agreement_is_1002() -> None:
    """Whole and in fragments. [CON-21]"""
    for data in (packed(b"hello"), packed(b"hello", [2])):
        assert scan(data) == [Violation(close_codes.PROTOCOL_ERROR, "reserved bit set")]


def test_a_message_that_grows_above_the_limit_is_not_inflated_further() -> None:
    """A megabyte out of a kilobyte: the next message is heard. [CON-22]"""
    bomb = packed(bytes(200_000), level=9)
    assert len(bomb) < LIMIT
    for data in (bomb, packed(bytes(200_000), [50], level=9)):
        assert scan(data + packed(b"next"), unpacks=True) == [Oversize(LIMIT + 1), b"next"]


@pytest.mark.parametrize("cut", [None, 400])
def test_many_messages_that_grow_are_scanned_in_turns(cut: int | None) -> None:
    """A kilobyte each, a megabyte inflated: one at a time, and all of them, in order. [CON-22]"""
    scanner, most = FrameScanner(unpacks=True), limits.MAX_FRAME_BYTES
    texts = [bytes(most), bytes(most - 1), bytes(most + 1), b"small", b"plain"]
    data = b"".join(map(packed, texts[:-1])) + client_frame(TEXT, texts[-1])
    found = [scanner.feed(data[:cut]), scanner.feed(data[cut:])] if cut else [scanner.feed(data)]
    while scanner.is_paused:
        found.append(scanner.feed(b""))
    assert [some for some in found if some] == [texts[:1], texts[1:2], [Oversize(most + 1)], texts[3:]]


@pytest.mark.parametrize("payload", [b"\xff\xff\xff", b"\x07"])
def test_what_does_not_inflate_is_1007(payload: bytes) -> None:
    """And what is no UTF-8 when it has inflated. [CON-23]"""
    data = b"\xc1" + client_frame(TEXT, payload)[1:]
    (fault,) = scan(data, unpacks=True)
    assert isinstance(fault, Violation)
    assert (fault.code, fault.reason.partition(":")[0]) == (1007, "message does not inflate")
    assert scan(packed(b"\xff"), unpacks=True) == [
        Violation(close_codes.INVALID_TEXT, "text message is not UTF-8")
    ]


def test_a_deflated_binary_message_is_passed_over_like_any() -> None:
    """Unread. [CON-10]"""
    data = b"\xc2" + client_frame(BINARY, b"anything")[1:]
    assert scan(data, unpacks=True) == [BINARY_MESSAGE]


@settings(max_examples=300)
@given(
    st.one_of(
        st.builds(lambda text, at: (masked_text(text), at), st.binary(max_size=300), st.integers(0, 40)),
        st.builds(lambda data, at: (data, at), st.binary(max_size=40), st.just(0)),
        st.builds(
            lambda size, start: (of_size(size, start), 0),
            st.sampled_from([2, 125, 126, 127]),
            st.binary(max_size=14),
        ),
    )
)
def test_a_single_text_is_taken_as_the_scan_would(case: tuple[bytes, int]) -> None:
    """The short way gives the one message that the scan finds, or has touched nothing."""
    frame, cut = case
    data = frame[: len(frame) - cut] if cut < len(frame) else frame
    quick, whole = FrameScanner(), FrameScanner()
    text = quick.take_single(data)
    found = whole.feed(data)
    if text is not None:
        assert found == [text]
    else:
        assert shown(quick.feed(data)) == shown(found)
    tail = masked_text(b"{}")
    assert shown(quick.feed(tail)) == shown(whole.feed(tail))


def of_size(size: int, start: bytes) -> bytes:
    """What looks like a text frame with the size in its second byte, whatever that means; it begins with `start`."""
    return bytes((0x81, 0x80 | size)) + (start + bytes(size + 4))[: size + 4]


def masked_text(payload: bytes) -> bytes:
    """A client's text frame."""
    return bytes(client_frame(TEXT, payload))


def test_a_single_text_is_not_taken_within_another_message() -> None:
    """It would come before what began first, or be no message at all."""
    scanner = FrameScanner()
    assert scanner.take_single(masked_text(b"{}")) == b"{}"
    begun = bytearray(masked_text(b"[1"))
    begun[0] &= 0x7F
    assert scanner.feed(bytes(begun)) == []
    assert scanner.take_single(masked_text(b"{}")) is None


def test_a_single_text_is_not_taken_out_of_the_beginning_of_a_long_one() -> None:
    """A length of eight bytes begins with 127; what came of it first may have the size of a frame with so many bytes."""
    text = b"{}".ljust(2**16)
    frame = masked_text(text)
    for size in range(14, 200):
        scanner = FrameScanner()
        assert scanner.take_single(frame[:size]) is None
        assert scanner.feed(frame[:size]) == []
        assert scanner.feed(frame[size:]) == [text]
