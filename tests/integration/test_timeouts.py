"""Durations of a real server: overridden, told, and the same in all its processes (R60)."""

import subprocess
import sys
from pathlib import Path

import pytest
from integration.server_process import ServerProcess, environment

from whiteboard import deadlines, timeouts

pytestmark = pytest.mark.integration


async def test_all_workers_have_what_the_settings_say(tmp_path: Path) -> None:
    """One value and one version in the start line, at each worker and for all of them together."""
    with ServerProcess(tmp_path, "sqlite", "--workers", "2", "--timeouts", "hello=3") as server:
        _, together = await server.fetch("/debug/timeouts")
        each = [(await server.fetch(f"/debug/workers/{number}"))[1]["timeouts"] for number in (0, 1)]
    for told in (together, *each):
        assert (told["timeouts"]["hello"]["seconds"], told["timeouts"]["hello"]["default"]) == (3.0, 2.0)
    (version,) = {told["timeout_config_version"] for told in (together, *each)}
    assert version != deadlines.version_of({name: one.default for name, one in timeouts.REGISTRY.items()})
    assert f'"timeout_config_version": "{version}"' in server.log
    assert together["timeouts"]["http-send"]["uses"] >= 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("ping-interval=15", "PING_INTERVAL * 3 <= DEAD_PEER does not hold: with PING_INTERVAL 15 s and DEAD_PEER 30 s"),
        ("helo=3", "there is no duration 'helo'; did you mean hello?"),
        ("hello=0", "hello: expected a number of seconds above 0"),
    ],
)  # fmt: skip
def test_what_does_not_fit_refuses_to_start(given: str, said: str) -> None:
    """Exit code 2 and a sentence, before anything is opened."""
    command = [sys.executable, "-m", "whiteboard", "serve", "--mode", "memory", "--timeouts", given]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30, env=environment())
    assert done.returncode == 2
    assert said in done.stderr
