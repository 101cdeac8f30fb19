"""`whiteboard doctor` on real servers behind a real nginx: what is planted is found, and nothing else (R36)."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trio
from certificates import Certificate
from doctor.authority import Authority
from doctor.sites import LOCATION, UPGRADE, Sites
from integration.polling import until
from integration.server_process import ServerProcess, environment
from services.ports import free_port
from services.redis_process import redis_running

from whiteboard import cli
from whiteboard.doctor import examination
from whiteboard.doctor.examination import CHECKS, Options, examine
from whiteboard.doctor.exchange import announce
from whiteboard.doctor.findings import Finding, Mark
from whiteboard.doctor.line import Way
from whiteboard.doctor.sizes import judge_picture
from whiteboard.doctor.target import Target

pytestmark = pytest.mark.integration

NAME = "draw.example.org"
PASSWORD = "Basic YWRhOmxvdmVsYWNl"
HOST_LINES = {
    "    proxy_set_header Host $http_host;\n": "",
    "    proxy_set_header X-Forwarded-Host $http_host;\n": "",
}
"""Shipped lines that tell the server what the browser asked for."""


@dataclass
class World:
    """What all tests of this module look at."""

    server: ServerProcess
    naked: ServerProcess
    """In memory, at the root, trusting nobody and open to any page."""
    sites: Sites
    authority: Authority

    @property
    def loopback(self) -> tuple[str, int]:
        """Where names that nobody publishes are."""
        return ("127.0.0.1", self.server.port)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[World]:
    """Two servers, and one nginx with all sites."""
    folder = tmp_path_factory.mktemp("doctor")
    for name in ("one", "naked"):
        (folder / name).mkdir()
    behind = ("--base-path", "/wb", "--trusted-proxies", "127.0.0.1")
    with ExitStack() as stack:
        server = stack.enter_context(ServerProcess(folder / "one", "sqlite", *behind))
        naked = stack.enter_context(ServerProcess(folder / "naked", "memory", "--origins", "*"))
        authority = Authority(folder / "authority")
        sites = Sites(server_port=server.port)
        add_sites(sites, naked.port, authority, certificate)
        stack.enter_context(sites.served(folder / "nginx"))
        yield World(server, naked, sites, authority)


def add_sites(sites: Sites, naked_port: int, authority: Authority, self_signed: Certificate) -> None:
    """The shipped example, as it is and with one thing wrong at a time."""
    here = ("DNS:localhost", "IP:127.0.0.1", f"DNS:{NAME}")
    good = authority.sign("good", *here)

    def within(line: str) -> dict[str, str]:
        return {LOCATION: f"{LOCATION}\n    {line}"}

    def beside(line: str) -> dict[str, str]:
        return {LOCATION: f"{line}\n  {LOCATION}"}

    sites.add("good")
    sites.add("no-upgrade", {UPGRADE: ""})
    sites.add("http10", {"    proxy_http_version 1.1;\n": ""})
    sites.add("keepalive", {"http://whiteboard;": "http://kept;"})
    sites.add("no-host", HOST_LINES)
    sites.add("host-without-port", {line: line.replace("$http_host", "$host") for line in HOST_LINES})
    sites.add("short", within("proxy_read_timeout 6s;"))
    own_location = "{ client_max_body_size 1k; proxy_pass http://whiteboard; }"
    sites.add("small-bodies", beside(f"location = /wb/api/boards {own_location}"))
    sites.add("small-pictures", beside(f"location ~ /assets$ {own_location}"))
    sites.add("unknown-path", {LOCATION: "location /boards/ {"})
    sites.add("other-path", {LOCATION: "location /boards/ {", "http://whiteboard;": "http://whiteboard/;"})
    sites.add("no-assets", beside("location /wb/static/ { return 404; }"))
    sites.add("sockets-elsewhere", beside("location /wb/ws/ { return 404; }"))
    sites.add("sockets-forbidden", beside("location /wb/ws/ { return 403; }"))
    sites.add("health-only", beside("location = /wb/ { return 200 'hello'; }"))
    sites.add("uncached", within('proxy_hide_header Cache-Control; add_header Cache-Control "no-store";'))
    sites.add("nobody-behind", {"http://whiteboard;": f"http://127.0.0.1:{free_port()};"})
    sites.add("locked", within("deny all;"))
    sites.add("leads-away", within("return 302 https://elsewhere.example.org/;"))
    asks = f'if ($http_authorization != "{PASSWORD}") {{ return 401; }}'
    sites.add("password", within(asks))
    sites.add("no-readyz", beside("location = /wb/readyz { return 404; }"))
    direct = {LOCATION: "location / {", "http://whiteboard;": f"http://127.0.0.1:{naked_port};"}
    sites.add(
        "everyone-operator",
        {
            **direct,
            "    proxy_set_header X-Forwarded-For $remote_addr;\n": "",
            "    proxy_set_header X-Forwarded-Proto $scheme;\n": "",
            **HOST_LINES,
        },
    )
    sites.add("tls", tls=good)
    sites.add("to-tls", within(f"return 301 https://localhost:{sites.port('tls')}$request_uri;"))
    sites.add("tls-expired", tls=authority.sign("expired", *here, since="2024-03-01"))
    sites.add("tls-early", tls=authority.sign("early", *here, since="2040-03-01"))
    sites.add("tls-other-name", tls=authority.sign("other", "DNS:other.example.org"))
    sites.add("tls-self-signed", tls=self_signed)
    sites.add(
        "tls-ends-soon",
        tls=authority.sign("soon", *here, days=90, since=f"{datetime.now(UTC) - timedelta(80):%Y-%m-%d}"),
    )
    sites.add("tls-no-proto", {"    proxy_set_header X-Forwarded-Proto $scheme;\n": ""}, tls=good)


async def examined(url: str, **options: object) -> list[Finding]:
    """What the doctor finds, without watching an idle socket unless `proxy_wait` says so."""
    given = {"proxy_wait": 0.0, **options}
    told: list[Finding] = []
    findings = await examine(Options(Target.of(url), **given), told.append)  # type: ignore[arg-type]  # of several kinds
    assert told == findings
    assert [CHECKS.index(finding.check) for finding in findings] == sorted(
        CHECKS.index(f.check) for f in findings
    )
    return findings


def codes(findings: list[Finding], mark: Mark) -> list[str]:
    """The troubles of one mark."""
    return [finding.code for finding in findings if finding.mark is mark]


def only(findings: list[Finding], code: str) -> Finding:
    """The one trouble that there is, with its advice."""
    assert codes(findings, Mark.BAD) == [code], findings
    found = next(finding for finding in findings if finding.code == code)
    assert found.why
    assert found.change
    return found


# --- where nothing is wrong -------------------------------------------------------------------
async def test_the_shipped_nginx_example_is_all_good(world: World) -> None:
    """Nothing bad, no warning; an idle socket outlives the server's ping, and no board is left but one."""
    findings = await examined(world.sites.url("good"), proxy_wait=None)
    assert {finding.check for finding in findings} == set(CHECKS) - {"host"}
    assert [finding for finding in findings if finding.mark is not Mark.GOOD] == []
    idle = findings[-1]
    assert "the server's pings came through (1)" in idle.seen
    _, listed = await world.server.fetch("/api/boards")
    assert [board["board"] for board in listed["boards"]] == ["whiteboard-doctor"]
    assert (await world.server.board("whiteboard-doctor"))["elements"] == []


async def test_a_server_of_ones_own_machine_is_all_good(world: World) -> None:
    """Without any proxy, and without leaving a board: who asks there is the operator."""
    findings = await examined(f"http://127.0.0.1:{world.naked.port}/")
    assert codes(findings, Mark.BAD) == []
    assert codes(findings, Mark.WARNING) == ["any_origin", "in_memory"]
    _, listed = await world.naked.fetch("/api/boards")
    assert listed["boards"] == []


async def test_tls_with_a_good_certificate_is_all_good(world: World) -> None:
    """By name and by address, as an authority of one's own has signed it."""
    for host, to in (("localhost", None), (NAME, ("127.0.0.1", world.sites.port("tls")))):
        url = world.sites.url("tls", host=host, scheme="https")
        findings = await examined(url, ca_file=world.authority.cert, connect_to=to)
        assert codes(findings, Mark.BAD) == codes(findings, Mark.WARNING) == [], findings
        (tls,) = (finding for finding in findings if finding.check == "tls")
        assert re.match(r"TLS 1\.[23], HTTP/1\.1, for localhost, 127\.0\.0\.1, ", tls.seen)


# --- planted, one at a time -------------------------------------------------------------------
PLANTED = {
    "no-upgrade": ("upgrade_not_passed", "proxy_set_header Upgrade $http_upgrade;"),
    "http10": ("upgrade_http10", "proxy_http_version 1.1;"),
    "keepalive": ("upgrade_reused", "keepalive"),
    "no-host": ("origin_refused", "proxy_set_header Host $http_host;"),
    "host-without-port": ("origin_port", "proxy_set_header Host $http_host;"),
    "no-assets": ("no_assets", "/wb/static/"),
    "sockets-elsewhere": ("upgrade_elsewhere", "/wb/ws/"),
    "sockets-forbidden": ("upgrade_answered", "/wb/ws/"),
    "health-only": ("no_page", "/wb/ itself"),
    "nobody-behind": ("no_server_behind", "proxy_pass"),
    "locked": ("locked_out", "deny"),
    "leads-away": ("sent_elsewhere", "URL"),
    "password": ("asks_who", "--credentials-file"),
}


@pytest.mark.parametrize("site", PLANTED)
async def test_what_is_wrong_in_nginx_is_found_alone(world: World, site: str) -> None:
    """The trouble is named, with the line to change, and nothing else is called bad."""
    code, advice = PLANTED[site]
    assert advice in only(await examined(world.sites.url(site)), code).change


@pytest.mark.parametrize(("site", "code"), [("unknown-path", "unknown_path"), ("other-path", "base_path")])
async def test_another_path_than_the_servers_is_found(world: World, site: str, code: str) -> None:
    """Passed on it is unknown, stripped it makes a page whose files are elsewhere."""
    found = only(await examined(world.sites.url(site, base="/boards")), code)
    assert "--base-path /boards" in found.change


async def test_a_proxy_that_cuts_idle_sockets_is_found(world: World) -> None:
    """After the six seconds that it gives, before the server's ping would come at ten."""
    found = only(await examined(world.sites.url("short"), proxy_wait=None), "idle_cut")
    cut = re.match(r"an idle socket was cut after ([\d.]+) s: ", found.seen)
    assert cut is not None
    assert 2 < float(cut[1]) < 9.9
    assert "proxy_read_timeout" in found.change


async def test_a_proxy_that_makes_everyone_the_operator_is_found(world: World) -> None:
    """One that neither passes the name on nor says for whom it speaks; pages still get their sockets."""
    found = only(await examined(world.sites.url("everyone-operator", base="")), "everyone_operator")
    assert "X-Forwarded-For" in found.change


@pytest.mark.parametrize(
    ("site", "code"),
    [("small-bodies", "bodies_cut"), ("uncached", "cache_lost"), ("no-readyz", "readiness_hidden")],
)
async def test_what_works_and_could_be_better_is_a_warning(world: World, site: str, code: str) -> None:
    """Nothing is bad, and the warning is the only one."""
    findings = await examined(world.sites.url(site))
    assert codes(findings, Mark.BAD) == []
    assert codes(findings, Mark.WARNING) == [code]


async def test_a_proxy_that_refuses_pictures_for_their_size_is_found(world: World) -> None:
    """By what is announced: nothing is sent, and who would take it says so."""
    for site, is_refused in (("small-pictures", True), ("good", False)):
        way = Way(Target.of(world.sites.url(site)))
        answer = await announce(way, "/api/boards/b/assets", 500_000)
        found = judge_picture(500_000, answer)
        assert (found is not None) == is_refused, answer
    _, listed = await world.server.fetch("/api/boards")
    assert "b" not in [board["board"] for board in listed["boards"]]


async def test_a_password_of_the_proxy_is_given(world: World) -> None:
    """With it everything is as without."""
    findings = await examined(world.sites.url("password"), credentials=PASSWORD)
    assert codes(findings, Mark.BAD) == codes(findings, Mark.WARNING) == []


@pytest.mark.parametrize(
    ("site", "code"),
    [
        ("tls-expired", "certificate_expired"),
        ("tls-early", "certificate_early"),
        ("tls-other-name", "certificate_name"),
        ("tls-self-signed", "certificate_self_signed"),
    ],
)
async def test_a_certificate_that_browsers_refuse_is_found(world: World, site: str, code: str) -> None:
    """With what stands in it; all else is looked at past it, and is good."""
    url = world.sites.url(site, host="localhost", scheme="https")
    findings = await examined(url, ca_file=world.authority.cert)
    assert ", until 20" in only(findings, code).seen
    assert codes(findings, Mark.WARNING) == []
    assert {finding.check for finding in findings if finding.mark is Mark.GOOD} >= {
        "page",
        "session",
        "storage",
    }


async def test_a_redirect_to_tls_is_followed(world: World) -> None:
    """What is examined is where people end up."""
    findings = await examined(world.sites.url("to-tls", host="localhost"), ca_file=world.authority.cert)
    assert codes(findings, Mark.BAD) == codes(findings, Mark.WARNING) == []
    assert findings[0].seen.startswith(f"https://localhost:{world.sites.port('tls')}/wb/ answers")


async def test_port_80_beside_tls_is_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A redirect and nobody there are fine, the boards in the clear are not."""
    monkeypatch.setattr(examination, "_HTTPS_PORT", world.sites.port("tls"))
    url = world.sites.url("tls", host="localhost", scheme="https")
    for site, warnings in (("to-tls", []), ("good", ["plain_too"])):
        monkeypatch.setattr(examination, "_HTTP_PORT", world.sites.port(site))
        assert codes(await examined(url, ca_file=world.authority.cert), Mark.WARNING) == warnings
    monkeypatch.setattr(examination, "_HTTP_PORT", free_port())
    assert codes(await examined(url, ca_file=world.authority.cert), Mark.WARNING) == []


async def test_an_authority_that_nobody_knows_is_found(world: World) -> None:
    """A chain that leads nowhere, as with a forgotten intermediate."""
    found = only(
        await examined(world.sites.url("tls", host="localhost", scheme="https")), "certificate_unknown"
    )
    assert "fullchain.pem" in found.change


async def test_visitors_with_tls_of_whom_the_server_does_not_know_are_a_warning(world: World) -> None:
    """X-Forwarded-Proto is missing: nothing breaks, some protection is left out."""
    url, to = (
        world.sites.url("tls-no-proto", host=NAME, scheme="https"),
        ("127.0.0.1", world.sites.port("tls-no-proto")),
    )
    findings = await examined(url, ca_file=world.authority.cert, connect_to=to)
    assert codes(findings, Mark.BAD) == []
    assert codes(findings, Mark.WARNING) == ["forwarded_proto"]


async def test_a_certificate_that_ends_soon_is_a_warning(world: World) -> None:
    """Ten of its ninety days are left: it should have been renewed."""
    url = world.sites.url("tls-ends-soon", host="localhost", scheme="https")
    findings = await examined(url, ca_file=world.authority.cert)
    assert (codes(findings, Mark.BAD), codes(findings, Mark.WARNING)) == ([], ["certificate_ends_soon"])


async def test_the_wrong_scheme_is_found(world: World) -> None:
    """Plain HTTP to a port with TLS, and the other way round; both name the right URL."""
    found = only(await examined(world.sites.url("tls", host="localhost")), "wrong_scheme")
    assert found.change == f"Use https://localhost:{world.sites.port('tls')}/wb/"
    found = only(await examined(world.sites.url("good", scheme="https")), "wrong_scheme")
    assert found.change == f"Use http://127.0.0.1:{world.sites.port('good')}/wb/"


async def test_a_name_that_the_server_does_not_answer_to_is_found(world: World) -> None:
    """Asked for at its own port, as a page that rebinds its name would."""
    findings = await examined(f"http://{NAME}:{world.server.port}/wb", connect_to=world.loopback)
    found = only(findings, "foreign_host")
    assert f"--hosts {NAME}" in found.change


async def test_nobody_there_and_no_such_name_are_told_apart() -> None:
    """A closed port and a name without an address."""
    port = free_port()
    assert f"port {port}" in only(await examined(f"http://127.0.0.1:{port}"), "no_connection").seen
    only(await examined("http://nobody.invalid"), "no_name")


# --- the server itself ------------------------------------------------------------------------
async def test_storage_that_takes_no_writes_is_found(tmp_path: Path) -> None:
    """A disk that is full; nothing else is called bad."""
    with ServerProcess(tmp_path, "sqlite") as server:
        server.limit_file_size(1)
        found = only(await examined(server.url), "cannot_store")
        assert "storage does not take writes" in found.seen
        assert "df -h" in found.change
        server.limit_file_size(None)


async def test_a_redis_server_that_is_away_is_found(tmp_path: Path) -> None:
    """That no board can be opened is its doing, and told as such."""
    for name in ("redis", "server"):
        (tmp_path / name).mkdir()
    with (
        redis_running(tmp_path / "redis") as redis,
        ServerProcess(tmp_path / "server", "redis", "--redis-addr", redis.address) as server,
    ):
        redis.kill()
        await until(lambda: server.get("/readyz")[0] == 503)  # what it knows of its store may be a second old
        findings = await examined(server.url)
        assert "redis.addr" in only(findings, "cannot_store").change
        redis.start()


class ElsewhenServer(ServerProcess):
    """A server whose machine has another time."""

    @property
    def command(self) -> list[str]:
        library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
        faked = [f"LD_PRELOAD={library}", "FAKETIME=+1h", "FAKETIME_DONT_FAKE_MONOTONIC=1", "NO_FAKE_STAT=1"]
        return ["env", *faked, *super().command]


async def test_a_clock_that_is_wrong_is_found(tmp_path: Path) -> None:
    """An hour ahead, seen by the time of an op."""
    with ElsewhenServer(tmp_path, "sqlite") as server:
        found = only(await examined(server.url), "clock_wrong")
        assert found.seen.startswith("the server's clock is 60 min ahead of this machine's")
        assert "set-ntp" in found.change


# --- the command ------------------------------------------------------------------------------
def run_doctor(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as its own process."""
    command = [sys.executable, "-P", "-m", "whiteboard", "doctor", *arguments, "--proxy-wait", "0"]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment())


async def test_the_command_tells_people_and_programs(world: World) -> None:
    """A line per check with what to change below it, the same as JSON, and an exit code."""
    good, bad = world.sites.url("good"), world.sites.url("no-upgrade")
    fine = await trio.to_thread.run_sync(run_doctor, good)
    assert (fine.returncode, fine.stderr) == (0, "")
    assert fine.stdout.startswith(f"whiteboard doctor 0.1.0 at {good}/\n\nok    reach     ")
    assert fine.stdout.endswith("\nnothing bad, 1 not looked at\n")
    told = await trio.to_thread.run_sync(run_doctor, bad, "--json")
    report = json.loads(told.stdout)
    assert (told.returncode, report["good"], report["url"]) == (1, False, f"{bad}/")
    assert [one["code"] for one in report["findings"] if one["mark"] == "bad"] == ["upgrade_not_passed"]


async def test_the_operators_token_lets_the_doctor_clear_up(world: World, tmp_path: Path) -> None:
    """Through a proxy, too: its board is gone afterwards."""
    token = tmp_path / "token"
    token.write_text("0123456789abcdef\n")
    with ServerProcess(
        tmp_path, "sqlite", "--debug-token-file", str(token), "--trusted-proxies", "127.0.0.1"
    ) as server:
        findings = await examined(server.url)
        assert "the empty board whiteboard-doctor is left" in " ".join(finding.seen for finding in findings)
        findings = await examined(server.url, token=token.read_text().strip())
        assert codes(findings, Mark.BAD) == codes(findings, Mark.WARNING) == []
        _, listed = await trio.to_thread.run_sync(server.get, "/api/boards")
        assert [board["board"] for board in listed["boards"]] == ["whiteboard-doctor"]


def test_what_cannot_be_examined_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sentence on standard error and exit code 2."""
    missing = str(tmp_path / "no.pem")
    for arguments in (["ftp://x"], ["http://x", "--ca-file", missing], ["http://x", "--origin", "x"]):
        assert cli.main(["doctor", *arguments]) == cli.UNUSABLE
        told = capsys.readouterr()
        assert told.out == ""
        assert len(told.err.splitlines()) == 1, told.err
        assert told.err.startswith("whiteboard: ")
