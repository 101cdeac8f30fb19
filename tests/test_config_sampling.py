"""Settings: what is sampled."""

import pytest
from complaints import problems

from whiteboard import config
from whiteboard.config.sampling import RATES, Environment


@pytest.mark.parametrize("env", Environment)
def test_defaults_go_by_the_environment(env: Environment) -> None:
    """R50. Production is what nobody chose, and nothing is on there."""
    assert config.load({"env": str(env)}, {}).rates == RATES[env]
    assert config.load({}, {"WHITEBOARD_ENV": env.upper()}).rates == RATES[env]
    assert config.load({}, {}).rates == RATES[Environment.PROD] == RATES[Environment.PROD].off()


def test_what_is_said_wins_over_the_environment() -> None:
    """R50. In each source; what is not said is as the environment has it."""
    flags = {"env": "dev", "sampling.block_rate": "0"}
    rates = config.load(flags, {"WHITEBOARD_SAMPLING_STALL_MS": "100"}).rates
    assert (rates.block_rate, rates.stall_ms) == (0, 100)
    assert rates.memory_frames == RATES[Environment.DEV].memory_frames


@pytest.mark.parametrize(
    ("key", "text", "fault"),
    [
        ("env", "production", "expected dev, test or prod, got 'production'"),
        ("sampling.memory_rate", "-1", "expected a whole number from 0 to 3600, got '-1'"),
        ("sampling.memory_frames", "0", "expected a whole number from 1 to 50, got '0'"),
        ("sampling.block_rate", "1.5", "expected a whole number from 0 to 10000000, got '1.5'"),
        ("sampling.sched_interval", "4000", "expected a whole number from 0 to 3600, got '4000'"),
        ("sampling.sched_interval", "-1", "expected a whole number from 0 to 3600, got '-1'"),
        ("sampling.cpu_hz", "1000", "expected a whole number from 1 to 300, got '1000'"),
        ("sampling.stall_ms", "x", "expected a whole number from 0 to 60000, got 'x'"),
    ],
)
def test_values_that_cannot_be(key: str, text: str, fault: str) -> None:
    """Refused with their bounds."""
    flag = "--" + key.replace(".", "-").replace("_", "-")
    assert problems({key: text}, {}) == [f"{flag}: {fault}"]
