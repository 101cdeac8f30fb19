"""Takes docs/images/debug-flame.png: where a server's CPU time goes while people draw, as `/debug/` shows it. Run by hand.

`PYTHONPATH=tests python tests/browser/take_debug_picture.py [--dark] [FILE]`
"""

import argparse
import math
import tempfile
import threading
from pathlib import Path
from typing import Any

import trio
from browser.chromium import launched
from integration.server_process import ServerProcess
from playwright.sync_api import Browser, Page

from whiteboard.client import open_board

SIZE = {"width": 1280, "height": 800}
FILE = Path(__file__).parents[2] / "docs" / "images" / "debug-flame.png"
PEOPLE = 12
SECONDS = 5
STROKE_EVERY = 0.02
ROW_PX = 20
POINTED_AT = 16
"""The row under the pointer."""


async def draw(url: str, board: str) -> None:
    """One stroke after the other, for ever."""
    async with open_board(url, board) as at:
        shift = 0.0
        while True:
            shift += 0.4
            await at.stroke([(60 + 9 * n, 200 + 90 * math.sin(n / 5 + shift), 0.5) for n in range(40)])
            await trio.sleep(STROKE_EVERY)


async def draw_together(url: str) -> None:
    """Several people on some boards, until the profile is there."""
    with trio.move_on_after(3 * SECONDS):
        async with trio.open_nursery() as nursery:
            for number in range(PEOPLE):
                nursery.start_soon(draw, url, f"team-{number % 3}")


def look(browser: Browser, url: str, *, dark: bool) -> Page:
    """The operator's page, at its profiles."""
    scheme: Any = "dark" if dark else "light"
    # Playwright types sizes and schemes as its own literals
    context = browser.new_context(viewport=SIZE, locale="en-US", color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{url}/debug/#profiles")
    return page


def take(file: Path, *, dark: bool) -> None:
    """Have people draw, and take profile and picture."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ServerProcess(Path(folder), "memory") as server,
        launched() as browser,
    ):
        page = look(browser, server.url, dark=dark)
        drawing = threading.Thread(target=trio.run, args=(draw_together, server.url))
        drawing.start()
        page.get_by_test_id("profile-seconds").fill(str(SECONDS))
        page.get_by_test_id("profile-take").click()
        flame = page.get_by_test_id("flame")
        flame.wait_for(timeout=1_000 * (SECONDS + 30))
        drawing.join()
        page.evaluate("document.querySelector('.flame-panel').scrollIntoView()")
        page.wait_for_timeout(500)  # for the graph to be drawn: a picture, not a test
        box = flame.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 60, box["y"] + (POINTED_AT + 0.5) * ROW_PX)
        page.wait_for_timeout(300)
        file.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=file)


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=FILE)
    parser.add_argument("--dark", action="store_true")
    arguments = parser.parse_args()
    take(arguments.file, dark=arguments.dark)


if __name__ == "__main__":
    main()
