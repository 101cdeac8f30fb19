"""Servers on the example plugins, installed from their own packages (R33)."""

import subprocess
from pathlib import Path

import pytest
from integration.bare_socket import BareSocket, Ended, bare_socket
from integration.conftest import Serve
from integration.polling import until
from integration.server_process import START_SECONDS, ServerProcess, environment

pytestmark = pytest.mark.integration

ADA, BOB = "token-of-ada-lovelace", "token-of-bob-the-builder"
PEOPLE = f"""
[[people]]
name = "ada"
token = "{ADA}"
editor = ["b"]

[[people]]
name = "bob"
token = "{BOB}"
viewer = ["b"]
"""


def note(element: str) -> dict[str, object]:
    """An op."""
    return {"type": "note", "id": element, "x": 1}


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    """A file that lets Ada draw and Bob look."""
    file = tmp_path / "tokens.toml"
    file.write_text(PEOPLE)
    return file


def permissions(tokens: Path) -> tuple[str, ...]:
    """Flags that choose the example hook."""
    return ("--permissions", "tokens", "--permission-options", f"tokens.file={tokens},tokens.reload=0.05")


async def test_a_board_in_an_installed_storage_survives_a_kill(serve: Serve, tmp_path: Path) -> None:
    """`--mode files`: acks say `disk`, and what was acked is there after `kill -9`."""
    server = serve("files", "--storage-options", f"path={tmp_path / 'boards'}")
    async with bare_socket(server.url, "b") as one:
        welcome = await one.enter()
        assert welcome["durable"] == "disk"
        for n in range(20):
            await one.say(note(f"n{n}"))
        for _ in range(20):
            await one.hear_kind("ack")
        server.kill()
    server.start()
    assert [op["id"] for op in await server.ops("b")] == [f"n{n}" for n in range(20)]
    async with bare_socket(server.url, "b") as again:
        back = await again.enter(client=welcome["client"], key=welcome["key"])
        assert (back["client"], back["epoch"], back["seq"]) == (welcome["client"], welcome["epoch"], 20)
        await again.say(note("n20"))
        assert (await again.hear_kind("ack"))["seq"] == 21


async def refused(socket: BareSocket, **hello: object) -> int | None:
    """With which code a session is sent away; nothing else may come before."""
    await socket.say({"type": "hello", **hello})
    with pytest.raises(Ended) as ended:
        await socket.hear()
    return ended.value.code


async def test_an_installed_hook_decides_over_real_sockets(serve: Serve, tokens: Path) -> None:
    """No token, a wrong one, a viewer, an editor, and one who is taken out of the file. [CON-13] [CON-18] [HEL-13]"""
    server = serve("memory", *permissions(tokens))
    async with bare_socket(server.url, "b") as nobody:
        assert await refused(nobody) == 4401
    async with bare_socket(server.url, "b?token=a-wrong-token-of-length") as nobody:
        assert await refused(nobody) == 4401
    async with bare_socket(server.url, f"other?token={ADA}") as elsewhere:
        assert await refused(elsewhere) == 4403
    async with bare_socket(server.url, "b") as ada, bare_socket(server.url, f"b?token={BOB}") as bob:
        assert (await ada.enter(token=ADA))["role"] == "editor"
        assert (await bob.enter())["role"] == "viewer"
        await ada.say(note("n"))
        await ada.hear_kind("ack")
        assert (await bob.hear_kind("note"))["id"] == "n"
        await bob.say(note("m"))
        reject = await bob.hear_kind("reject")
        assert (reject["code"], reject["retry"]) == ("forbidden", False)
        tokens.write_text(PEOPLE.replace("editor", "viewer"))

        async def is_taken_in() -> bool:
            await ada.say(note("o"))
            return bool((await ada.hear_kind("ack", "reject"))["type"] == "reject")

        await until(is_taken_in)
    counts = await server.counts()
    assert counts["permission_refused"] >= 5
    assert counts["permission_late"] == counts["permission_failed"] == 0


def run(server: ServerProcess, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command with a server's flags that ends by itself."""
    arguments = [command if one == "serve" else one for one in server.command]
    return subprocess.run(
        arguments, capture_output=True, text=True, timeout=START_SECONDS, env=environment(), check=False
    )


@pytest.mark.parametrize("command", ["serve", "check-config"])
@pytest.mark.parametrize(
    ("mode", "options", "said"),
    [
        ("files", (), "storage_options: path: missing"),
        ("files", ("--storage-options", "pth=/x,path=/x"), "storage_options: pth: no such option; did you mean path?"),
        ("memory", ("--storage-options", "path=/x"), "storage_options: given, but the mode memory takes none"),
        ("memory", ("--permissions", "tokens"), "permission_options: tokens: file: missing"),
        ("memory", ("--permissions", "token"), "--permissions: expected an installed permission hook (tokens), got 'token'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_plugin_is_one_sentence(
    tmp_path: Path, command: str, mode: str, options: tuple[str, ...], said: str
) -> None:
    """`check-config` says what `serve` would."""
    ended = run(ServerProcess(tmp_path, mode, *options), command)
    assert (ended.returncode, ended.stderr) == (2, f"whiteboard: {said}\n")


def test_a_hook_that_does_not_open_keeps_the_server_from_starting(tmp_path: Path) -> None:
    """Exit code 1 and its own sentence; nobody is let in unasked."""
    ended = run(ServerProcess(tmp_path, "memory", *permissions(tmp_path / "none.toml")), "serve")
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"whiteboard: cannot use the tokens file {tmp_path}/none.toml: ")
    assert "Traceback" not in ended.stderr


def test_check_config_shows_the_options(tmp_path: Path) -> None:
    """As a list that the file takes as well."""
    ended = run(ServerProcess(tmp_path, "files", "--storage-options", "path=/x"), "check-config")
    assert ended.returncode == 0, ended.stderr
    assert "mode: files\n" in ended.stdout
    assert "storage_options:\n- path=/x\n" in ended.stdout
