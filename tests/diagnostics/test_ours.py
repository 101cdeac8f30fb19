"""Whose code a file is."""

import json

import trio

from whiteboard.core import board
from whiteboard.diagnostics.ours import is_ours


def test_the_package_and_own_files_are_ours() -> None:
    """Wherever they are installed; libraries are not."""
    assert is_ours(str(board.__file__))
    assert is_ours(__file__)
    assert not is_ours(str(json.__file__))
    assert not is_ours(str(trio.__file__))
    assert not is_ours("<frozen importlib._bootstrap>")
