"""The contract of permission hooks, on hooks of both kinds; and that it finds those that break it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from plugins.hooks import DoorHook, Hook

from whiteboard.plugins.permissions import Admission, Change, OpenHook, PermissionHook, Refusal, Visit
from whiteboard.testing.permission_contract import PermissionContract
from whiteboard.testing.permission_samples import visit


def opens(hook: PermissionHook) -> OpenHook:
    """How to open it."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[PermissionHook]:
        yield hook

    return opened


class PlainHook:
    """Both questions as plain functions."""

    def enter(self, visit: Visit) -> Admission | Refusal:
        return Admission(subject=visit.name) if visit.token else Refusal("no token", is_unauthenticated=True)

    def change(self, change: Change) -> Refusal | None:
        return None if change.subject else Refusal("who are you?")


class TestAsyncHook(PermissionContract):
    """On Trio."""

    @pytest.fixture
    def open_hook(self) -> OpenHook:
        return opens(Hook())


class TestPlainHook(PermissionContract):
    """In threads."""

    @pytest.fixture
    def open_hook(self) -> OpenHook:
        return opens(PlainHook())


class TestDoorHook(PermissionContract):
    """Without a question about ops."""

    @pytest.fixture
    def open_hook(self) -> OpenHook:
        return opens(DoorHook(Refusal("closed")))


async def test_it_finds_a_hook_that_does_not_answer() -> None:
    """One that knows nothing but well-behaved visitors fails."""

    async def strict(visit: Visit) -> Any:
        await trio.lowlevel.checkpoint()
        assert visit.token is not None
        return Admission()

    suite = PermissionContract()
    with pytest.raises(AssertionError):
        await suite.test_it_answers_whoever_comes(opens(Hook(strict)), visit())
