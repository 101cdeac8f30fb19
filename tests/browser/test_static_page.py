"""Pages that a real nginx serves itself, from the folder that the command writes, before two servers (R35, R36)."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

import pytest
from browser.conftest import Browse, expect_same
from browser.person import meet, zigzag
from integration.server_process import ServerProcess, environment
from playwright.sync_api import expect
from services.nginx_process import nginx_running, passed_on
from services.redis_process import redis_running
from services.waiting import until

pytestmark = pytest.mark.browser

BEHIND = ("--base-path", "/wb", "--trusted-proxies", "127.0.0.1")
OWN = {
    "date",
    "server",
    "connection",
    "keep-alive",
    "content-length",
    "transfer-encoding",
    "etag",
    "last-modified",
}
"""Headers that each sender fills in for itself; what they may not contain is tested apart."""
Answer = tuple[int, dict[str, str], bytes]


class Below(ServerProcess):
    """A server whose own paths lie below /wb."""

    def request(self, method: str, path: str) -> tuple[int, dict[str, object]]:
        return super().request(method, f"/wb{path}")


class Front:
    """Two servers on one Redis, and nginx before them with the page."""

    def __init__(self, servers: list[ServerProcess], folder: Path, url: str) -> None:
        self.servers = servers
        self.folder = folder
        self.page = folder.with_name("page")
        self.url = url

    def passed_on(self) -> list[str]:
        """What nginx asked the servers for."""
        return passed_on(self.folder)


def written(folder: Path, *options: str) -> str:
    """Write the page with the command; the folder of its files, from `folder` on."""
    command = [sys.executable, "-P", "-m", "whiteboard", "page", "--write", str(folder), *options]
    said = subprocess.run(command, check=True, capture_output=True, text=True, env=environment()).stdout
    return str(Path(said.removeprefix("the page is in ").strip()).relative_to(folder))


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """The example, on free ports."""
    folder = tmp_path_factory.mktemp("front")
    folders = [folder / name for name in ("redis", "one", "other", "nginx")]
    for one in folders:
        one.mkdir()
    written(folder / "page", "--base-path", "/wb")
    with ExitStack() as stack:
        redis = stack.enter_context(redis_running(folders[0]))
        servers = [
            stack.enter_context(Below(where, "redis", "--redis-addr", redis.address, *BEHIND))
            for where in folders[1:3]
        ]
        changes = {
            f"127.0.0.1:{8080 + n} max": f"127.0.0.1:{server.port} max" for n, server in enumerate(servers)
        }
        changes |= {"/srv/whiteboard": str(folder / "page")}
        url = stack.enter_context(nginx_running(folder / "nginx", "nginx/static-page.conf", changes))
        yield Front(list(servers), folder / "nginx", url)


def ask(url: str, path: str, **headers: str) -> Answer:
    """Status, headers by lower-case name, and body."""
    connection = HTTPConnection(url.removeprefix("http://"), timeout=10)
    try:
        connection.request(
            "GET", path, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def without_own(answer: Answer) -> Answer:
    """Without what each sender fills in for itself."""
    status, headers, body = answer
    return status, {name: text for name, text in headers.items() if name not in OWN}, body


def assets(index: bytes) -> list[str]:
    """The addresses of files that an index names."""
    return re.findall(r'(?:src|href)="(/wb/static/[^"]+)"', index.decode())


@pytest.mark.parametrize("host", ["127.0.0.1", "draw.example.org"])
def test_nginx_sends_the_page_as_the_server_does(front: Front, host: str) -> None:
    """Every file, packed and unpacked: the same status, bytes and headers, on this machine and for others. [HTTP-2]"""
    server = front.servers[0]
    paths = ["/wb/", "/wb/b/some_board-1.0", *assets(ask(front.url, "/wb/")[2])]
    assert len(paths) > 40
    for path in paths:
        for packing in ("identity", "gzip, br", "gzip;q=0"):
            asked = {"Host": host, "Accept_Encoding": packing}
            assert without_own(ask(front.url, path, **asked)) == without_own(
                ask(server.url, path, **asked)
            ), path


@pytest.mark.parametrize(
    ("accepted", "query"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", ""),
        ("fr-FR, fr;q=0.9, zh;q=0.8, en;q=0.7", ""),
        ("en-GB,en;q=0.9,zh;q=0.8", ""),
        ("zhx, english;q=0.5, ZH", ""),
        (" ," * 1500 + "x", ""),
        ("zh", "?lang=en"),
        ("en", "?lang=zh"),
        ("zh", "?lang=fr"),
        ("", ""),
    ],
)
def test_nginx_chooses_the_language_as_the_server_does(front: Front, accepted: str, query: str) -> None:
    """By `?lang=`, then by the first of ours that a browser names."""
    path = f"/wb/b/x{query}"
    theirs = ask(front.servers[0].url, path, Accept_Language=accepted)

    assert ask(front.url, path, Accept_Language=accepted)[2] == theirs[2]


def test_nothing_can_make_a_browser_keep_an_old_index(front: Front) -> None:
    """No validator of nginx's: it would be made of time and size, and two versions have one size."""
    for path in ("/wb/", "/wb/b/x"):
        _, headers, body = ask(
            front.url, path, If_None_Match="*", If_Modified_Since="Fri, 01 Jan 2100 00:00:00 GMT"
        )
        assert body
        assert "etag" not in headers
        assert not headers.get("last-modified")


@pytest.mark.parametrize(
    "path", ["/wb/b/a%20b", "/wb/nothing", "/wb/static/0123456789abcdef/js/main.js", "/wb/b/"]
)
def test_what_nginx_does_not_have_a_server_answers(front: Front, path: str) -> None:
    """A name that no board can have, a page that is not there, a version that is not here."""
    browser = "text/html,*/*;q=0.8"
    theirs = ask(front.servers[0].url, path, Accept=browser)

    assert theirs[0] == 404
    assert without_own(ask(front.url, path, Accept=browser)) == without_own(theirs)
    until(lambda: path in front.passed_on(), f"{path} in the log, which is written after the answer")


def test_drawing_on_two_servers_without_asking_them_for_the_page(front: Front, browse: Browse) -> None:
    """The servers are asked for sockets and the API, for no file of the page, while one after the other is lost."""
    before = len(front.passed_on())
    people = [meet(browse()) for _ in range(2)]
    for person in people:
        person.expects_network_trouble = True
        person.open(f"{front.url}/wb/b/static-page")
    ada, lin = people
    lin.sees(id=ada.draw(*zigzag(200, 200)))
    for server in front.servers:
        server.kill()
        drawn = [person.draw(*zigzag(200, 300 + 60 * n)) for n, person in enumerate(people)]
        for person in people:
            person.settles()
            for element in drawn:
                person.sees(id=element)
        server.start()
    assert len(expect_same(front.servers[0], "static-page", *people)) == 5
    expect_same(front.servers[1], "static-page", *people)
    assert [person.troubles for person in people] == [[], []]
    asked = front.passed_on()[before:]
    assert any(path.startswith("/wb/ws/static-page") for path in asked)
    assert [path for path in asked if not path.startswith(("/wb/ws/", "/wb/api/"))] == []


def test_a_page_of_another_protocol_version_says_so(front: Front, browse: Browse) -> None:
    """It is told apart at its hello, shows that it is no use as it is, and does not come back every second. [HEL-10]"""
    (link,) = front.page.glob("wb/static/*/js/sync/link.js")
    kept, packed = link.read_bytes(), link.with_name("link.js.gz")
    with ExitStack() as stack:
        stack.callback(packed.write_bytes, packed.read_bytes())
        stack.callback(link.write_bytes, kept)
        packed.unlink()
        link.write_bytes(kept.replace(b"const PROTOCOL = 1;", b"const PROTOCOL = 2;"))
        ada = meet(browse())
        before = len(front.passed_on())
        ada.page.goto(f"{front.url}/wb/b/skew")
        expect(ada.page.get_by_text("Disconnected: ")).to_be_visible()
    until(lambda: "/wb/ws/skew" in front.passed_on()[before:], "the end of the socket")
    assert front.passed_on()[before:].count("/wb/ws/skew") == 1


def test_an_open_page_of_an_older_version_finds_its_files(front: Front, tmp_path: Path) -> None:
    """Writing a new version leaves the files of the old one where they are, and changes the index."""
    folder = tmp_path / "page"
    old = written(folder, "--base-path", "/wb")
    module = folder / old / "js/main.js"
    kept = module.read_bytes()
    (folder / old).rename(folder / "wb/static/0123456789abcdef")
    index = folder / "wb/index.en.html"
    index.write_bytes(index.read_bytes().replace(Path(old).name.encode(), b"0123456789abcdef"))

    assert written(folder, "--base-path", "/wb") == old
    assert (folder / "wb/static/0123456789abcdef/js/main.js").read_bytes() == kept
    assert old.encode() in index.read_bytes()
