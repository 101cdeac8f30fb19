"""Real people at a real Chromium, at a real server."""

import itertools
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from browser.chromium import launched
from browser.line import Line
from browser.person import Json, Person, meet
from integration.server_process import ServerProcess
from playwright.sync_api import Browser, BrowserContext

PROBE = Path(__file__).with_name("probe.js")

Browse = Callable[..., BrowserContext]
Invite = Callable[..., Person]


@pytest.fixture(scope="module", autouse=True)
def uncounted_servers(uncounted_processes: None) -> None:
    """What the servers run is counted in the tests of the packages and of integration."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for a module.

    Not for longer: its driver keeps an event loop in this thread, and later tests run Trio in it.
    """
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server in sqlite mode for all tests of a module."""
    with ServerProcess(tmp_path_factory.mktemp("server"), "sqlite") as running:
        yield running


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server in sqlite mode that the test may kill and start again."""
    with ServerProcess(tmp_path, "sqlite") as running:
        yield running


@pytest.fixture
def own_line(own_server: ServerProcess) -> Iterator[Line]:
    """A line to it that the test may cut."""
    with Line(own_server.port) as line:
        yield line


@pytest.fixture
def board(request: pytest.FixtureRequest) -> str:
    """A board id for this test alone."""
    return re.sub(r"\W+", "-", request.node.name).strip("-")


@pytest.fixture
def browse(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Browse]:
    """Make browsers of people: `browse(**options of the context)`. Each has its own storage."""
    for theirs in ("own_server", "own_line"):
        if theirs in request.fixturenames:
            request.getfixturevalue(theirs)  # people leave before their server does, and its line
    with ExitStack() as stack:

        def start(**options: Any) -> BrowserContext:
            settings = {"viewport": {"width": 1000, "height": 700}, "locale": "en-US", **options}
            context = chromium.new_context(**settings, reduced_motion="reduce")
            stack.callback(context.close)
            context.add_init_script(path=PROBE)
            return context

        yield start


@pytest.fixture
def invite(browse: Browse, board: str) -> Iterator[Invite]:
    """Bring people to the test's board; none of their pages may have complained at the end.

    `invite(server_or_line, **options)`, or `invite(…, context=…)` for one more tab of a browser.
    """
    people: list[Person] = []
    number = itertools.count(1)

    def bring(
        where: ServerProcess | Line,
        *,
        name: str | None = None,
        context: BrowserContext | None = None,
        path: str | None = None,
        **options: Any,
    ) -> Person:
        person = meet(context or browse(**options))
        people.append(person)
        if context is None:
            introduce(person, name or f"Person {next(number)}")
        return person.open(f"{where.url}{path or f'/b/{board}'}")

    yield bring
    complaints = [trouble for person in people for trouble in person.troubles + violations(person)]
    assert not complaints, "\n".join(complaints)


def introduce(person: Person, name: str, color: str = "#0369a1") -> None:
    """Give somebody a name before they come."""
    known = json.dumps({"name": name, "color": color})
    person.page.add_init_script(
        "if (location.protocol.startsWith('http'))"
        f" localStorage['whiteboard.person'] ??= {json.dumps(known)};"
    )


def violations(person: Person) -> list[str]:
    """Breaches of the page's own content security policy, so far as its last page had any."""
    if person.page.is_closed() or not person.page.url.startswith("http"):
        return []
    found: list[str] = person.ask("window.probe?.violations ?? []")
    return found


def fetched(server: ServerProcess, path: str) -> Json | None:
    """What the API says of a board; None when nobody has begun it."""
    status, body = server.get(path)
    assert status in {200, 404}, (status, body)
    return body if status == 200 else None


def stored(server: ServerProcess, board: str) -> list[Json]:
    """The board's elements as the API has them."""
    body = fetched(server, f"/api/boards/{board}")
    elements: list[Json] = body["elements"] if body else []
    return elements


def log_of(server: ServerProcess, board: str) -> list[Json]:
    """The board's whole log."""
    ops: list[Json] = []
    start: int | None = 1
    while start is not None:
        body = fetched(server, f"/api/boards/{board}/ops?from={start}") or {"ops": [], "next": None}
        ops += body["ops"]
        start = body["next"]
    return ops


def expect_same(server: ServerProcess, board: str, *people: Person) -> list[Json]:
    """Once nothing is pending, everybody and the server have the same board, and every op once."""
    for person in people:
        person.settles()
    elements = stored(server, board)
    for person in people:
        person.wait("expected => probe.equals(expected)", json.dumps(elements))  # quicker than by value
    ops = log_of(server, board)
    assert [op["seq"] for op in ops] == list(range(1, len(ops) + 1))
    assert len({op["opId"] for op in ops}) == len(ops)
    return elements
