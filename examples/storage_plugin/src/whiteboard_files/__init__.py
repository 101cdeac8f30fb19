"""A storage plugin: boards as one file each. The entry point `files` resolves to this module."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from whiteboard.plugins import options
from whiteboard.plugins.storage import OpenStorage
from whiteboard_files.adapter import open_files

interface: Final = 1
"""Of `whiteboard.plugins.storage`, for which this was written."""


def configure(given: Mapping[str, str]) -> OpenStorage:
    """The storage in the folder that the option `path` names; it is made when it is not there.

    Raises ConfigError.
    """
    with options.reading(given) as reader:
        path = reader.require("path", options.path)
    assert path is not None, "`reading` has raised otherwise"
    return partial(open_files, path)
