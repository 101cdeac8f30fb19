"""What the server asks, answered from the file's newest good content; and the task that watches the file.

Answers come from memory, so both questions are `async def` and take no thread; only the file is read in one.
"""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import trio

from whiteboard.errors import StartupError
from whiteboard.plugins.permissions import Admission, Change, Refusal, Role, Visit
from whiteboard_tokens.people import BadFile, People, read_people

log = logging.getLogger(__name__)

_MAX_BYTES: Final = 4 * 1024 * 1024
"""Some 20,000 people."""


class TokensHook:
    """Who may come, by token; what they may change, by the name that they had then."""

    def __init__(self, people: People) -> None:
        self.people = people
        """Replaced when the file has changed."""

    async def enter(self, visit: Visit) -> Admission | Refusal:
        await trio.lowlevel.checkpoint()
        person = self.people.with_token(visit.token)
        if person is None:
            return Refusal("this token is nobody's", is_unauthenticated=True)
        role = person.role_on(visit.board)
        if role is None:
            return Refusal("this board is not for you", is_unauthenticated=visit.token is None)
        return Admission(role, subject=person.name)

    async def change(self, change: Change) -> Refusal | None:
        """Asked anew for each op, so that who is taken out of the file stops drawing at once."""
        await trio.lowlevel.checkpoint()
        person = self.people.by_name.get(change.subject)
        if person is None or person.role_on(change.board) is not Role.EDITOR:
            return Refusal("you may not draw on this board any more")
        return None


@asynccontextmanager
async def open_tokens(file: Path, reload_seconds: float) -> AsyncIterator[TokensHook]:
    """The hook on a file. Raises StartupError when it cannot be read now; later that changes nothing.

    Children: the task that watches the file.
    """
    try:
        stamp, people = await trio.to_thread.run_sync(_read, file)
    except (OSError, BadFile) as error:
        raise StartupError(f"cannot use the tokens file {file}: {error}") from error
    hook = TokensHook(people)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_watch, hook, file, stamp, reload_seconds, name="tokens: watch the file")
        yield hook
        nursery.cancel_scope.cancel()


async def _watch(hook: TokensHook, file: Path, stamp: object, seconds: float) -> None:
    """Take over what the file says whenever it has changed, for ever."""
    while True:
        await trio.sleep(seconds)
        try:
            seen = await trio.to_thread.run_sync(_stamp, file)
            if seen != stamp:
                stamp = seen
                stamp, hook.people = await trio.to_thread.run_sync(_read, file)
        except (OSError, BadFile) as error:
            log.warning("the tokens file %s is not used as it is now: %s", file, error)


def _read(file: Path) -> tuple[object, People]:
    """What tells this state of the file from others, and what it says. Raises OSError, BadFile."""
    with file.open("rb") as opened:
        stamp = _stamp_of(os.fstat(opened.fileno()))
        data = opened.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise BadFile(f"has more than {_MAX_BYTES} bytes")
    try:
        return stamp, read_people(data.decode())
    except UnicodeDecodeError as error:
        raise BadFile("is no UTF-8 text") from error


def _stamp(file: Path) -> object:
    return _stamp_of(file.stat())


def _stamp_of(status: os.stat_result) -> object:
    return status.st_ino, status.st_mtime_ns, status.st_size
