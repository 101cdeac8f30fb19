"""Permission hooks for tests: what they answer is what the test says."""

from collections.abc import Awaitable, Callable

import trio

from whiteboard.plugins.permissions import Admission, Change, Entry, Refusal, Visit

OnVisit = Callable[[Visit], Awaitable[Entry]]
OnChange = Callable[[Change], Awaitable[Refusal | None]]


async def welcome(_: Visit) -> Entry:
    """Everybody comes as an editor."""
    await trio.lowlevel.checkpoint()
    return Admission()


async def agree(_: Change) -> Refusal | None:
    """Everything may be made."""
    await trio.lowlevel.checkpoint()
    return None


class Hook:
    """A hook that remembers what it was asked."""

    def __init__(self, enter: OnVisit = welcome, change: OnChange = agree) -> None:
        self.on_visit = enter
        self.on_change = change
        self.visits: list[Visit] = []
        self.changes: list[Change] = []

    async def enter(self, visit: Visit) -> Entry:
        self.visits.append(visit)
        return await self.on_visit(visit)

    async def change(self, change: Change) -> Refusal | None:
        self.changes.append(change)
        return await self.on_change(change)


class DoorHook:
    """A hook that never looks at ops."""

    change = None

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    async def enter(self, _: Visit) -> Entry:
        await trio.lowlevel.checkpoint()
        return self._entry


def says(answer: Entry) -> OnVisit:
    """A hook's `enter` that says the same to everybody."""

    async def enter(_: Visit) -> Entry:
        await trio.lowlevel.checkpoint()
        return answer

    return enter
