"""The limit on open files and sockets."""

import resource

import pytest

from whiteboard.transport.descriptors import raise_descriptor_limit

Limits = tuple[int, int]


class System:
    """A process that has limits."""

    def __init__(self, soft: int, hard: int, *, refuses: bool = False) -> None:
        self.limits = (soft, hard)
        self._refuses = refuses

    def get(self, _: int) -> Limits:
        return self.limits

    def set(self, _: int, limits: Limits) -> None:
        if self._refuses:
            raise ValueError("not allowed to raise maximum limit")
        self.limits = limits


@pytest.mark.parametrize(
    ("soft", "hard", "result"),
    [
        (1024, 4096, 4096),
        (1024, 1_000_000, 65_536),
        (1024, resource.RLIM_INFINITY, 65_536),
        (100_000, 1_000_000, 100_000),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, resource.RLIM_INFINITY),
    ],
)
def test_the_soft_limit_is_raised_and_never_lowered(
    soft: int, hard: int, result: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Towards the hard one, which stays, and no further than is of use."""
    system = System(soft, hard)
    monkeypatch.setattr(resource, "getrlimit", system.get)
    monkeypatch.setattr(resource, "setrlimit", system.set)
    assert raise_descriptor_limit() == result
    assert system.limits == (result, hard)


def test_a_system_that_refuses_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server then takes fewer connections."""
    system = System(1024, 4096, refuses=True)
    monkeypatch.setattr(resource, "getrlimit", system.get)
    monkeypatch.setattr(resource, "setrlimit", system.set)
    assert raise_descriptor_limit() == 1024
