"""A file of tokens decides who may come and draw."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import trio
import whiteboard_tokens
from whiteboard_tokens.hook import open_tokens
from whiteboard_tokens.people import BadFile, read_people

from whiteboard.errors import ConfigError, StartupError
from whiteboard.plugins.permissions import Admission, OpenHook, Refusal, Role
from whiteboard.testing.permission_contract import PermissionContract
from whiteboard.testing.permission_samples import change, visit

ADA = "token-of-ada-lovelace"
BOB = "token-of-bob-the-builder"
FILE = f"""
[[people]]
name = "ada"
token = "{ADA}"
editor = ["plans-*"]
viewer = ["*"]

[[people]]
name = "bob"
token = "{BOB}"
viewer = ["plans-1"]

[anyone]
viewer = ["public-*"]
"""
RELOAD = 0.01


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A good file."""
    path = tmp_path / "tokens.toml"
    path.write_text(FILE)
    return path


class TestTokens(PermissionContract):
    """`whiteboard_tokens`, by the contract of all permission hooks."""

    @pytest.fixture
    def open_hook(self, file: Path) -> OpenHook:
        return partial(open_tokens, file, RELOAD)


@pytest.mark.parametrize(
    ("token", "board", "expected"),
    [
        (ADA, "plans-1", Admission(Role.EDITOR, "ada")),
        (ADA, "daily", Admission(Role.VIEWER, "ada")),
        (BOB, "plans-1", Admission(Role.VIEWER, "bob")),
        (BOB, "plans-2", Refusal("this board is not for you")),
        (None, "public-1", Admission(Role.VIEWER, "")),
        (None, "plans-1", Refusal("this board is not for you", is_unauthenticated=True)),
        ("", "public-1", Refusal("this token is nobody's", is_unauthenticated=True)),
        (ADA[:-1], "plans-1", Refusal("this token is nobody's", is_unauthenticated=True)),
    ],
)
async def test_who_may_come(file: Path, token: str | None, board: str, expected: object) -> None:
    """By token and board, as the file says; a wrong token is not the same as none."""
    async with open_tokens(file, RELOAD) as hook:
        assert await hook.enter(visit(board, token=token)) == expected


async def until(holds: Callable[[], bool]) -> None:
    """Poll until something holds."""
    for _ in range(1_000):
        if holds():
            return
        await trio.sleep(RELOAD)
    raise AssertionError("it did not come to hold within 10 s")


async def test_who_is_taken_out_stops_drawing(file: Path) -> None:
    """The file is looked at again; a bad one changes nothing, a good one counts."""
    async with open_tokens(file, RELOAD) as hook:
        before = hook.people
        assert await hook.change(change("plans-1", subject="ada")) is None
        file.write_text("people = 5")
        await trio.sleep(10 * RELOAD)
        assert hook.people is before
        file.write_text(FILE.replace('editor = ["plans-*"]', ""))
        await until(lambda: hook.people is not before)
        assert isinstance(await hook.change(change("plans-1", subject="ada")), Refusal)
        assert isinstance(await hook.change(change("plans-1", subject="nobody")), Refusal)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("people = ", "is no TOML"),
        ("folk = 1", "has folk"),
        ("people = 5", "a list is needed"),
        ("people = [5]", "name is needed"),
        ('[[people]]\nname = "a"\ntoken = "short"', "at least 16"),
        (f'[[people]]\nname = "a"\ntoken = "{ADA}"\neditor = "x"', "editor: a list is needed"),
        (f'[[people]]\nname = "a"\ntoken = "{ADA}"\neditor = [1]', "patterns of board ids"),
        (f'[[people]]\nname = "a"\ntoken = "{ADA}"\nboards = []', "boards means nothing"),
        (f'[[people]]\nname = "a"\ntoken = "{ADA}"\n' * 2, "twice"),
        ("anyone = 5", "a table is needed"),
    ],
)
def test_a_bad_file_says_where(text: str, complaint: str) -> None:
    """In one sentence."""
    with pytest.raises(BadFile, match=complaint):
        read_people(text)


@pytest.mark.parametrize("content", [None, b"\xff", b"x", b"#" * 5_000_000])
async def test_a_file_that_cannot_be_read_keeps_the_server_from_starting(
    tmp_path: Path, content: bytes | None
) -> None:
    """And the sentence names it."""
    path = tmp_path / "tokens.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StartupError, match=r"tokens\.toml"):
        async with open_tokens(path, RELOAD):
            pass


def test_options() -> None:
    """`file` has to be there, `reload` is a number of seconds."""
    with pytest.raises(ConfigError) as wrong:
        whiteboard_tokens.configure({"reload": "often"})
    assert wrong.value.problems == [
        "file: missing",
        "reload: expected a number of seconds above 0, got 'often'",
    ]
