"""`whiteboard leakcheck`, as CI runs it: on the server as it is, and on one with faults planted (R44)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from integration.server_process import START_SECONDS, environment

from whiteboard import cli

pytestmark = pytest.mark.integration

_LEAKY = Path(__file__).parents[1] / "integration/leaky_server.py"
_QUICK = "LEAKCHECK_SETTLE=0.2,LEAKCHECK_LOOK=0.02"


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    """In a process of its own."""
    return subprocess.run(
        [sys.executable, "-P", *command],
        capture_output=True,
        text=True,
        timeout=4 * START_SECONDS,
        env=environment(),
        check=False,
    )


def test_the_server_leaks_nothing() -> None:
    """In 50 cycles of people who come, go and are cut off."""
    ended = run(
        "-m", "whiteboard", "leakcheck", "sessions", "resets", "--cycles", "50", "--no-bytes", "--json"
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    for one in json.loads(ended.stdout):
        assert (one["cycles"], one["leaks"]) == (50, [])
        assert one["after"]["tasks"] == one["before"]["tasks"]
        assert one["after"]["descriptors"] == one["before"]["descriptors"]


def test_a_planted_leak_is_counted_and_its_holder_named() -> None:
    """Each of ten cycles leaves two sessions and two tasks; the exit code is 1."""
    ended = run(str(_LEAKY), _QUICK, "leakcheck", "boards", "--cycles", "10", "--no-bytes", "--json")
    assert (ended.returncode, ended.stderr) == (1, "")
    (result,) = json.loads(ended.stdout)
    leaks = {leak["name"]: leak for leak in result["leaks"]}
    session = leaks["whiteboard.rooms.session.Session"]
    assert session["count"] == 10
    assert session["named"][0].startswith("__main__.VISITORS.on_return[")
    assert session["named"][0].endswith("(closure cell 'session') → Session")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["stays"], "no scenario 'stays'; there are sessions, resets, boards, assets, requests, stalls"),
        (["--cycles", "7"], "--cycles 7: at least 8, one for each look"),
    ],
)
def test_what_cannot_be_checked_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    """Before anything is started."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["leakcheck", *arguments])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
