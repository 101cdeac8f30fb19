"""What every permission hook promises, whatever it decides: one test each.

A hook's test module subclasses `PermissionContract` and gives it the fixture `open_hook`, an opened plugin as `configure` gives it.
What the hook decides is for its own tests.
"""

from dataclasses import replace

import pytest
import trio

from whiteboard import limits
from whiteboard.ids import BoardId
from whiteboard.plugins.asking import NoAnswer
from whiteboard.plugins.guard import Guard
from whiteboard.plugins.permissions import OpenHook, Visit
from whiteboard.testing.permission_samples import change, visit

ODD_VISITS = [
    visit(),
    visit(token=""),
    visit(token="x" * limits.MAX_TOKEN_CHARS),
    visit(token="\x00\ud800 画 ' \" \\ %s {0}"),
    visit("-._", client=None, name="", address=""),
    visit("b" * 128, name="\u202e" * limits.MAX_NAME_CHARS, address="2001:db8::1"),
    replace(visit(), session=None),
]
"""Over sockets and HTTP, with and without what may be missing."""

ODD_CHANGES = [
    change(),
    change(subject="somebody whom the hook never let in"),
    replace(change(), op_id=None, address=""),
    *(change(kind=kind) for kind in ("stroke", "shape", "text", "image", "page", "append", "set", "delete", "restore")),
    change(kind="stroke", content=b'{"type":"stroke","id":"n","points":[' + b"[1,2]," * 100_000 + b"[1,2]]}"),
]  # fmt: skip
"""Of every kind, the largest included."""


class PermissionContract:
    """All of it. Subclass it as `Test…` with a fixture `open_hook` that gives an `OpenHook`."""

    @pytest.mark.parametrize("odd", ODD_VISITS)
    async def test_it_answers_whoever_comes(self, open_hook: OpenHook, odd: Visit) -> None:
        """In time, with an admission or a refusal, and without raising."""
        async with open_hook() as hook:
            guard = Guard([("it", hook)])
            await guard.admit(odd)
            assert_answered(guard, 1)

    async def test_it_answers_whatever_is_changed(self, open_hook: OpenHook) -> None:
        """In time, with a refusal or None, and without raising; also about somebody whom it does not know."""
        async with open_hook() as hook:
            asking = Guard([("it", hook)]).hooks[0].change
            if asking is None:
                return
            for odd in ODD_CHANGES:
                assert not isinstance(await asking.ask(odd), NoAnswer), odd

    async def test_it_answers_many_at_once(self, open_hook: OpenHook) -> None:
        """As many as arrive when a server has been started again."""
        async with open_hook() as hook:
            guard = Guard([("it", hook)])
            async with trio.open_nursery() as nursery:
                for n in range(limits.MAX_HOOK_QUEUE):
                    nursery.start_soon(guard.admit, replace(visit(), board=BoardId(f"b{n}")))
            assert_answered(guard, limits.MAX_HOOK_QUEUE)

    async def test_it_takes_being_given_up(self, open_hook: OpenHook) -> None:
        """A visitor who is gone meanwhile ends the question, and the next one is answered."""
        async with open_hook() as hook:
            guard = Guard([("it", hook)])
            with trio.CancelScope() as gone:
                gone.cancel()
                await guard.admit(visit())
            await guard.admit(visit())
            assert_answered(guard, 2)

    async def test_it_can_be_opened_again(self, open_hook: OpenHook) -> None:
        """One server after the other in one process, as tests do it."""
        for _ in range(2):
            async with open_hook() as hook:
                guard = Guard([("it", hook)])
                await guard.admit(visit())
                assert_answered(guard, 1)


def assert_answered(guard: Guard, asked: int) -> None:
    """So many questions were asked, and each was answered in time."""
    counts = guard.counts()
    assert counts["permission_asked"] == asked
    assert [counts[f"permission_{what}"] for what in ("failed", "late", "passed_over")] == [0, 0, 0]
