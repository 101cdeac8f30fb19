"""`whiteboard support-bundle` against real servers (R55)."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import trio
from integration.bare_socket import bare_socket
from integration.server_process import ServerProcess, environment

from whiteboard.bundle.contents import PARTS

pytestmark = pytest.mark.integration
SECRET = "a-token-that-nobody-may-see"


def bundle(folder: Path, url: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    command = [sys.executable, "-P", "-m", "whiteboard", "support-bundle", url, "--seconds", "1", *options]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=120, env=environment(), cwd=folder
    )


async def test_one_file_says_how_a_server_is(tmp_path: Path) -> None:
    """Everything that the server tells, named in a manifest, without its secrets and without what people drew. [HTTP-26]"""
    token = tmp_path / "token"
    token.write_text(SECRET)
    with ServerProcess(tmp_path, "sqlite", "--debug-token-file", str(token), "--base-path", "/wb") as server:
        async with bare_socket(f"{server.url}/wb", "b") as one:
            await one.enter()
            await one.say({"type": "note", "id": "n", "x": 1, "text": "our secret plans"})
            await one.hear_kind("ack")
            options = ("-o", "bundle.zip", "--token-file", "token")
            done = await trio.to_thread.run_sync(bundle, tmp_path, f"{server.url}/wb/", *options)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "bundle.zip").stat().st_mode & 0o777 == 0o600, "it names people's addresses"
    with ZipFile(tmp_path / "bundle.zip") as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    manifest: dict[str, Any] = json.loads(kept["manifest.json"])
    assert [one["name"] for one in manifest["parts"]] == [part.name for part in PARTS]
    had = {one["name"] for one in manifest["parts"] if not one["fault"]}
    assert had <= set(kept)
    assert had >= {"settings.json", "tasks.json", "timeouts.json", "metrics.txt", "logs.json", "readyz.json"}
    assert json.loads(kept["settings.json"])["debug"]["token"] == "********"
    assert any("session_opened" in line for line in json.loads(kept["logs.json"])["lines"])
    assert b"whiteboard_connections 1.0" in kept["metrics.txt"]
    everything = b"".join(kept.values())
    assert SECRET.encode() not in everything
    assert b"our secret plans" not in everything
    assert "manifest.json" in kept["README.txt"].decode()


async def test_who_may_not_see_gets_what_is_for_all(tmp_path: Path) -> None:
    """Without the token behind a proxy's sign the operator's parts are refused, and the file says so."""
    (tmp_path / "token").write_text("another-token-of-the-operator")
    (tmp_path / "wrong").write_text("a-wrong-token")
    with ServerProcess(
        tmp_path, "memory", "--trusted-proxies", "127.0.0.1", "--debug-token-file", str(tmp_path / "token")
    ) as server:
        options = ("-o", "b.zip", "--token-file", "wrong")
        done = await trio.to_thread.run_sync(bundle, tmp_path, server.url, *options)
    with ZipFile(tmp_path / "b.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
    faults = {one["name"]: one["fault"] for one in manifest["parts"]}
    assert done.returncode == 1, "not all could be had"
    assert faults["version.json"] is None
    assert faults["settings.json"].startswith("403 Only from the server's own machine")


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("http://127.0.0.1:9", 1, "http://127.0.0.1:9/healthz: "),
        ("ftp://127.0.0.1", 2, "expected http(s)://HOST:PORT/PATH"),
        ("http://me:pass@127.0.0.1", 2, "without user or query"),
        ("http://127.0.0.1:port", 2, "Port could not be cast"),
    ],
)
def test_where_no_server_is_a_sentence_says_so(url: str, code: int, said: str, tmp_path: Path) -> None:
    """And no file is left."""
    done = bundle(tmp_path, url)
    assert (done.returncode, list(tmp_path.iterdir())) == (code, [])
    assert said in done.stderr
