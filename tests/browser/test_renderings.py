"""The server's picture of a board beside what the page shows of it."""

import hashlib
import re
from urllib.request import Request, urlopen

import pytest
from browser.conftest import Invite
from browser.picture import Picture, picture, pixels
from integration.server_process import ServerProcess
from web.pictures_made import png

pytestmark = pytest.mark.browser
PHOTO = png(60, 50, (240, 140, 0))

# In the middle of the page, away from its bars; one of each kind, in many colours, and nothing whose size a font decides
# at the edges of the picture.
BOARD = [
    {"type": "shape", "id": "frame", "kind": "rectangle", "x": 129.6, "y": 109.6, "w": 740.8, "h": 460.8, "color": "#868e96"},
    {"type": "stroke", "id": "ink", "color": "#e03131", "width": 12, "points": [[160, 160, 0.3], [230, 220, 0.8], [300, 150, 0.5], [320, 240, 1]]},
    {"type": "stroke", "id": "thin", "color": "hsl(210 80% 40%)", "width": 1, "points": [[160, 260], [260, 300], [330, 250]]},
    {"type": "stroke", "id": "dot", "width": 30, "points": [[190, 320, 0.5]]},
    {"type": "stroke", "id": "wide", "color": "orange", "width": 6, "x": 400, "y": 20, "w": 120, "points": [[0, 120], [30, 180], [60, 120]]},
    {"type": "shape", "id": "oval", "kind": "ellipse", "x": 560, "y": 140, "w": 120, "h": 80, "color": "#1971c2", "fill": "#d3e4f8"},
    {"type": "shape", "id": "diamond", "kind": "diamond", "x": 710, "y": 130, "w": 120, "h": 100, "color": "#2f9e44", "width": 8},
    {"type": "shape", "id": "arrow", "kind": "arrow", "x": 380, "y": 260, "w": 120, "h": 60, "width": 5},
    {"type": "shape", "id": "line", "kind": "line", "x": 540, "y": 330, "w": 100, "h": -60, "color": "#6741d9", "opacity": 0.5},
    {"type": "shape", "id": "turned", "kind": "rectangle", "x": 690, "y": 280, "w": 120, "h": 60, "rotation": 0.5, "fill": "#ffe3e3"},
    {"type": "note", "id": "note", "x": 170, "y": 380, "w": 150, "h": 120, "color": "#d3f9d8", "text": "a note that wraps 中文"},
    {"type": "text", "id": "text", "x": 380, "y": 380, "size": 40, "color": "#0c8599", "text": "Hello\n你好"},
    {"type": "image", "id": "photo", "x": 560, "y": 380, "w": 120, "h": 100, "asset": hashlib.sha256(PHOTO).hexdigest()},
    {"type": "page", "id": "page", "x": 710, "y": 380, "w": 100, "h": 100},
]  # fmt: skip


def test_a_picture_looks_as_the_page_does(invite: Invite, shared_server: ServerProcess, board: str) -> None:
    """Pixel for pixel, but for the edges of lines and letters. [PIC-2]"""
    with urlopen(Request(f"{shared_server.url}/api/boards/{board}/assets", PHOTO)) as kept:
        assert kept.status == 201
    person = invite(shared_server)
    for op in BOARD:
        person.ask("op => { whiteboard.desk.submit(op); }", op)
    person.settles()
    person.wait("() => [...whiteboard.desk.album.entries.values()].every((one) => one.state === 'ready')")
    left, top, ours = _export(shared_server, board)
    person.ask("() => { document.documentElement.style.setProperty('--dots', 'transparent'); }")
    theirs = picture(person, left, top, len(ours[0]), len(ours))
    apart = [
        (x, y)
        for y, (one, other) in enumerate(zip(ours, theirs, strict=True))
        for x, (a, b) in enumerate(zip(one, other, strict=True))
        if max(abs(a[0] - b[0]), abs(a[1] - b[1]), abs(a[2] - b[2])) > 64
    ]
    assert len(apart) < 0.002 * len(ours) * len(ours[0]), apart[:20]


def _export(server: ServerProcess, board: str) -> tuple[int, int, Picture]:
    """Where on the board the server's picture begins, and its pixels."""
    address = f"{server.url}/api/boards/{board}/export"
    with urlopen(f"{address}.svg") as answer:
        box = re.search(r'viewBox="(\S+) (\S+) ', answer.read().decode())
    with urlopen(f"{address}.png") as answer:
        shown = pixels(answer.read())
    assert box is not None
    left, top = float(box[1]), float(box[2])
    assert (left, top) == (round(left), round(top))  # on whole pixels, so that edges fall alike
    return int(left), int(top), shown
