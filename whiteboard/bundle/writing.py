"""The bundle's file: whole or not at all, and for its owner's eyes only."""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

import attrs

from whiteboard import __version__
from whiteboard.bundle.contents import README
from whiteboard.bundle.gathering import Answer, Source
from whiteboard.errors import WhiteboardError


class UnwritableBundle(WhiteboardError):
    """The bundle's file cannot be written."""


def write(answers: Iterable[Answer], source: Source, path: Path, say: Callable[[Answer], None]) -> bool:
    """Keep answers as they come, as one zip file; whether none is missing.

    What `answers` raises leaves no file. The place is tried before the first one is asked for; nobody but the owner can read
    the file, which names people's addresses.

    Raises UnwritableBundle.

    Args: `say` is told of each answer.
    """
    told: list[Answer] = []
    with _open_whole(path) as file, ZipFile(file, "w", ZIP_DEFLATED) as bundle:
        for answer in answers:
            if answer.body:
                bundle.writestr(answer.part.name, answer.body)
            told.append(attrs.evolve(answer, body=b"", size=len(answer.body)))
            say(told[-1])
        bundle.writestr("README.txt", README + "".join(_listed(told)))
        bundle.writestr("manifest.json", json.dumps(_manifest(told, source), indent=1))
    return not any(answer.is_missing for answer in told)


@contextmanager
def _telling_of(path: Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:  # of who was told, not of the file
        raise
    except OSError as error:
        raise UnwritableBundle(f"{path} cannot be written: {error.strerror or error}") from error


@contextmanager
def _open_whole(path: Path) -> Iterator[IO[bytes]]:
    """A file that has its name once the block is done, and is gone when that fails."""
    with _telling_of(path):
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.", suffix=".part")
    try:
        with _telling_of(path), os.fdopen(descriptor, "wb") as file:
            yield file
        with _telling_of(path):
            Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _listed(answers: list[Answer]) -> Iterator[str]:
    width = max(len(answer.part.name) for answer in answers)
    for answer in answers:
        note = f" ({answer.fault})" if answer.fault else ""
        yield f"{answer.part.name:<{width}}  {answer.part.meaning}{note}\n"


def _manifest(answers: list[Answer], source: Source) -> dict[str, Any]:
    return {
        "url": source.url,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "by": f"whiteboard {__version__}",
        "parts": [
            {
                "name": answer.part.name,
                "path": answer.part.path,
                "status": answer.status,
                "bytes": answer.size,
                "seconds": round(answer.seconds, 3),
                "fault": answer.fault or None,
            }
            for answer in answers
        ],
    }
