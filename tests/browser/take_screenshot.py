"""Takes docs/images/two-people.png: two people drawing, seen by a third. Run by hand.

`PYTHONPATH=tests python tests/browser/take_screenshot.py [--dark] [FILE]`
"""

import argparse
import math
import tempfile
from pathlib import Path
from typing import Any

from browser.chromium import launched
from browser.conftest import PROBE, introduce
from browser.handwriting import Point, inked, smooth, written
from browser.person import Person, meet
from integration.server_process import ServerProcess
from playwright.sync_api import Browser

SIZE = {"width": 1280, "height": 800}
FILE = Path(__file__).parents[2] / "docs" / "images" / "two-people.png"
BOARD = "how-it-works"

INK, GREY, RED, ORANGE, GREEN = "#1e1e1e", "#868e96", "#e03131", "#f08c00", "#2f9e44"
BLUE, VIOLET, TEAL = "#1971c2", "#6741d9", "#0c8599"
PALE = {BLUE: "#d3e4f8", VIOLET: "#e2dcf9", GREEN: "#d5efd9", TEAL: "#cfeaee"}


class Artist:
    """Puts finished things on the board, as a person of the room would have drawn them."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self._made = 0

    def put(self, op: str, **fields: Any) -> None:
        """One element."""
        self._made += 1
        element = f"{self.person.client}-{self._made}"
        self.person.ask("op => { whiteboard.desk.submit(op); }", {"type": op, "id": element, **fields})

    def ink(self, path: list[Point], color: str = INK, width: float = 4) -> None:
        """A stroke through a few points."""
        self.put("stroke", points=inked(smooth(path)), color=color, width=width)

    def hand(self, text: str, at: Point, size: float, color: str = INK, width: float = 4) -> None:
        """Handwriting."""
        for points in written(text, *at, size):
            self.put("stroke", points=points, color=color, width=width)

    def box(self, kind: str, at: Point, sides: Point, color: str, label: str) -> None:
        """A filled shape with its label in the middle."""
        (x, y), (w, h) = at, sides
        self.put("shape", kind=kind, x=x, y=y, w=w, h=h, color=color, fill=PALE[color], width=3)
        size = 22
        text = self.person.ask("([text, size]) => whiteboard.scene.measure(text, size)", [label, size])
        self.put(
            "text", text=label, size=size, color=INK, x=x + (w - text["w"]) / 2, y=y + (h - text["h"]) / 2
        )

    def arrow(self, x: float, y: float, w: float, h: float, color: str = INK) -> None:
        """An arrow from a point, so far."""
        self.put("shape", kind="arrow", x=x, y=y, w=w, h=h, color=color, width=3)

    def note(self, x: float, y: float, text: str, color: str) -> None:
        """A sticky note."""
        self.put("note", x=x, y=y, w=196, h=92, text=text, size=19, color=color)


def cylinder(artist: Artist, x: float, y: float, w: float, h: float) -> None:
    """A disk, as one draws it by hand."""
    rim = [
        (x + w / 2 + w / 2 * math.cos(a), y + 16 * math.sin(a)) for a in (n * math.pi / 6 for n in range(13))
    ]
    foot = [
        (x + w / 2 + w / 2 * math.cos(a), y + h + 16 * math.sin(a))
        for a in (n * math.pi / 6 for n in range(7))
    ]
    belly = [(px, py - h / 2 + 4) for px, py in foot]
    for path in (
        rim,
        foot,
        belly,
        [(x, y), (x - 2, y + h / 2), (x, y + h)],
        [(x + w, y), (x + w + 2, y + h / 2), (x + w, y + h)],
    ):
        artist.ink(path, TEAL, 4)


def smiley(artist: Artist, x: float, y: float, r: float) -> None:
    """Somebody is content."""
    artist.ink(
        [(x + r * math.cos(a), y + r * math.sin(a)) for a in (n * math.pi / 6 for n in range(14))], ORANGE, 4
    )
    for side in (-1, 1):
        artist.ink([(x + side * r * 0.35, y - r * 0.35), (x + side * r * 0.36, y - r * 0.15)], ORANGE, 6)
    artist.ink([(x - r * 0.5, y + r * 0.2), (x, y + r * 0.55), (x + r * 0.5, y + r * 0.2)], ORANGE, 4)


def draw(ada: Artist, mei: Artist) -> None:
    """The drawing, but for what is being drawn."""
    ada.hand("how a stroke travels", (372, 172), 30, INK, 5)
    ada.ink([(368, 200), (520, 192), (700, 198), (900, 190), (884, 202), (760, 208)], ORANGE, 5)
    ada.box("rectangle", (132, 296), (178, 100), BLUE, "your pen")
    ada.arrow(322, 346, 130, 0)
    ada.box("ellipse", (466, 276), (220, 140), VIOLET, "your server")
    ada.arrow(696, 318, 150, -38)
    ada.arrow(696, 374, 150, 46)
    mei.box("rectangle", (862, 232), (196, 88), GREEN, "Mei’s tablet")
    mei.box("rectangle", (862, 384), (196, 88), GREEN, "the big screen")
    ada.arrow(576, 428, 0, 66)
    cylinder(ada, 512, 522, 128, 88)
    mei.hand("live", (738, 356), 19, GREEN, 4)
    mei.note(132, 524, "“Saved” means\nstored on disk.", "#fff3bf")
    mei.note(862, 524, "断网也能接着画，\n回来一笔不丢。", "#d3f9d8")
    smiley(mei, 1116, 214, 30)
    ada.ink([(448, 372), (384, 392), (324, 374)], RED, 4)
    ada.ink([(340, 362), (322, 374), (342, 388)], RED, 4)


def meet_at(browser: Browser, url: str, name: str, color: str, *, dark: bool) -> Person:
    """Somebody comes to the board."""
    scheme: Any = "dark" if dark else "light"
    # Playwright types sizes and schemes as its own literals
    context = browser.new_context(viewport=SIZE, locale="en-US", color_scheme=scheme, device_scale_factor=1)  # type: ignore[arg-type]
    context.add_init_script(path=PROBE)
    person = meet(context)
    introduce(person, name, color)
    return person.open(f"{url}/b/{BOARD}")


def take(file: Path, *, dark: bool) -> None:
    """Draw it and take the picture."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ServerProcess(Path(folder), "sqlite") as server,
        launched() as browser,
    ):
        viewer = meet_at(browser, server.url, "Jonas", "#0369a1", dark=dark)
        ada = meet_at(browser, server.url, "Ada", "#c2410c", dark=dark)
        mei = meet_at(browser, server.url, "梅 Mei", "#15803d", dark=dark)
        draw(Artist(ada), Artist(mei))
        for person in (ada, mei):
            person.settles()
        # What is being drawn, with the pointers down.
        ada.find("color-red").click()
        for stroke in written("stored!", 352, 456, 20):
            ada.press_down((stroke[0][0], stroke[0][1]))
            ada.drag_on([(x, y) for x, y, _ in stroke[2::3]])
            ada.let_go()
        mei.find("color-violet").click()
        mei.press_down((672, 572))
        mei.drag_on(smooth([(672, 572), (690, 598), (706, 614), (724, 580), (752, 538), (772, 516)])[::3])
        ada.settles()
        viewer.settles()
        viewer.wait("whiteboard.layers.moving.size <= 1")
        viewer.find("status").hover()
        viewer.page.mouse.move(640, 240)
        ada.page.mouse.move(482, 462, steps=3)
        mei.page.mouse.move(774, 513)
        viewer.wait("document.querySelectorAll('[data-testid=cursor]:not(.is-idle)').length === 2")
        viewer.page.wait_for_timeout(600)  # for the cursors to arrive: a picture, not a test
        file.parent.mkdir(parents=True, exist_ok=True)
        viewer.page.screenshot(path=file)


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=FILE)
    parser.add_argument("--dark", action="store_true")
    arguments = parser.parse_args()
    take(arguments.file, dark=arguments.dark)


if __name__ == "__main__":
    main()
