"""The examples name what there is: settings, files, each other."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from services.compose_file import COMPOSE, NETWORK, NOT_RUN, SECRETS, composed

from whiteboard import limits
from whiteboard.config import OPTIONS, load
from whiteboard.config.settings import ENV_PREFIX

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "examples/systemd"
LEAST_EXPOSED = 15
"""Tenths of systemd's own measure, which goes from 0 to 10 and calls 2 and less well kept; this unit has 12."""


def variables(text: str) -> set[str]:
    """The variables of settings that a text names."""
    return set(re.findall(rf"{ENV_PREFIX}[A-Z0-9_]+", text))


def known() -> set[str]:
    """Every variable that the server reads."""
    return {option.variable for option in OPTIONS} | {f"{o.variable}_FILE" for o in OPTIONS if o.is_secret}


@pytest.mark.parametrize(
    "name", ["container/compose.yaml", "container/Containerfile", "systemd/whiteboard.service"]
)
def test_variables_are_settings(name: str) -> None:
    """A server does not start with a variable that is none."""
    named = variables((ROOT / "examples" / name).read_text())

    assert named - {ENV_PREFIX} <= known()


@pytest.mark.parametrize("name", ["one", "two", "page"])
def test_the_composed_servers_can_be_set_so(tmp_path: Path, name: str) -> None:
    """Every value is one that its setting takes; secrets come from files."""
    environ = composed()["services"][name]["environment"]
    for key, where in environ.items():
        if where.startswith("/run/secrets/"):
            environ[key] = str(tmp_path / Path(where).name)
            Path(environ[key]).write_text("0123456789abcdef0123456789abcdef\n")

    assert load({}, environ).base_path == "/wb"


def test_the_composed_services_fit_together() -> None:
    """Each has a health check or ends, waits for what it uses, and has the secrets that its variables name."""
    file = composed()
    services = file["services"]
    assert set(file["secrets"]) == set(SECRETS)
    for name, service in services.items():
        for other, when in service.get("depends_on", {}).items():
            ends = "restart" not in services[other]
            assert when["condition"] == ("service_completed_successfully" if ends else "service_healthy"), (
                name
            )
        for text in map(str, [*service.get("environment", {}).values(), service.get("command", "")]):
            for secret in re.findall(r"/run/secrets/(\w+)", text):
                assert secret in service["secrets"], (name, secret)
        image = service["image"]
        assert image == "whiteboard" or re.fullmatch(r"docker\.io/[a-z/-]+:[0-9.]+", image), name
        has_check = "healthcheck" in service or image == "whiteboard"
        assert has_check or "restart" not in service or name == "nginx", name
    addresses = re.findall(rf"{re.escape(NETWORK)}\.\d+", COMPOSE.read_text())
    (proxy,) = services["nginx"]["networks"]["inside"].values()
    assert services["one"]["environment"]["WHITEBOARD_TRUSTED_PROXIES"] == proxy
    assert len(set(addresses)) == 5, addresses
    assert set(services) >= NOT_RUN


def test_nginx_of_the_compose_file_is_the_example(tmp_path: Path) -> None:
    """Another place for the servers, and nothing else."""
    alone = (ROOT / "examples/nginx/static-page.conf").read_text()
    there = (ROOT / "examples/container/nginx.conf").read_text()
    begin = "include /srv/whiteboard/nginx/http.conf;"
    _, _, expected = alone.partition(begin)
    for number, name in enumerate(("one", "two")):
        expected = expected.replace(f"127.0.0.1:{8080 + number}", f"{name}:8080")

    assert there.partition(begin)[2] == expected


@pytest.mark.parametrize("name", ["nginx/whiteboard.conf", "nginx/static-page.conf", "container/nginx.conf"])
def test_nginx_lets_the_largest_picture_through(name: str) -> None:
    """By itself it refuses bodies of more than 1 MiB."""
    (megabytes,) = re.findall(
        r"^ *client_max_body_size (\d+)m;", (ROOT / "examples" / name).read_text(), re.MULTILINE
    )

    assert int(megabytes) * 2**20 > limits.MAX_ASSET_BYTES


@pytest.mark.integration
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    """With a program that is there in place of the installed one."""
    for unit in UNITS.iterdir():
        text = unit.read_text().replace("/opt/whiteboard/bin/whiteboard", sys.executable)
        (tmp_path / unit.name).write_text(text)
    files = sorted(map(str, tmp_path.iterdir()))
    ended = subprocess.run(
        [analyze(), "verify", "--man=no", *files], check=False, capture_output=True, text=True
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.integration
def test_the_service_is_exposed_to_little() -> None:
    """By systemd's own measure."""
    how = ["security", "--offline=yes", f"--threshold={LEAST_EXPOSED}", "--no-pager"]
    ended = subprocess.run(
        [analyze(), *how, str(UNITS / "whiteboard.service")], check=False, capture_output=True, text=True
    )

    assert ended.returncode == 0, ended.stdout


def analyze() -> str:
    """The program, which Debian's systemd has."""
    program = shutil.which("systemd-analyze")
    assert program, "no systemd-analyze: let tools/check install it"
    return program
