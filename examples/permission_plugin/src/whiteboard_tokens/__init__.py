"""A permission hook: a file of tokens. The entry point `tokens` resolves to this module."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from whiteboard.plugins import options
from whiteboard.plugins.permissions import OpenHook
from whiteboard_tokens.hook import open_tokens

interface: Final = 1
"""Of `whiteboard.plugins.permissions`, for which this was written."""

_RELOAD_SECONDS: Final = 2.0


def configure(given: Mapping[str, str]) -> OpenHook:
    """The hook on the file that the option `file` names, looked at every `reload` seconds.

    Raises ConfigError.
    """
    with options.reading(given) as reader:
        file = reader.require("file", options.path)
        reload = reader.take("reload", options.seconds, _RELOAD_SECONDS)
    assert file is not None, "`reading` has raised otherwise"
    return partial(open_tokens, file, reload)
