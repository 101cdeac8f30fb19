"""What a registered duration is. `timeouts.py` holds them all."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Timeout:
    """One deadline or interval."""

    name: str
    seconds: float
    """More than zero."""
    rationale: str
    """Why this value and not half or double of it; cites the requirement or measurement."""


REGISTRY: Final[dict[str, Timeout]] = {}


def register(name: str, seconds: float, rationale: str) -> Timeout:
    """Enter a duration. Raises ValueError when the name is taken."""
    if name in REGISTRY:
        raise ValueError(f"timeout {name!r} is registered twice")
    timeout = Timeout(name, seconds, rationale)
    REGISTRY[name] = timeout
    return timeout
