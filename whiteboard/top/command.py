"""The command: what was typed in, the terminal out."""

from argparse import Namespace
from collections.abc import Callable
from functools import partial

import trio

from whiteboard.top import terminal
from whiteboard.top.place import Place
from whiteboard.top.watching import say_again, say_once, watch

Say = Callable[[str], None]


def run(arguments: Namespace, say: Say) -> None:
    """Show how the server is doing until somebody has seen enough; once with `--once`, or where there is no terminal.

    Raises ConfigError for what cannot be asked for, NoStatus when the first look fails.
    """
    place = Place.of(arguments.url, arguments.token_file, arguments.ca_file)
    if arguments.json and not arguments.once:
        trio.run(say_again, place, say)
    elif arguments.once or not terminal.is_there():
        trio.run(partial(say_once, place, say, as_json=arguments.json))
    else:
        trio.run(watch, place)
