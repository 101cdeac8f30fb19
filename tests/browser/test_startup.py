"""Files of the page that do not arrive: it comes all the same, by itself, and is left alone once it is there (R25)."""

import re
from typing import Self

import pytest
from browser.conftest import Browse, Invite, expect_same
from browser.line import Line
from browser.person import Person, meet, zigzag
from integration.server_process import ServerProcess
from playwright.sync_api import Request, Route, expect

pytestmark = pytest.mark.browser

MISSING = "Part of the page is missing"
NOT_ARRIVED = re.compile(r"^This part of the page has not arrived\.")


Files = str | re.Pattern[str]
"""Addresses, as Playwright takes them."""


class Network:
    """What becomes of the files that one tab asks for."""

    def __init__(self, person: Person) -> None:
        person.expects_network_trouble = True
        self._page = person.page
        self.loads = 0
        """How often the page itself was asked for."""
        self._page.on("request", lambda request: self._count(is_page=request.is_navigation_request()))

    def _count(self, *, is_page: bool) -> None:
        self.loads += is_page

    def loses(self, files: Files, *, loads: int | None = None, status: int | None = None) -> Self:
        """Files do not arrive: the first times that the page is loaded, or until it `finds` them again.

        With a status they are answered, with that and nothing else. To be called before the page is loaded: a page that is
        there may still ask past Playwright for a moment.
        """

        def answer(route: Route) -> None:
            if loads is not None and self.loads > loads:
                route.fallback()
            elif status is None:
                route.abort("connectionreset")
            else:
                route.fulfill(status=status, body="")

        self._page.route(files, answer)
        return self

    def finds(self, files: Files) -> None:
        """They arrive again."""
        self._page.unroute(files)


def is_question(request: Request) -> bool:
    """Whether the page asks if its address answers."""
    return request.resource_type == "fetch"


def visitor(browse: Browse, **options: object) -> tuple[Person, Network]:
    """Somebody with a network that fails."""
    person = meet(browse(**options))
    return person, Network(person)


@pytest.mark.parametrize(
    ("file", "times"),
    [
        ("css/page.css", 1),
        ("js/main.js", 2),
        ("js/prefs.js", 1),
        ("js/i18n/en.js", 1),
        ("js/sync/link.js", 1),
        ("js/chrome/toast.js", 1),
        ("js/tools/pen.js", 1),
    ],
)
def test_a_lost_file(browse: Browse, shared_server: ServerProcess, board: str, file: str, times: int) -> None:
    """The look, the first module, one that others import, one that is imported while the page runs."""
    ada, network = visitor(browse)
    network.loses(f"**/{file}", loads=times)
    ada.open(f"{shared_server.url}/b/{board}")
    assert network.loads == times + 1
    ada.draw(*zigzag(200, 200))
    assert len(expect_same(shared_server, board, ada)) == 1
    assert ada.troubles == []
    assert ada.ask("sessionStorage.getItem('whiteboard.startup')") is None


@pytest.mark.parametrize("files", ["**/js/early.js", "**/static/**"])
def test_a_lost_beginning(browse: Browse, shared_server: ServerProcess, board: str, files: str) -> None:
    """Where nothing of the page runs that could try again, the index does: no file at all arrived, or all but the first."""
    ada, network = visitor(browse)
    network.loses(files, loads=1)
    ada.page.goto(f"{shared_server.url}/b/{board}")
    expect(ada.page.get_by_text("Opening… · 正在打开…")).to_be_visible()
    ada.arrives()
    assert network.loads == 2
    assert ada.troubles == []


def test_the_front_page(browse: Browse, shared_server: ServerProcess) -> None:
    """It comes by itself too."""
    ada, network = visitor(browse)
    network.loses("**/landing.js", loads=1)
    ada.page.goto(shared_server.url)
    expect(ada.page.get_by_role("heading", name="Draw together")).to_be_visible()
    expect(ada.find("startup")).to_have_count(0)
    assert network.loads == 2


def test_a_page_for_the_lost(browse: Browse, shared_server: ServerProcess) -> None:
    """What has nothing but a look gets that at the second load."""
    ada, network = visitor(browse)
    network.loses("**/page.css", loads=1)
    lost = f"{shared_server.url}/b/no%20board"
    # So that it does not load itself again before somebody has looked.
    ada.page.route(lost, lambda route: route.abort() if is_question(route.request) else route.fallback())
    ada.page.goto(lost)
    expect(ada.find("startup")).to_be_visible()
    ada.page.unroute(lost)
    expect(ada.page.locator("main.landing")).to_have_css("display", "flex")
    expect(ada.find("startup")).to_have_count(0)
    assert network.loads == 2


@pytest.mark.parametrize("status", [404, 502])
def test_an_upgrade(browse: Browse, shared_server: ServerProcess, board: str, status: int) -> None:
    """An index whose files are gone, or whose server has just stopped: the next one has all of its own."""
    ada, network = visitor(browse)
    network.loses("**/js/main.js", loads=1, status=status)
    ada.open(f"{shared_server.url}/b/{board}")
    assert network.loads == 2


def test_an_index_of_an_older_version(browse: Browse, shared_server: ServerProcess, board: str) -> None:
    """Of its files no server has a single one any more."""
    ada, network = visitor(browse)

    def show_old(route: Route) -> None:
        if network.loads > 1 or not route.request.is_navigation_request():
            return route.fallback()
        found = route.fetch()
        return route.fulfill(
            response=found, body=re.sub(r"/static/\w+/", "/static/0123456789abcdef/", found.text())
        )

    ada.page.route(f"**/b/{board}", show_old)
    ada.open(f"{shared_server.url}/b/{board}")
    assert network.loads == 2


def test_a_server_that_is_away(invite: Invite, own_line: Line, own_server: ServerProcess, board: str) -> None:
    """The page stays and says what is the matter until the server answers; what was drawn before is there and stored."""
    ada = invite(own_line)
    network = Network(ada)
    own_line.hush()
    drawn = ada.draw(*zigzag(200, 200))

    def go_away(
        route: Route,
    ) -> None:  # before the page can see that the server answers, and load itself again
        own_line.cut()
        route.abort("connectionreset")

    ada.page.route("**/js/chrome/chrome.js", go_away)
    ada.page.reload(wait_until="commit")
    notice = ada.find("startup")
    expect(notice.get_by_role("heading")).to_have_text(MISSING)
    loads = network.loads
    with ada.page.expect_event("requestfailed", is_question):
        notice.get_by_role("button", name="Try now").click()
    ada.page.wait_for_event("requestfailed", is_question)  # and again, by itself
    expect(notice).to_be_visible()
    assert network.loads == loads

    network.finds("**/js/chrome/chrome.js")
    own_line.flow()
    own_line.mend()
    ada.arrives()
    assert [element["id"] for element in expect_same(own_server, board, ada)] == [drawn]


def test_without_a_network(browse: Browse, shared_server: ServerProcess, board: str) -> None:
    """It says so, and comes with the network, in the visitor's language."""
    mei, network = visitor(browse, locale="zh-CN")
    network.loses("**/js/main.js", loads=1)
    mei.page.add_init_script("setTimeout = (run, ms) => 0")  # no clock: only the network tells
    mei.page.goto(f"{shared_server.url}/b/{board}")
    notice = mei.find("startup")
    expect(notice).to_contain_text("加载页面时连接中断")
    mei.page.context.set_offline(True)
    expect(notice).to_contain_text("没有网络连接")
    mei.page.context.set_offline(False)
    expect(mei.find("stage")).to_be_visible()
    expect(notice).to_have_count(0)
    assert network.loads == 2


# --- what is loaded later ---------------------------------------------------------------------
def test_a_tool_that_does_not_arrive(browse: Browse, shared_server: ServerProcess, board: str) -> None:
    """One draws meanwhile, is told when one wants it, and has it as soon as it is there; the page is not loaded again."""
    ada, network = visitor(browse)
    network.loses("**/js/tools/text.js")
    ada.page.goto(f"{shared_server.url}/b/{board}")
    ada.wait("document.querySelector('[data-testid=tool-pen]')?.ariaPressed === 'true'")
    drawn = ada.draw(*zigzag(200, 200))
    ada.find("tool-text").click()
    expect(ada.find("toast")).to_have_text(NOT_ARRIVED)
    expect(ada.find("tool-pen")).to_have_attribute("aria-pressed", "true")

    network.finds("**/js/tools/text.js")
    ada.arrives()  # by itself
    written = ada.write((400, 300), "late")
    assert {element["id"] for element in expect_same(shared_server, board, ada)} == {drawn, written}
    assert network.loads == 1
    assert ada.troubles == []


def test_parts_that_are_wanted_late(browse: Browse, shared_server: ServerProcess, board: str) -> None:
    """The help and the other language: told of, asked for again at the next use, with the page as it is meanwhile."""
    ada, network = visitor(browse)
    late = re.compile(r"/js/(chrome/help|i18n/zh)\.js$")
    network.loses(late)
    ada.open(f"{shared_server.url}/b/{board}")
    toast = ada.find("toast")

    ada.key("?")
    expect(toast).to_have_text(NOT_ARRIVED)
    expect(ada.find("help")).to_have_count(0)
    ada.ask("document.querySelector('[data-testid=toast]').remove()")  # as it would be after a while
    ada.find("menu").click()
    ada.find("language-zh").click()
    expect(toast).to_have_text(NOT_ARRIVED)
    expect(ada.find("language-en")).to_have_attribute("aria-pressed", "true")

    network.finds(late)
    ada.find("language-zh").click()
    expect(ada.find("language-zh")).to_have_attribute("aria-pressed", "true")
    ada.key("Escape", "?")
    expect(ada.find("help")).to_be_visible()
    assert network.loads == 1
    assert ada.troubles == []
