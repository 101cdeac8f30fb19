"""Who is here and where they point. Never stored; newest wins; gone with its session."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from whiteboard.ids import ClientId, SessionId

Point = Sequence[float]
"""x, y in board units, perhaps a pressure."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How a session's person appears to others."""

    session: SessionId
    client: ClientId
    name: str
    color: str


class Pointer(msgspec.Struct, frozen=True, gc=False):
    """Where a session points. Absent parts were never sent."""

    x: float | None = None
    y: float | None = None
    laser: tuple[Point, ...] | None = None
    follow: SessionId | None = None


class Presence:
    """Profiles and pointers of a board's sessions."""

    def __init__(self) -> None:
        self._profiles: dict[SessionId, Profile] = {}
        self._pointers: dict[SessionId, Pointer] = {}
        self._moved: set[SessionId] = set()
        self._renamed: set[SessionId] = set()

    def __len__(self) -> int:
        return len(self._profiles)

    def __contains__(self, session: object) -> bool:
        return session in self._profiles

    def profiles(self) -> Iterator[Profile]:
        """Everybody here, in order of arrival."""
        return iter(self._profiles.values())

    def profile(self, session: SessionId) -> Profile | None:
        """One session's profile, or None when it is not here."""
        return self._profiles.get(session)

    def enter(self, profile: Profile) -> None:
        """A session arrives."""
        self._profiles[profile.session] = profile

    def rename(self, profile: Profile) -> None:
        """A session that is here changes its profile."""
        if self._profiles[profile.session] != profile:
            self._profiles[profile.session] = profile
            self._renamed.add(profile.session)

    def leave(self, session: SessionId) -> bool:
        """A session goes; False when it was not here."""
        self._pointers.pop(session, None)
        self._moved.discard(session)
        self._renamed.discard(session)
        return self._profiles.pop(session, None) is not None

    def point(self, session: SessionId, update: Pointer) -> None:
        """Move a session's pointer; parts of `update` that are None stay as they were."""
        if session in self._profiles:
            standing = self._pointers.get(session)
            self._pointers[session] = update if standing is None else _moved(standing, update)
            self._moved.add(session)

    def take_moved(self) -> dict[SessionId, Pointer]:
        """Pointers that moved since the last call, newest position each."""
        pointers = self._pointers
        moved = {session: pointers[session] for session in self._moved}
        self._moved.clear()
        return moved

    def take_renamed(self) -> list[Profile]:
        """Profiles that changed since the last call, newest form each."""
        renamed = [self._profiles[session] for session in self._renamed]
        self._renamed.clear()
        return renamed

    def pointers(self) -> dict[SessionId, Pointer]:
        """Every pointer there is."""
        return dict(self._pointers)


def _moved(standing: Pointer, update: Pointer) -> Pointer:
    has_place = update.x is not None and update.y is not None
    if has_place and standing.laser is None and standing.follow is None:
        return update  # nearly all: a cursor that moves on
    return Pointer(
        x=standing.x if update.x is None else update.x,
        y=standing.y if update.y is None else update.y,
        laser=standing.laser if update.laser is None else update.laser,
        follow=standing.follow if update.follow is None else update.follow,
    )
