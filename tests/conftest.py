"""Settings that every test shares."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import step_lengths
import structlog
from certificates import Certificate, make_certificate
from hypothesis import HealthCheck, settings

# No deadline: a busy machine is no failure. The same examples every time, so that a red run is the
# change's doing; `--hypothesis-profile=search` looks at new ones, and at many more of them.
settings.register_profile(
    "whiteboard",
    max_examples=60,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("search", settings.get_profile("whiteboard"), derandomize=False, max_examples=1_000)
settings.load_profile("whiteboard")


def plain_logs() -> None:
    """The defaults of structlog, with plain tracebacks: pretty ones take 100 ms each, in the step that logs one."""
    structlog.reset_defaults()
    *before, _ = structlog.get_config()["processors"]
    pretty = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*before, pretty])


step_lengths.watch_all_runs()
_UNWATCHED = ("long_steps", "integration", "browser", "alone")
"""Marks of tests that are not held to the length of a step: they say so, or the server is another process."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """A task that keeps the loop for over 50 ms fails the test (R53)."""
    step_lengths.LONG.clear()
    result = yield
    if step_lengths.LONG and not any(map(item.get_closest_marker, _UNWATCHED)):
        pytest.fail("\n".join(map(str, step_lengths.LONG)), pytrace=False)
    return result


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """What a test says of logs holds for that test only."""
    plain_logs()
    yield
    plain_logs()


@pytest.fixture(scope="module")
def uncounted_processes() -> Iterator[None]:
    """What a module's processes run does not count as covered: it is elsewhere, and counting takes a third of their time."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
            patch.delenv(name)
        yield


@pytest.fixture
def yaml_file(tmp_path: Path) -> Path:
    """A place for a configuration file."""
    return tmp_path / "wb.yaml"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """For localhost, valid for a day; made once."""
    return make_certificate(tmp_path_factory.mktemp("tls"))
