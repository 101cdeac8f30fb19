"""Where code is, in the words that all profiles use: `whiteboard.rooms.room.Room.commit` in `whiteboard/rooms/room.py`.

Files are told from their package's folder on: where it is installed is nobody's business, and profiles of two machines can be
compared. `go tool pprof -list` finds them with `-source_path`.
"""

import sys
from functools import lru_cache
from types import CodeType, FrameType
from typing import Final

from whiteboard.diagnostics.profiles.profile import Frame

_FILES: Final = 4_096
"""File names whose short form is remembered."""
_FROZEN: Final = "<frozen "


class Places:
    """The places of one profile, each made once: by code and instruction, as a line number takes a while to find.

    Lives as long as the profile is being made and holds the code, so that no other gets its id.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[CodeType, Frame]] = {}

    def of(self, frame: FrameType) -> Frame:
        """Where a frame stands."""
        code = frame.f_code
        key = id(code), frame.f_lasti
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = code, place_of(code, frame.f_lineno)
        return known[1]


def place_of(code: CodeType, line: int | None) -> Frame:
    """A line of a piece of code; None for an instruction that has none."""
    return Frame(
        f"{module_of(code.co_filename)}.{code.co_qualname}",
        short_file(code.co_filename),
        line or code.co_firstlineno,
        code.co_firstlineno,
    )


@lru_cache(maxsize=_FILES)
def short_file(file: str) -> str:
    """From the package's folder on; the whole name of what is in none that programs are imported from."""
    folders = [folder for folder in sys.path if folder and file.startswith(f"{folder}/")]
    return file[len(max(folders, key=len)) + 1 :] if folders else file


@lru_cache(maxsize=_FILES)
def module_of(file: str) -> str:
    """The module that a file is: `trio._core._run`; what is no file, as generated code, by what it is called.

    Never with angle brackets around it: `go tool pprof` takes these for C++ and leaves out what is between.
    """
    if file.startswith("<"):
        return file.removeprefix(_FROZEN).strip("<>")
    short = short_file(file)
    return short.removesuffix(".py").removesuffix("/__init__").strip("/").replace("/", ".")
