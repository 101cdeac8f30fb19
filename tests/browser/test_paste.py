"""Where pasted things go (R25)."""

import math

import pytest
from browser.conftest import Invite
from browser.person import At, Person
from integration.server_process import ServerProcess

pytestmark = pytest.mark.browser


@pytest.fixture
def ada(invite: Invite, shared_server: ServerProcess) -> Person:
    """Somebody with a shape on the clipboard, far from where they look now."""
    ada = invite(shared_server)
    ada.shape("rectangle", (200, 200), (300, 260))
    ada.key("Control+c")
    ada.ask("() => { const { desk } = whiteboard; desk.look({ ...desk.camera, x: desk.camera.x + 5000 }); }")
    return ada


def paste(person: Person) -> At:
    """Paste, and say where it is on the screen."""
    before = set(person.ids)
    person.key("Control+v")
    person.sees_count(len(before) + 1)
    (made,) = set(person.ids) - before
    return person.middle(made)


def test_under_the_pointer(ada: Person) -> None:
    """Where the pointer is over the board, that is where it goes; again there, a step further. [R25]"""
    ada.page.mouse.move(600, 300, steps=3)
    assert math.dist(paste(ada), (600, 300)) < 2
    assert math.dist(paste(ada), (620, 320)) < 2
    assert math.dist(paste(ada), (640, 340)) < 2
    ada.page.mouse.move(300, 500, steps=3)
    assert math.dist(paste(ada), (300, 500)) < 2


def test_in_the_middle(ada: Person) -> None:
    """With the pointer on a bar it goes where one looks, and repeats do not hide one another. [R25]"""
    ada.find("share").hover()
    assert math.dist(paste(ada), (500, 350)) < 2
    assert math.dist(paste(ada), (520, 370)) < 2
