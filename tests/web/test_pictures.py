"""Types and sizes by the first bytes."""

import pytest
from hypothesis import given, strategies
from web.pictures_made import gif, jpeg, png, png_head, webp

from whiteboard.web.pictures import Picture, look_at

SEGMENT = b"\xff\xe1\x00\x06Exif"
DHT = b"\xff\xc4\x00\x04\x00\x00"


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (png(640, 480), "image/png"),
        (gif(640, 480), "image/gif"),
        (gif(640, 480).replace(b"89a", b"87a"), "image/gif"),
        (jpeg(640, 480), "image/jpeg"),
        (jpeg(640, 480, SEGMENT, DHT, b"\xff\xff\xff", b"\xff\x01", SEGMENT * 300), "image/jpeg"),
        (jpeg(640, 480).replace(b"\xff\xc0", b"\xff\xc2"), "image/jpeg"),
        (webp("VP8 ", 640, 480), "image/webp"),
        (webp("VP8L", 640, 480), "image/webp"),
        (webp("VP8X", 640, 480), "image/webp"),
    ],
)
def test_the_four_types(body: bytes, media_type: str) -> None:
    """Each is known by its first bytes, with its size. [HTTP-20]"""
    assert look_at(body) == Picture(media_type, 640, 480)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='3' height='2'/>",
        b"<!doctype html><script>",
        b"%PDF-1.7",
        b"BM" + bytes(60),
        png_head(0, 2),
        png_head(3, 0),
        png()[:20],
        png().replace(b"IHDR", b"IDAT"),
        gif()[:9],
        gif(0, 1),
        jpeg()[:15],
        jpeg(0, 2),
        b"\xff\xd8\xff" + b"\xff" * 5000,
        b"\xff\xd8\xff\xe0\x00\x00" * 5000,
        b"RIFF\x00\x00\x00\x00WAVE" + bytes(60),
        webp("VP8 ").replace(b"\x9d\x01", b"\x00\x00"),
        webp("VP8L").replace(b"\x2f", b"\x00"),
        webp("VP8Z"),
        webp("VP8X")[:25],
    ],
)
def test_what_is_no_picture(body: bytes) -> None:
    """Other types, heads that break off, and pictures without any extent are none. [HTTP-20]"""
    assert look_at(body) is None


@given(strategies.binary(max_size=80), strategies.sampled_from([b"", png(), jpeg(), gif(), webp("VP8 ")]))
def test_any_bytes_have_an_answer(tail: bytes, head: bytes) -> None:
    """Whatever is sent, it is a picture with an extent or none."""
    found = look_at(head[: len(head) // 2] + tail)
    assert found is None or (found.width > 0 and found.height > 0)
