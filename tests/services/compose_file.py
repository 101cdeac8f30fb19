"""The compose file of the examples, and what of it can run by now."""

from pathlib import Path
from typing import Any, Final

import yaml

COMPOSE: Final = Path(__file__).parents[2] / "examples/container/compose.yaml"
SECRETS: Final = ("redis_password", "postgres_password", "s3_secret_key")
NETWORK: Final = "10.89.80"
NOT_RUN: Final = frozenset({"postgres", "s3", "bucket", "consul"})
"""Services without a stand-in: what they would run is not on a Debian machine, or no setting asks for it yet."""
SHARED_ELSEWHERE: Final = ("POSTGRES", "S3", "CONSUL")
"""Variables of services that are not run begin so, behind WHITEBOARD_."""


def composed() -> dict[str, Any]:
    """The file as it is read, its `x-` parts filled in."""
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return found


def reduced(*, port: int, network: str) -> str:
    """The file with what can run: nginx at a port of loopback, in another network, with images that are there."""
    file = yaml.safe_load(COMPOSE.read_text().replace(f"{NETWORK}.", f"{network}."))
    services = {name: service for name, service in file["services"].items() if name not in NOT_RUN}
    for service in services.values():
        service.pop("build", None)
        after = service.get("depends_on", {})
        service["depends_on"] = {name: when for name, when in after.items() if name not in NOT_RUN}
        variables = service.get("environment", {})
        service["environment"] = {name: text for name, text in variables.items() if _can_be_set(name)}
    services["nginx"]["ports"] = [f"127.0.0.1:{port}:80"]
    return yaml.safe_dump({**file, "services": services})


def _can_be_set(variable: str) -> bool:
    _, _, setting = variable.partition("_")
    return not setting.startswith(SHARED_ELSEWHERE)
