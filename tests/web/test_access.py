"""Who may see the debug pages, and whose pages may write."""

from collections.abc import Mapping

import pytest
import trio
from plugins.hooks import Hook
from starlette.requests import Request
from web.stand_ins import Site, error

from whiteboard import deadlines
from whiteboard.config import DebugSettings, Secret, Settings
from whiteboard.config.values import WorkerCount
from whiteboard.diagnostics import findings
from whiteboard.ids import BoardId
from whiteboard.plugins.guard import Guard
from whiteboard.plugins.permissions import Admission, Entry, Refusal, Role, Visit
from whiteboard.trust.origins import ANY_ORIGIN, Origin, OriginPolicy
from whiteboard.trust.policy import Trust
from whiteboard.trust.proxies import TrustedProxies
from whiteboard.web.access import require_operator, require_own_page
from whiteboard.web.answers import Refused

TOKEN = "0123456789abcdef"
SECRET = Secret(TOKEN)
NOBODY = Trust()


def request(peer: str | None, headers: Mapping[str, str]) -> Request:
    """A request as the server sees it; no peer is one on a Unix socket."""
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    client = None if peer is None else (peer, 5)
    return Request({"type": "http", "method": "GET", "path": "/", "headers": raw, "client": client})


def is_operator(
    peer: str | None, headers: Mapping[str, str], token: Secret | None = None, trust: Trust = NOBODY
) -> bool:
    """Whether the operator's routes open."""
    try:
        require_operator(request(peer, {"host": "localhost:8080", **headers}), token, trust)
    except Refused:
        return False
    return True


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", None])
@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8080", "wb.localhost", "127.0.0.1:8080", "[::1]:8080"]
)
def test_the_server_s_own_machine_is_let_in(peer: str, host: str) -> None:
    """Loopback or a Unix socket, and a loopback name, in all spellings. [HTTP-9]"""
    assert is_operator(peer, {"host": host})


@pytest.mark.parametrize("peer", ["10.0.0.1", "::2", "unix", ""])
def test_other_machines_are_not(peer: str) -> None:
    """Whatever name they ask for. [HTTP-9]"""
    assert not is_operator(peer, {})


@pytest.mark.parametrize(
    "name", ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "via", "x-real-ip"]
)
@pytest.mark.parametrize("peer", ["127.0.0.1", None])
def test_who_came_through_a_proxy_is_not(peer: str | None, name: str) -> None:
    """A proxy on this machine has a loopback address or a Unix socket, whoever it speaks for. [HTTP-9]"""
    assert not is_operator(peer, {name: "127.0.0.1"})


@pytest.mark.parametrize(("peer", "proxy"), [("127.0.0.1", "127.0.0.0/8"), ("127.0.0.1", "*"), (None, "*")])
def test_a_trusted_proxy_is_not(peer: str | None, proxy: str) -> None:
    """Where this machine is a proxy by configuration, only the token counts."""
    assert not is_operator(peer, {}, trust=Trust(proxies=TrustedProxies.of([proxy])))


@pytest.mark.parametrize("host", ["draw.example.org", "localhost.evil.example", "10.0.0.1", "", "[", "[::2]"])
def test_a_foreign_name_is_not(host: str) -> None:
    """A proxy that says nothing else passes its name on; a page that rebinds its name has its own."""
    assert not is_operator("127.0.0.1", {"host": host})
    assert not is_operator(None, {"host": host})


def test_the_token_opens_from_everywhere() -> None:
    """Through proxies and from other machines, when it is right. [HTTP-9]"""
    for peer in ("10.0.0.1", None):
        proxied = {"authorization": f"Bearer {TOKEN}", "x-forwarded-for": "1.2.3.4"}
        assert is_operator(peer, proxied, SECRET)
        assert is_operator(peer, {"authorization": f"bearer  {TOKEN}"}, SECRET)
    for wrong in (f"Bearer {TOKEN}x", "Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, "Bearer \xff"):
        assert not is_operator("10.0.0.1", {"authorization": wrong}, SECRET)
    assert not is_operator("10.0.0.1", {"authorization": "Bearer "})


async def test_debug_tasks(site: Site) -> None:
    """The task tree is for the operator; the refusal says how to become one. [HTTP-9]"""
    assert (await site.get("/debug/tasks")).json() == {"counts": {"sessions": 0}, "tree": None}
    site.peer = "10.0.0.1"
    refused = await site.get("/debug/tasks")
    assert error(refused) == (403, "forbidden")
    assert "set a debug token" in refused.text
    site.settings = Settings(debug=DebugSettings(token=SECRET))
    assert "Authorization: Bearer" in (await site.get("/debug/tasks")).text
    assert (await site.get("/debug/tasks", authorization=f"Bearer {TOKEN}")).status_code == 200


async def test_debug_timeouts(site: Site) -> None:
    """Every duration with its value and how it went, for the operator."""
    told = (await site.get("/debug/timeouts")).json()
    assert told["timeout_config_version"] == deadlines.version()
    hello = told["timeouts"]["hello"]
    assert (hello["seconds"], hello["default"], hello["sla"]) == (2.0, 2.0, "SLA-ENTER-1")
    assert set(hello) == {"seconds", "default", "sla", "uses", "hits", "near_hits", "waits", "used"}
    site.peer = "10.0.0.1"
    assert error(await site.get("/debug/timeouts")) == (403, "forbidden")


async def test_debug_findings(site: Site) -> None:
    """What the server found wrong with itself, the latest first, of one kind if asked; for the operator. [FND-1]"""
    findings.FINDINGS.clear()
    findings.note("stall", "board.merge", ("merge (board.py:7)",), seconds=0.3)
    findings.note("leaked_task", "echo")
    told = (await site.get("/debug/findings")).json()["findings"]
    assert [one["subject"] for one in told] == ["echo", "board.merge"]
    assert set(told[1]) == {"kind", "subject", "facts", "stack", "first_at", "latest_at", "count"}
    of_kind = (await site.get("/debug/findings?kind=stall")).json()["findings"]
    assert [one["facts"] for one in of_kind] == [{"seconds": 0.3}]
    findings.FINDINGS.clear()
    site.peer = "10.0.0.1"
    assert error(await site.get("/debug/findings")) == (403, "forbidden")


async def test_findings_of_several_workers(site: Site) -> None:
    """Together, each with its worker. [FND-1]"""
    site.settings = Settings(workers=WorkerCount(2))
    found = [{"kind": "stall", "subject": "merge", "latest_at": at} for at in (1.0, 2.0)]
    site.reports = {0: {"findings": found[:1]}, 1: {"findings": found[1:]}}
    told = (await site.get("/debug/findings")).json()["findings"]
    assert told == [{**found[1], "worker": 1}, {**found[0], "worker": 0}]


async def test_where_the_servers_are_is_the_operator_s(site: Site) -> None:
    """Addresses, versions and how many people there are tell strangers too much. [HTTP-9] [CLU-2]"""
    assert (await site.get("/api/cluster")).json()["others"] == []
    site.peer = "10.0.0.1"
    assert error(await site.get("/api/cluster")) == (403, "forbidden")
    site.settings = Settings(debug=DebugSettings(token=SECRET))
    assert (await site.get("/api/cluster", authorization=f"Bearer {TOKEN}")).status_code == 200


async def test_debug_workers(site: Site) -> None:
    """Each worker of a server, or the one process that there is; for the operator. [HTTP-9]"""
    counts = {"sessions": 0}
    assert (await site.get("/debug/workers")).json() == {"workers": [{"worker": 0, "counts": counts}]}
    assert (await site.get("/debug/workers/0")).json()["counts"] == counts
    assert error(await site.get("/debug/workers/1")) == (404, "not_found")
    site.settings = Settings(workers=WorkerCount(2))
    site.reports = {0: {"worker": 0, "pid": 7, "counts": counts, "tree": None}}
    away = {"worker": 1, "away": True}
    assert (await site.get("/debug/workers")).json() == {
        "workers": [{"worker": 0, "pid": 7, "counts": counts}, away]
    }
    assert (await site.get("/debug/workers/0")).json() == site.reports[0]
    assert error(await site.get("/debug/workers/1")) == (503, "unavailable")
    site.peer = "10.0.0.1"
    for path in ("/debug/workers", "/debug/workers/0"):
        assert error(await site.get(path)) == (403, "forbidden")


@pytest.mark.parametrize(
    ("origin", "passes"),
    [
        (None, True),
        ("https://draw.example", True),
        ("https://listed.example", True),
        ("https://evil.example", False),
        ("null", False),
    ],
)
def test_own_pages(origin: str | None, passes: bool) -> None:
    """The page's own origin, listed ones and programs without one; the rest is told what would let it in. [HTTP-15]"""
    trust = Trust(origins=OriginPolicy.of([Origin("https", "listed.example", 443)]))
    headers = {"host": "draw.example"} | ({} if origin is None else {"origin": origin})
    if passes:
        require_own_page(request("10.0.0.1", headers), trust)
        return
    with pytest.raises(Refused, match="the setting origins") as refused:
        require_own_page(request("10.0.0.1", headers), trust)
    assert (refused.value.status_code, refused.value.code) == (403, "foreign_origin")
    require_own_page(request("10.0.0.1", headers), Trust(origins=OriginPolicy.of([ANY_ORIGIN])))


# --- where permission hooks decide --------------------------------------------------------------

READS = ("/api/boards/b", "/api/boards/b/ops", "/api/boards/b/export.json")
ABROAD = "192.0.2.1"


@pytest.fixture
async def guarded(site: Site) -> Site:
    """A site with a board, asked from elsewhere, and a hook that knows three tokens."""

    async def by_token(visit: Visit) -> Entry:
        await trio.lowlevel.checkpoint()
        if visit.token == "broken":
            raise KeyError
        entries: dict[str | None, Entry] = {"edit": Admission(), "view": Admission(Role.VIEWER)}
        return entries.get(visit.token, Refusal("no", is_unauthenticated=visit.token is None))

    await site.draw("b", 1)
    site.hook = Hook(by_token)
    site.guard = Guard([("it", site.hook)])
    site.peer = ABROAD
    return site


@pytest.mark.parametrize("path", READS)
async def test_reading_takes_what_a_session_takes(guarded: Site, path: str) -> None:
    """By header or query; what is refused has the same causes as at a socket, and the hook hears who asks. [HTTP-24]"""
    assert (await guarded.get(path, authorization="Bearer view")).status_code == 200
    assert (await guarded.get(f"{path}?token=edit")).status_code == 200
    assert error(await guarded.get(path)) == (401, "unauthenticated")
    assert (await guarded.get(path)).headers["www-authenticate"] == "Bearer"
    assert error(await guarded.get(path, authorization="Bearer other")) == (403, "forbidden")
    broken = await guarded.get(f"{path}?token=broken")
    assert error(broken) == (503, "permission_unavailable")
    assert "retry-after" in broken.headers
    visit = guarded.hook.visits[0]
    assert (visit.board, visit.address, visit.token, visit.session) == ("b", ABROAD, "view", None)


async def test_creating_takes_an_editor(guarded: Site) -> None:
    """A viewer is not enough; nothing is created then. [HTTP-24]"""
    for token, status in (("view", 403), ("other", 403), ("edit", 201)):
        headers = {"authorization": f"Bearer {token}"}
        answer = await guarded.ask("POST", "/api/boards", headers=headers, content=b'{"board":"new"}')
        assert answer.status_code == status
    assert (await guarded.storage.op_log.head(BoardId("new"))) is not None


async def test_pictures_take_what_the_board_takes(guarded: Site) -> None:
    """To see them, whoever may look at the board; to add them, an editor. [HTTP-24]"""
    path = "/api/boards/b/assets"
    for token, status in (("view", 403), ("edit", 415), ("nobody", 403)):
        headers = {"authorization": f"Bearer {token}"}
        assert (await guarded.ask("POST", path, headers=headers, content=b"no picture")).status_code == status
    shown = f"{path}/{'0' * 64}"
    assert error(await guarded.get(shown)) == (401, "unauthenticated")
    assert error(await guarded.get(shown, authorization="Bearer view")) == (404, "no_such_asset")


@pytest.mark.parametrize("address", ["thumbnail.png", "export.png", "export.svg"])
async def test_pictures_of_a_board_take_what_the_board_takes(guarded: Site, address: str) -> None:
    """Whoever may look at it may have them; this site draws none. [HTTP-24]"""
    path = f"/api/boards/b/{address}"
    assert error(await guarded.get(path)) == (401, "unauthenticated")
    assert error(await guarded.get(path, authorization="Bearer other")) == (403, "forbidden")
    assert error(await guarded.get(path, authorization="Bearer view")) == (501, "not_installed")


async def test_the_list_is_the_operator_s_then(guarded: Site) -> None:
    """It names all boards, and hooks are asked about one. [HTTP-24]"""
    assert error(await guarded.get("/api/boards", authorization="Bearer edit")) == (403, "forbidden")
    guarded.peer = "127.0.0.1"
    assert (await guarded.get("/api/boards")).status_code == 200


async def test_the_operator_is_not_asked(guarded: Site) -> None:
    """Who sits at the machine, or has the debug token, reads every board. [HTTP-24]"""
    guarded.settings = Settings(debug=DebugSettings(token=SECRET))
    assert (await guarded.get(READS[0], authorization=f"Bearer {TOKEN}")).status_code == 200
    guarded.peer = "127.0.0.1"
    assert (await guarded.get(READS[0])).status_code == 200
    assert guarded.hook.visits == []


async def test_every_address_of_boards_asks(guarded: Site) -> None:
    """Whichever there are: without a word from hook or operator nothing is shown or done. [HTTP-9] [HTTP-24]"""
    values = {"board": "b", "asset": "0" * 64, "name": "heap"}
    asked = []
    for route in guarded.app()._app.routes:
        if not route.path.startswith(("/api/", "/debug/")) or route.path == "/debug/":
            continue  # the page at /debug/ knows nothing: it asks, with the token
        for method in route.methods - {"HEAD"}:
            path = route.path.replace(":worker}", "}").format(**values, number=0)
            answer = await guarded.ask(method, path, content=b"{}" if method == "POST" else None)
            assert answer.status_code in {401, 403}, (method, path, answer.text)
            asked.append(path)
    assert len(asked) >= 14
