"""Whose code a file is: the server's, or of somebody's own; or a library's, which does what it is told."""

import sysconfig
from functools import lru_cache
from pathlib import Path
from typing import Final

_PACKAGE: Final = f"{Path(__file__).parents[1]}/"
_LIBRARIES: Final = tuple({sysconfig.get_path(one) for one in ("stdlib", "platstdlib", "purelib", "platlib")})
_FILES: Final = 4_096
"""File names that are remembered."""


@lru_cache(maxsize=_FILES)
def is_ours(file: str) -> bool:
    """Whether to look for a fault there: in this package, or in what is no installed library (R52, R53).

    Args: `file` as code objects have it; `<frozen …>` is a library's.
    """
    return file.startswith(_PACKAGE) or not file.startswith((*_LIBRARIES, "<"))
