"""The port for bytes by name: uploaded assets and archives (R32). Owns no I/O; knows no adapter.

All methods are Trio coroutines and checkpoint. All of them may raise `StorageUnavailable` (try again later; also once
the store is closed); nothing else. Names and sizes out of their stated ranges are the caller's bug: `ValueError`, and
nothing is stored. A write that was cancelled or raised may have been done or not, never by half; all of them can be
repeated.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from whiteboard import limits

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """A blob without its bytes."""

    name: str
    size: int
    """Bytes."""


class Blobs(Protocol):
    """Bytes by name, kept until somebody deletes them.

    A name is 1 to MAX_BLOB_NAME_CHARS characters: parts of `A-Z a-z 0-9 _ . -`, at most MAX_BLOB_PART_CHARS each, joined
    by `/`, none of them `.` or `..`. No name goes on below another one (not both `a` and `a/b`): whoever makes names sees
    to that; a store may take it or raise ValueError.
    """

    async def put(self, name: str, body: bytes) -> None:
        """Store a blob, or replace it. When it returns the blob is as safe as the store can make it.

        A reader finds the old bytes or the new ones, never a part.

        Args:
            body: at most MAX_BLOB_BYTES.
        """

    async def get(self, name: str) -> bytes | None:
        """All bytes of a blob; None when there is none of that name."""

    async def size(self, name: str) -> int | None:
        """How many bytes a blob has; None when there is none of that name."""

    async def page(self, prefix: str, limit: int, after: str | None = None) -> Sequence[BlobInfo]:
        """Blobs whose names begin with a prefix, by name in ascending order of bytes, those above `after`, at most `limit`.

        Args:
            prefix: `""` for all of them; need not end at a `/`.
            limit: 1 to MAX_BLOB_PAGE.
        """

    async def delete(self, name: str) -> None:
        """Forget a blob, if there is one."""

    async def probe(self) -> None:
        """Write something small and read it back; raises StorageUnavailable when that fails."""


def check_name(name: str) -> None:
    """Raises ValueError for what is no name of a blob."""
    if not is_name(name):
        raise ValueError(f"{name[: limits.MAX_BLOB_NAME_CHARS]!r} is no name of a blob")


def is_name(text: str) -> bool:
    """Whether a blob can have this name."""
    if len(text) > limits.MAX_BLOB_NAME_CHARS or _NAME.fullmatch(text) is None:
        return False
    parts = text.split("/")
    return not {".", ".."} & set(parts) and max(map(len, parts)) <= limits.MAX_BLOB_PART_CHARS


def check_body(body: bytes) -> None:
    """Raises ValueError for a body that is too large."""
    if len(body) > limits.MAX_BLOB_BYTES:
        raise ValueError(f"a blob has at most {limits.MAX_BLOB_BYTES} bytes, not {len(body)}")


def check_page(limit: int) -> None:
    """Raises ValueError for a page of no or too many lines."""
    if not 1 <= limit <= limits.MAX_BLOB_PAGE:
        raise ValueError(f"a page has 1 to {limits.MAX_BLOB_PAGE} blobs, not {limit}")
