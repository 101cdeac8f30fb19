"""What holds for every route of the app."""

import anyio.to_thread
import pytest
import trio
from web.stand_ins import Site, error

from whiteboard.config import BasePath, Settings
from whiteboard.errors import RoomClosed, StorageCorrupt, StorageUnavailable
from whiteboard.web.edge import DATA_POLICY, PAGE_POLICY

PATHS = ["/", "/b/x", "/b/x y", "/healthz", "/readyz", "/api/boards", "/api/boards/x", "/debug/tasks", "/no"]


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_has_the_security_headers(site: Site, path: str) -> None:
    """Pages, data and errors alike."""
    answer = await site.get(path)

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["content-security-policy"] in {DATA_POLICY, PAGE_POLICY}
    assert answer.headers["cache-control"]


@pytest.mark.parametrize(
    ("host", "scheme", "is_sent"),
    [
        ("localhost:8080", "http", True),
        ("127.0.0.1:8080", "http", True),
        ("draw.example", "https", True),
        ("draw.example", "http", False),
        ("10.0.0.1:8080", "http", False),
    ],
)
async def test_the_opener_policy_goes_to_secure_origins_only(
    site: Site, host: str, scheme: str, is_sent: bool
) -> None:
    """Over plain HTTP from another machine a browser would log that it ignores it."""
    site.host, site.scheme = host, scheme
    answer = await site.get("/")

    assert answer.headers.get("cross-origin-opener-policy") == ("same-origin" if is_sent else None)


def test_the_page_policy_lets_in_nothing_from_elsewhere() -> None:
    """No inline script, no foreign host, no plug-in: injected markup stays inert."""
    assert "default-src 'none'" in PAGE_POLICY
    for loophole in ("unsafe", "http:", "https:", "ws:", "*"):
        assert loophole not in PAGE_POLICY


@pytest.mark.parametrize("path", PATHS)
async def test_head_is_get_without_a_body(site: Site, path: str) -> None:
    """Same status and headers, no bytes (RFC 9110 section 9.3.2)."""
    got, head = await site.get(path), await site.ask("HEAD", path)

    assert (head.status_code, head.content) == (got.status_code, b"")
    assert dict(head.headers) == dict(got.headers)


async def test_unknown_paths_and_methods_have_the_one_error_shape(site: Site) -> None:
    """404 and 405 look like every other error; a 405 names the methods. [HTTP-8]"""
    post = await site.ask("POST", "/healthz")
    put = await site.ask("PUT", "/api/boards/x")

    assert error(await site.get("/nothing/here")) == (404, "not_found")
    assert error(post) == (405, "method_not_allowed")
    assert error(put) == (405, "method_not_allowed")
    assert {name.strip() for name in put.headers["allow"].split(",")} == {"GET", "HEAD", "DELETE"}


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (StorageUnavailable("/secret/db: disk full"), (503, "storage_unavailable")),
        (StorageCorrupt("/secret/db: checksum"), (500, "storage_corrupt")),
        (RoomClosed("draining"), (503, "unavailable")),
        (ValueError("/secret bug"), (500, "internal")),
    ],
)
async def test_faults_are_told_without_their_text(
    site: Site, fault: Exception, told: tuple[int, str]
) -> None:
    """A client learns what it can do, not what the server's disk looks like. [HTTP-13]"""
    site.rooms.fault = fault
    answer = await site.get("/api/boards/x")

    assert error(answer) == told
    assert "secret" not in answer.text
    assert ("retry-after" in answer.headers) is (answer.status_code == 503)


async def test_a_socket_address_without_an_upgrade_says_what_is_missing(site: Site) -> None:
    """400, and a hint for whoever set up the proxy that swallowed it. [HTTP-14]"""
    answer = await site.get("/ws/x")

    assert error(answer) == (400, "bad_request")
    assert "a proxy in between must pass on Upgrade" in answer.text
    assert "upgrade" not in answer.headers


async def test_a_base_path_may_be_passed_on_or_stripped_by_the_proxy(site: Site) -> None:
    """Both kinds of proxies work, and addresses in answers carry the base path either way. [HTTP-1]"""
    site.settings = Settings(base_path=BasePath("/wb"))
    for prefix in ("/wb", ""):
        assert (await site.get(f"{prefix}/healthz")).status_code == 200
        page = await site.get(f"{prefix}/b/x")
        assert '<base href="/wb/">' in page.text
        assert 'src="/wb/static/' in page.text
        created = await site.ask("POST", f"{prefix}/api/boards")
        assert created.json()["url"] == f"/wb/b/{created.json()['board']}"
    assert error(await site.get("/wbx/healthz")) == (404, "not_found")


async def test_the_bare_base_path_leads_to_the_page(site: Site) -> None:
    """Relative, so that it is right whatever the proxy calls us; the query stays."""
    site.settings = Settings(base_path=BasePath("/wb"))
    answer = await site.get("/wb?lang=zh")

    assert (answer.status_code, answer.headers["location"]) == (308, "/wb/?lang=zh")
    assert (await site.get("/wb")).headers["location"] == "/wb/"


async def test_other_scopes_are_left_to_the_framework(site: Site) -> None:
    """The lifespan protocol is answered, though no server of ours asks."""
    incoming = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent = []

    async def receive() -> dict[str, str]:
        return incoming.pop(0)

    async def send(message: dict[str, str]) -> None:
        sent.append(message["type"])

    await site.app()({"type": "lifespan", "state": {}}, receive, send)

    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_documents(site: Site) -> None:
    """The generated descriptions are served as they are. [HTTP-10]"""
    assert (await site.get("/asyncapi.json")).content == b'{"asyncapi":"3.0.0"}'
    assert (await site.get("/schema/messages.json")).json() == {"$defs": {}}


async def test_no_request_takes_a_worker_thread(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are in memory and endpoints are coroutines, so requests never queue for a thread."""

    async def refuse(*_: object, **__: object) -> None:
        await trio.lowlevel.checkpoint()
        raise AssertionError("a worker thread was asked for")

    monkeypatch.setattr(anyio.to_thread, "run_sync", refuse)
    for path in [*PATHS, f"/static/{site.page().digest}/js/main.js", "/asyncapi.json"]:
        assert (await site.get(path)).status_code < 500
