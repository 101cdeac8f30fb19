"""The operator's page at a real server: overview, tasks, flame graphs, and who may see it (R52)."""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser.conftest import Browse, Invite
from integration.server_process import ServerProcess
from playwright.sync_api import FilePayload, Locator, Page, expect

pytestmark = pytest.mark.browser

TOKEN = "correct-horse-battery"
Stack = tuple[str, ...]
Visit = Callable[[str], "Visitor"]


class Visitor:
    """Somebody at the operator's page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    def find(self, testid: str) -> Locator:
        """A part of the page."""
        return self.page.get_by_test_id(testid)

    def open_profile(self, name: str, *samples: tuple[Stack, int]) -> None:
        """Choose a file with a profile."""
        file = FilePayload(
            name=f"{name}.pb.gz", mimeType="application/octet-stream", buffer=written(dict(samples))
        )
        self.find("profile-file").set_input_files(file)
        expect(self.find("profile-shown").locator("option:checked")).to_have_text(name)


@pytest.fixture
def visit(browse: Browse) -> Iterator[Visit]:
    """Go to the operator's page; it has neither failed nor broken its policy at the end."""
    visitors: list[Visitor] = []

    def go(url: str) -> Visitor:
        visitor = Visitor(browse().new_page())
        visitors.append(visitor)
        visitor.page.goto(url)
        return visitor

    yield go
    for visitor in visitors:
        assert visitor.faults + visitor.page.evaluate("window.probe?.violations ?? []") == []


def varint(value: int) -> bytes:
    """As protocol buffers write numbers."""
    low = b""
    while value > 0x7F:
        low += bytes([value & 0x7F | 0x80])
        value >>= 7
    return low + bytes([value])


def field(number: int, value: int | bytes) -> bytes:
    """As protocol buffers write fields."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def written(samples: dict[Stack, int]) -> bytes:
    """A profile of nanoseconds by stack, the innermost function first: apart from what the server writes them with."""
    names = sorted({name for stack in samples for name in stack})
    texts = ["", "cpu", "nanoseconds", "app.py", *names]
    parts = [field(1, field(1, 1) + field(2, 2))]
    for stack, value in samples.items():
        ids = b"".join(varint(names.index(name) + 1) for name in stack)
        parts.append(field(2, field(1, ids) + field(2, varint(value))))
    for number, name in enumerate(names, 1):
        parts.append(field(4, field(1, number) + field(4, field(1, number) + field(2, 7))))
        parts.append(field(5, field(1, number) + field(2, texts.index(name)) + field(4, 3)))
    return gzip.compress(b"".join(parts) + b"".join(field(6, text.encode()) for text in texts))


def test_who_is_here_and_on_which_boards(
    shared_server: ServerProcess, invite: Invite, visit: Visit, board: str
) -> None:
    """Sessions, boards and memory are shown and followed; so is the task tree, down to the board's room. [DBG-1] [DBG-2]"""
    for name in ("Ada", "Lin"):
        invite(shared_server, name=name)
    visitor = visit(f"{shared_server.url}/debug/")
    expect(visitor.find("boards")).to_contain_text(board)
    expect(visitor.find("tile-sessions")).to_contain_text("2")
    expect(visitor.find("tile-memory")).to_contain_text("MiB")
    expect(visitor.find("sessions")).to_contain_text("Ada")
    invite(shared_server, name="Mei")
    expect(visitor.find("tile-sessions")).to_contain_text("3")
    visitor.find("tab-tasks").click()
    expect(visitor.find("task-tree")).to_contain_text(f"room {board}")
    visitor.find("tasks-filter").fill("hub: tick")
    expect(visitor.find("task-tree")).to_contain_text("hub: tick")
    expect(visitor.find("task-tree")).not_to_contain_text(f"room {board}")
    visitor.find("tab-figures").click()
    expect(visitor.find("figures")).to_contain_text("whiteboard_findings_total")
    expect(visitor.find("settings")).to_contain_text("sqlite")


def test_a_flame_graph(shared_server: ServerProcess, visit: Visit) -> None:
    """It is zoomed, searched and read by keys alone, shown by callers and as a table, and compared with another. [R52]"""
    visitor = visit(f"{shared_server.url}/debug/#profiles")
    second = 1_000_000_000
    visitor.open_profile(
        "before", (("app.draw", "app.main"), 3 * second), (("app.merge", "app.main"), second)
    )
    details, flame = visitor.find("flame-details"), visitor.find("flame")
    expect(details).to_contain_text("4 s")
    expect(visitor.find("flame-legend")).to_contain_text("app 100 %")
    flame.focus()
    for key in ("ArrowDown", "ArrowDown"):
        flame.press(key)
    expect(details).to_contain_text("app.draw")
    expect(details).to_contain_text("3 s · 75.0 %")
    flame.press("ArrowRight")
    expect(details).to_contain_text("app.merge")
    flame.press("Enter")
    expect(visitor.find("profile-reset")).to_be_enabled()
    flame.press("Escape")
    expect(visitor.find("profile-reset")).to_be_disabled()
    flame.press("/")
    visitor.find("profile-search").fill("mer")
    expect(visitor.find("profile-found")).to_contain_text("25.0 %")
    visitor.find("profile-search").fill("")
    visitor.find("profile-table").click()
    expect(visitor.find("functions").locator("tbody tr").first).to_contain_text("app.draw")
    visitor.find("profile-table").click()
    visitor.open_profile("after", (("app.draw", "app.main"), second), (("app.load", "app.main"), second))
    visitor.find("profile-against").select_option(label="against before")
    expect(visitor.find("flame-legend")).to_contain_text("less than before")
    expect(details).to_contain_text("−2 s")
    flame.click(position={"x": 40, "y": 50})
    expect(details).to_contain_text("app.draw")
    expect(details).to_contain_text("1 s / 3 s")
    visitor.find("profile-inverted").click()
    flame.focus()
    for key in ("Home", "ArrowDown"):
        flame.press(key)
    expect(details).to_contain_text("app.draw")


def test_a_file_that_is_no_profile(shared_server: ServerProcess, visit: Visit) -> None:
    """It is told, and nothing else happens. [R52]"""
    visitor = visit(f"{shared_server.url}/debug/#profiles")
    file = FilePayload(name="notes.pb.gz", mimeType="text/plain", buffer=b"just notes")
    visitor.find("profile-file").set_input_files(file)
    expect(visitor.find("profile-said")).to_contain_text("notes.pb.gz: This is no profile that can be read")


def test_from_another_machine_it_takes_the_token(tmp_path: Path, visit: Visit) -> None:
    """Which the page asks for, below any base path; a server that goes and comes back is followed. [DBG-1] [HTTP-9]"""
    file = tmp_path / "token"
    file.write_text(TOKEN)
    options = ("--debug-token-file", str(file), "--trusted-proxies", "127.0.0.1")
    with ServerProcess(tmp_path, "memory", *options) as server:
        visitor = visit(f"{server.url}/debug/")
        visitor.find("token").fill("wrong")
        visitor.find("token").press("Enter")
        expect(visitor.find("token-trouble")).to_contain_text("does not take this token")
        visitor.find("token").fill(TOKEN)
        visitor.find("token").press("Enter")
        expect(visitor.find("tile-sessions")).to_be_visible()
        expect(visitor.find("door")).to_be_hidden()
        assert TOKEN not in visitor.page.url
        visitor.page.reload()
        expect(visitor.find("tile-sessions")).to_be_visible()
        server.stop()
        expect(visitor.find("debug-state")).to_have_attribute("data-level", "away")
        server.start()
        expect(visitor.find("debug-state")).to_have_attribute("data-level", "fine")


def test_profiles_of_the_server(shared_server: ServerProcess, visit: Visit) -> None:
    """They are taken over HTTP and read as the server writes them; what has to be sampled first is, for a while. [R52]"""
    visitor = visit(f"{shared_server.url}/debug/#profiles")
    visitor.find("profile-kind").select_option("tasks")
    visitor.find("profile-take").click()
    expect(visitor.find("flame-legend")).to_contain_text("whiteboard")
    visitor.find("profile-search").fill("Tick.run")
    expect(visitor.find("profile-found")).to_contain_text("found, 1")
    visitor.find("profile-kind").select_option("heap")
    expect(visitor.find("profile-hint")).to_contain_text("not traced")
    visitor.find("profile-take").click()
    expect(visitor.find("profile-said")).to_contain_text("not traced")
    visitor.find("sampling-on").click()
    expect(visitor.find("sampling")).to_contain_text("allocations")
    visitor.find("profile-take").click()
    expect(visitor.find("profile-type").locator("option:checked")).to_have_text("inuse_space (bytes)")
    visitor.find("sampling-off").click()
    expect(visitor.find("sampling")).not_to_contain_text("allocations")
    visitor.find("profile-kind").select_option("profile")
    visitor.find("profile-seconds").fill("1")
    visitor.find("profile-take").click()
    expect(visitor.find("profile-shown").locator("option:checked")).to_contain_text("profile 1 s")
