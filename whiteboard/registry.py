"""What a registered duration is. `timeouts/` holds them all, `relations.py` what holds between them.

Who reads a duration reads `timeouts.HELLO.seconds` when it is used: configuration may put other values in force
before the server starts. What an entry's service level is measured by, whose it is and who approves a change of
it stands in `constraints/sla.yaml`, once for all entries that refer to it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(slots=True, eq=False)
class Timeout:
    """One deadline, pause or age."""

    name: str
    seconds: float
    """What is in force: more than zero. Changed by `relations.put_in_force` only."""
    rationale: str
    """The id of a service level, then why this value and not half or double of it; cites requirement or measurement."""
    scenario: str = ""
    """The test that runs it at 0.8, 1.0 and 1.2 of its value, in `tests/timeouts/scenarios`."""
    sli: str = ""
    """Metric and quantile, where they are not those of the service level."""
    alert: str = ""
    """Expression and threshold, where they are not those of the service level."""
    default: float = field(init=False)
    """What stands in the registry, in seconds."""

    def __post_init__(self) -> None:
        self.default = self.seconds

    @property
    def milliseconds(self) -> int:
        """What is in force, for those who count in whole milliseconds."""
        return round(self.seconds * 1000)

    @property
    def whole_seconds(self) -> int:
        """What is in force, for those who count in whole seconds: rounded up, as none would mean for ever or at once."""
        return math.ceil(self.seconds)

    @property
    def sla(self) -> str:
        """The service level's id, such as `SLA-LIVE-1`."""
        return self.rationale.partition(":")[0]

    @property
    def constant(self) -> str:
        """What code and relations call it: `PING_INTERVAL`."""
        return self.name.replace("-", "_").upper()


REGISTRY: Final[dict[str, Timeout]] = {}


def register(
    name: str, seconds: float, rationale: str, scenario: str = "", *, sli: str = "", alert: str = ""
) -> Timeout:
    """Enter a duration. Raises ValueError when the name is taken."""
    if name in REGISTRY:
        raise ValueError(f"timeout {name!r} is registered twice")
    timeout = Timeout(name, seconds, rationale, scenario, sli, alert)
    REGISTRY[name] = timeout
    return timeout


def canonical(seconds: Mapping[str, float]) -> str:
    """Values by name as one text, which is the same for the same values: what a version is made of."""
    return "".join(f"{name}={shown(value)}\n" for name, value in sorted(seconds.items()))


def shown(seconds: float) -> str:
    """Seconds as people write them."""
    return f"{seconds:.10g}"
