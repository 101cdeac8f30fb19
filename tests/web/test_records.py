"""Who is here and what happened, for the operator."""

import pytest
from web.stand_ins import Site, error

from whiteboard import limits
from whiteboard.config import DebugSettings, Secret, Settings
from whiteboard.errors import StorageUnavailable
from whiteboard.ids import BoardId, ClientId, SessionId
from whiteboard.storage.metadata import AuditLine, ServerId, ServerSeen, SessionBegun, SessionEnded

AT = 1_700_000_000_000
TOKEN = "0123456789abcdef"


async def fill(site: Site) -> None:
    """Two servers, three boards, four people of whom one has gone; and five lines."""
    sessions = [
        SessionBegun(
            SessionId(f"s-{number}"),
            BoardId(f"b{number % 3}"),
            ServerId(f"v-{number % 2}"),
            ClientId(f"c{number}"),
            f"Zoë {number}",
            f"10.0.0.{number}:5",
            AT + number,
        )
        for number in range(5)
    ]
    lines = [
        AuditLine(f"e{n}", AT + n, "host:1", "operator", "board.deleted", BoardId(f"b{n % 2}"), "", {"n": n})
        for n in range(5)
    ]
    servers = [ServerSeen(ServerId("v-0"), "host:1"), ServerSeen(ServerId("v-1"), "host:2")]
    gone = SessionEnded(SessionId("s-4"), AT + 9, "peer: 1000")
    await site.metadata.chronicle.record([*servers, *sessions, gone, *lines])


async def test_live_sessions_of_all_servers(site: Site) -> None:
    """Who, where and since when, by id, of all boards or of one, in pages. [REC-1]"""
    await fill(site)
    body = (await site.get("/debug/sessions?limit=3")).json()
    assert body["next"] == "s-2"
    assert [one["session"] for one in body["sessions"]] == ["s-0", "s-1", "s-2"]
    first = body["sessions"][0]
    assert first.pop("seenAt") > AT
    assert first == {
        "session": "s-0",
        "board": "b0",
        "instance": "host:1",
        "client": "c0",
        "user": None,
        "name": "Zoë 0",
        "address": "10.0.0.0:5",
        "since": AT,
    }
    rest = (await site.get("/debug/sessions?limit=3&after=s-2")).json()
    assert [(one["session"], one["instance"]) for one in rest["sessions"]] == [("s-3", "host:2")]
    assert rest["next"] is None
    on_one = (await site.get("/debug/sessions?board=b0")).json()
    assert [one["session"] for one in on_one["sessions"]] == ["s-0", "s-3"]


async def test_the_audit(site: Site) -> None:
    """The newest first, of all boards or of one, in pages. [REC-2]"""
    await fill(site)
    body = (await site.get("/debug/audit?limit=2")).json()
    assert [line["detail"] for line in body["audit"]] == [{"n": 4}, {"n": 3}]
    number = body["audit"][0].pop("number")
    assert body["audit"][0] == {
        "at": AT + 4,
        "instance": "host:1",
        "who": "operator",
        "what": "board.deleted",
        "board": "b0",
        "subject": "",
        "detail": {"n": 4},
    }
    assert number > body["next"]
    rest = (await site.get(f"/debug/audit?before={body['next']}")).json()
    assert [line["detail"]["n"] for line in rest["audit"]] == [2, 1, 0]
    assert rest["next"] is None
    on_one = (await site.get("/debug/audit?board=b1")).json()
    assert [line["detail"]["n"] for line in on_one["audit"]] == [3, 1]


@pytest.mark.parametrize("path", ["/debug/sessions", "/debug/audit"])
async def test_they_are_the_operators(site: Site, path: str) -> None:
    """Others need the token. [REC-1] [REC-2] [HTTP-9]"""
    site.peer = "10.0.0.9"
    assert error(await site.get(path)) == (403, "forbidden")
    site.settings = Settings(debug=DebugSettings(Secret(TOKEN)))
    assert (await site.get(path, authorization=f"Bearer {TOKEN}")).status_code == 200


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/debug/sessions?limit=0", "?limit"),
        (f"/debug/sessions?limit={limits.MAX_RECORD_PAGE}", "?limit"),
        ("/debug/sessions?board=a/b", "?board"),
        ("/debug/sessions?after=%0A", "?after"),
        ("/debug/audit?limit=x", "?limit"),
        ("/debug/audit?before=-1", "?before"),
        ("/debug/audit?board=", "?board"),
    ],
)
async def test_bad_fields(site: Site, path: str, field: str) -> None:
    """Each is named. [HTTP-8]"""
    answer = await site.get(path)
    assert error(answer) == (400, "bad_field")
    assert answer.json()["error"]["path"] == field


async def test_metadata_that_are_away(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """503, as for whatever else storage cannot do. [HTTP-13]"""

    async def fail(*_: object, **__: object) -> None:
        raise StorageUnavailable("postgres: connection refused")

    monkeypatch.setattr(site.metadata.chronicle, "live", fail)
    answer = await site.get("/debug/sessions")
    assert error(answer) == (503, "storage_unavailable")
    assert "postgres" not in answer.text


async def test_readiness_tells_what_is_degraded(site: Site) -> None:
    """Traffic may come: people draw without metadata. [REC-3]"""
    assert (await site.get("/readyz")).json() == {"ready": True}
    site.degraded = ["metadata cannot be written: 5 changes wait"]
    answer = await site.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "degraded": ["metadata cannot be written: 5 changes wait"]}
    site.probe.fault = StorageUnavailable("full")
    site.rooms.not_ready = ["draining"]
    assert error(await site.get("/readyz")) == (503, "not_ready")
