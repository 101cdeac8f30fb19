"""Boards as SVG, read back as XML."""

from base64 import b64decode
from xml.etree import ElementTree as ET

import pytest
from core.scene.made import drawn, element, wave

from whiteboard import limits
from whiteboard.core.scene.framing import export_frame
from whiteboard.core.scene.geometry import around
from whiteboard.render.asked import Asset, TooLarge
from whiteboard.render.svg import number, write_svg

SVG = "{http://www.w3.org/2000/svg}"


def parsed(*elements: bytes, assets: dict[str, Asset] | None = None) -> ET.Element:
    """The document that is written of elements."""
    drawings = [drawn(one) for one in elements]
    frame = export_frame(around(one.box for one in drawings), 1.0)
    return ET.fromstring(write_svg(drawings, frame, assets or {}))


def test_elements_are_in_their_order_with_their_colours() -> None:
    """Behind paper that fills the frame; in a box that says what part of the board it is. [PIC-3]"""
    root = parsed(
        wave("s", 0, 0, color="#e03131"),
        element("shape", kind="ellipse", x=10, y=10, w=50, h=50, fill="#d3f9d880", color="green"),
    )
    paper, stroke, fill, ring = root
    assert paper.get("fill") == "#fbfaf7"
    assert stroke.get("fill") == "#e03131"
    assert (fill.get("fill"), fill.get("fill-opacity")) == ("#d3f9d8", "0.502")
    assert (ring.get("stroke"), ring.get("stroke-width")) == ("#008000", "4")
    left, top, width, height = map(float, (root.get("viewBox") or "").split())
    assert left < -24
    assert top < -40
    assert (round(width), round(height)) == (int(root.get("width", 0)), int(root.get("height", 0)))


def test_texts_are_escaped() -> None:
    """What people write is text, whatever it looks like; what XML has no way to write is a sign for that. [PIC-3]"""
    root = parsed(element("text", text='<script>alert("&amp;")</script>\x00', color='red" onload="x'))
    (text,) = root.findall(f"{SVG}text")
    assert text.text == '<script>alert("&amp;")</script>\ufffd'
    assert text.get("fill") == "#1e1e1e"
    assert root.find(f"{SVG}script") is None


def test_pictures_are_in_the_document() -> None:
    """As they were uploaded; a sign for those that are not here. [PIC-3]"""
    here = Asset("image/png", b"bytes")
    shown = [element("image", f"i{at}", asset=name, opacity=0.5) for at, name in enumerate(("a", "b"))]
    root = parsed(*shown, assets={"a": here})
    image, *sign = list(root)[1:]
    source = image.get("href") or ""
    assert source.startswith("data:image/png;base64,")
    assert b64decode(source.partition(",")[2]) == here.body
    assert image.get("opacity") == "0.5"
    assert [one.tag for one in sign] == [f"{SVG}path"] * 2


def test_a_turned_element_is_in_a_group() -> None:
    """In degrees, about its middle."""
    root = parsed(element("shape", kind="rectangle", x=0, y=0, w=100, h=50, rotation=0.5), element("page"))
    assert root[1].get("transform") == "rotate(28.65 50 25)"
    assert root[2].get("stroke-dasharray") == "6 4"


def test_a_document_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be larger than MAX_SVG_BYTES is refused."""
    monkeypatch.setattr(limits, "MAX_SVG_BYTES", 500)
    with pytest.raises(TooLarge, match="more than 500 bytes"):
        parsed(*(wave(f"s{at}", 0, 0) for at in range(5)))


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1"), (-0.001, "0"), (1.005, "1"), (-12.5, "-12.5"), (1e9, "1000000000")]
)
def test_numbers_are_short(value: float, text: str) -> None:
    """Hundredths, and no digit that says nothing."""
    assert number(value) == text
