"""`/debug/` and `/debug/status`."""

from web.stand_ins import Site, error

from whiteboard.config import DebugSettings, Secret, Settings
from whiteboard.config.values import WorkerCount
from whiteboard.diagnostics import status

TOKEN = "correct-horse-battery"


async def test_how_the_server_is_doing(site: Site) -> None:
    """One process is told of as several are: together, and each by its number. [DBG-2]"""
    site.status = lambda: status.report({"sessions": 2}, [{"board": "a", "sessions": 2}])
    told = (await site.get("/debug/status")).json()
    assert told["counts"] == {"sessions": 2}
    assert told["boards"] == [{"board": "a", "sessions": 2, "worker": 0}]
    assert [process["worker"] for process in told["processes"]] == [0]
    assert set(told["versions"]) == {"whiteboard", "python", "system"}
    assert told["settings"]["mode"] == str(site.settings.mode)


async def test_of_several_workers(site: Site) -> None:
    """Whichever is asked tells of all; one that does not answer is away. [DBG-2] [R37]"""
    site.settings = Settings(workers=WorkerCount(3))
    site.statuses = {0: status.report({"sessions": 2}), 1: status.report({"sessions": 3})}
    told = (await site.get("/debug/status")).json()
    assert told["counts"] == {"sessions": 5}
    assert told["processes"][2] == {"worker": 2, "away": True}


async def test_it_is_the_operator_s_only(site: Site) -> None:
    """From this machine, or with the token; and it tells no secret. [DBG-2] [HTTP-9]"""
    site.settings = Settings(debug=DebugSettings(token=Secret(TOKEN)))
    site.peer = "10.0.0.1"
    assert error(await site.get("/debug/status")) == (403, "forbidden")
    answer = await site.ask("GET", "/debug/status", headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert TOKEN not in answer.text


async def test_anybody_may_have_the_page(site: Site) -> None:
    """A browser that goes there can send no token, and the page knows nothing that is not in the package. [DBG-1]"""
    site.peer = "10.0.0.1"
    for path in ("/debug/", "/debug"):
        answer = await site.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["cache-control"] == "no-cache"
        assert "script-src 'self'" in answer.headers["content-security-policy"]
