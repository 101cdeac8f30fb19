"""Presence: who is here and where they point."""

from whiteboard.core.presence import Pointer, Presence, Profile
from whiteboard.ids import ClientId, SessionId

ONE, TWO = SessionId("s1"), SessionId("s2")


def profile(session: SessionId, name: str = "Ada") -> Profile:
    """A profile."""
    return Profile(session, ClientId("c"), name, "#000")


def presence() -> Presence:
    """Two sessions are here."""
    here = Presence()
    here.enter(profile(ONE))
    here.enter(profile(TWO))
    return here


def test_profiles_are_listed_in_order_of_arrival() -> None:
    """A changed profile keeps its place. [HEL-9]"""
    here = presence()
    here.enter(profile(ONE, "Bob"))
    assert [one.name for one in here.profiles()] == ["Bob", "Ada"]
    assert here.profile(ONE) == profile(ONE, "Bob")
    assert ONE in here
    assert len(here) == 2


def test_who_leaves_takes_the_pointer_along() -> None:
    """Presence goes with its session. [PRS-6]"""
    here = presence()
    here.point(ONE, Pointer(x=1, y=2))
    assert here.leave(ONE)
    assert not here.leave(ONE)
    assert here.take_moved() == {}
    assert here.pointers() == {}
    assert here.profile(ONE) is None
    assert ONE not in here


def test_the_newest_position_counts() -> None:
    """Positions are coalesced; parts that an update leaves out stay. [PRS-4] [PRS-5]"""
    here = presence()
    here.point(ONE, Pointer(x=1, y=2))
    here.point(ONE, Pointer(x=3, y=4))
    here.point(ONE, Pointer(laser=((0, 0),), follow=TWO))
    assert here.take_moved() == {ONE: Pointer(3, 4, ((0, 0),), TWO)}
    assert here.take_moved() == {}
    here.point(ONE, Pointer(laser=()))
    assert here.take_moved() == {ONE: Pointer(3, 4, (), TWO)}
    assert here.pointers() == {ONE: Pointer(3, 4, (), TWO)}


def test_a_pointer_of_nobody_is_ignored() -> None:
    """A late cursor of a session that has left brings nothing back. [PRS-6]"""
    here = presence()
    here.leave(TWO)
    here.point(TWO, Pointer(x=1, y=1))
    assert here.take_moved() == {}
