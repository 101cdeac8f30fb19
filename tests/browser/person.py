"""Somebody at a browser: what they do with hands and keys, and what they and their page know."""

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Request,
    WebSocket,
    expect,
)

Json = dict[str, Any]
At = tuple[float, float]

NETWORK_TROUBLE = re.compile(r"net::ERR_|WebSocket connection to|WebSocket is closed before", re.IGNORECASE)
"""What Chromium itself writes to the console when there is no network."""
LEFT = re.compile(r"context was destroyed|frame (was|got) detached|navigation", re.IGNORECASE)
"""What Playwright says of a question to a page that has gone."""
TOLD = 30
"""So many of a page's last complaints stand below an error, expected ones too."""
MOVES = 2
"""Pointer events from one point of a drawing to the next."""
WAIT_MS = 20_000
expect.set_options(timeout=WAIT_MS)
WAIT = """([argument, ms, words]) => {
  const holds = (CONDITION), end = performance.now() + ms;
  return new Promise((resolve, reject) => {
    const look = () => {
      let trouble = "not so";
      try {
        if (holds(argument)) return resolve();
      } catch (error) {
        trouble = error;
      }
      if (performance.now() < end) setTimeout(look, 15);
      else reject(new Error(`waited in vain for ${words}: ${trouble}`));
    };
    look();
  });
}"""


class Person:
    """One tab. Whatever its page complains of is in `troubles`, and fails the test at its end."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.troubles: list[str] = []
        self.complaints: deque[str] = deque(maxlen=TOLD)
        self.expects_network_trouble = False
        self.sent: list[str] = []
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", self._hear_error)
        page.on("console", self._hear_console)
        page.on("requestfailed", self._hear_failure)
        page.on("websocket", self._hear_socket)

    def _hear_error(self, error: Error) -> None:
        self._note(f"page error: {error}")

    def _hear_console(self, message: ConsoleMessage) -> None:
        text = f"console {message.type}: {message.text} ({message.location.get('url')})"
        if message.type not in {"error", "warning"}:
            self.complaints.append(text)
        else:
            self._note(
                text, is_expected=self.expects_network_trouble and NETWORK_TROUBLE.search(message.text)
            )

    def _hear_failure(self, request: Request) -> None:
        self.complaints.append(f"no answer: {request.failure} ({request.url})")

    def _note(self, text: str, *, is_expected: object = False) -> None:
        self.complaints.append(text)
        if not is_expected:
            self.troubles.append(text)

    def _hear_socket(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda payload: self.sent.append(str(payload)))

    # --- what the page knows ------------------------------------------------------------------

    def ask(self, expression: str, argument: object = None) -> Any:
        """The value of a JavaScript expression or function in the page."""
        return self.page.evaluate(expression, argument)

    def wait(self, expression: str, argument: object = None) -> None:
        """Return once it is true in the page. Playwright's own way needs `eval`, which the page forbids."""
        is_function = "=>" in expression
        condition = expression if is_function else f"() => ({expression})"
        self.page.evaluate(WAIT.replace("CONDITION", condition), [argument, WAIT_MS, expression])

    def wait_after_leaving(self, expression: str) -> None:
        """As `wait`, while the page is being left for another."""
        while True:
            try:
                self.wait(expression)
            except Error as error:
                if not LEFT.search(str(error)):
                    raise
            else:
                return

    @property
    def elements(self) -> list[Json]:
        """What the page shows, from bottom to top, as the API tells it."""
        found: list[Json] = json.loads(self.ask("JSON.stringify(probe.elements())"))
        return found

    @property
    def ids(self) -> list[str]:
        """Their ids, from bottom to top."""
        return str(self.ask("whiteboard.view.drawOrder().join(' ')")).split()

    @property
    def own_ids(self) -> set[str]:
        """The ids of those that this tab made: what others draw meanwhile is not among them."""
        return {element["id"] for element in self.elements if element["by"] == self.client}

    def element(self, element_id: str) -> Json:
        """One of them."""
        found: Json = self.ask("id => probe.element(id)", element_id)
        return found

    @property
    def client(self) -> str:
        """The client id of this tab."""
        return str(self.ask("whiteboard.sync.client"))

    @property
    def pending(self) -> int:
        """Ops that no server has confirmed."""
        return int(self.ask("whiteboard.sync.status.pending"))

    @property
    def camera(self) -> Json:
        """x, y: the board's coordinates in the view's corner; z: the zoom."""
        found: Json = self.ask("probe.camera()")
        return found

    def sees(self, **properties: object) -> None:
        """Wait until there is an element with these properties."""
        self.wait("wanted => probe.has(wanted)", properties)

    def sees_count(self, count: int) -> None:
        """Wait until so many elements are there."""
        self.wait("count => whiteboard.view.drawOrder().length === count", count)

    def settles(self) -> None:
        """Wait until all that was done here is confirmed and shown as confirmed."""
        self.wait("probe.isSettled()")

    def middle(self, element_id: str) -> At:
        """Where on the screen the middle of an element is."""
        x, y = self.ask("id => probe.middle(id)", element_id)
        return x, y

    def edge(self, element_id: str) -> At:
        """Where the middle of its upper edge is, by which an unfilled shape is taken."""
        x, y = self.ask("id => probe.edge(id)", element_id)
        return x, y

    # --- the page as a whole ------------------------------------------------------------------

    def open(self, url: str) -> "Person":
        """Go to a board; return once it may be drawn on."""
        with self._telling():
            self.page.goto(url, wait_until="commit")  # the page may load itself again before it is complete
        return self.arrives()

    def arrives(self) -> "Person":
        """Wait until the board is there, with all tools and its first picture."""
        with self._telling():
            self.wait_after_leaving("window.probe?.isReady() && !window.whiteboard.sync.status.loading")
        return self

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """What fails in the block says what the page has complained of, the expected included."""
        try:
            yield
        except Error as error:
            error.add_note("\n".join(["what the page has said:", *(self.complaints or ["nothing"])]))
            raise

    def comes_back(self) -> None:
        """Have the page connect now, if it has not come back by itself already."""
        self.ask("() => whiteboard.sync.retry()")

    def find(self, testid: str) -> Locator:
        """A part of the page by its name for tests."""
        return self.page.get_by_test_id(testid)

    @property
    def light(self) -> Locator:
        """The light that says what is saved."""
        return self.find("status")

    def light_says(self, level: str, text: str | re.Pattern[str]) -> None:
        """Wait until the light is at a level and says a text."""
        expect(self.light).to_have_attribute("data-level", level)
        expect(self.light.locator(".status-text")).to_have_text(text)

    # --- hands --------------------------------------------------------------------------------

    def take(self, tool: str) -> None:
        """Take up a tool from the toolbar."""
        button = self.find(f"tool-{tool}")
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")

    def press_down(self, at: At) -> None:
        """Put the pointer down."""
        self.page.mouse.move(*at)
        self.page.mouse.down()

    def drag_on(self, path: Iterable[At]) -> None:
        """Move the pointer along a path without lifting it."""
        for at in path:
            self.page.mouse.move(*at, steps=MOVES)

    def let_go(self) -> None:
        """Lift the pointer."""
        self.page.mouse.up()

    def drag(self, *path: At) -> None:
        """Down, along, up."""
        self.press_down(path[0])
        self.drag_on(path[1:])
        self.let_go()

    def draw(self, *path: At) -> str:
        """A pen stroke with the tool in hand; its id."""
        before = self.own_ids
        self.drag(*path)
        (made,) = self.own_ids - before
        return made

    def shape(self, tool: str, start: At, end: At) -> str:
        """A shape, dragged out; its id. It is selected afterwards."""
        self.take(tool)
        made = self.draw(start, end)
        self.wait("whiteboard.desk.toolId === 'select' && whiteboard.desk.selection.size === 1")
        return made

    def key(self, *chords: str) -> None:
        """Press keys, one after the other."""
        for chord in chords:
            self.page.keyboard.press(chord)

    def write(self, at: At, text: str, tool: str = "text") -> str:
        """A text or a note at a place; its id."""
        before = self.own_ids
        self.take(tool)
        self.page.mouse.click(*at)
        editor = self.find("text-editor")
        expect(editor).to_be_focused()
        self.page.keyboard.insert_text(text)
        self.key("Escape")
        expect(editor).to_have_count(0)
        (made,) = self.own_ids - before
        return made


def meet(context: BrowserContext) -> Person:
    """A new tab in somebody's browser."""
    return Person(context.new_page())


def op_ids_sent(person: Person) -> list[str]:
    """Ids of the ops that a tab has sent, each as often as it was sent."""
    messages: list[Json] = []
    for frame in person.sent:
        parsed = json.loads(frame)
        messages.extend(parsed if isinstance(parsed, list) else [parsed])
    return [str(message["opId"]) for message in messages if "opId" in message]


def zigzag(x: float, y: float, teeth: int = 4, size: float = 40) -> Sequence[At]:
    """A path whose every corner must survive smoothing and simplification."""
    return [(x + n * size / 2, y + (size if n % 2 else 0)) for n in range(teeth * 2 + 1)]
