"""A board on which everybody draws as fast as the answers come, played by a process of its own."""

import contextlib
import multiprocessing
import os
from collections.abc import Iterator
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Final

from benchmarks.load import seated
from benchmarks.scenes.systems import Running

WINDOW: Final = 50
"""Ops of each person without an answer."""
_NICENESS: Final = 10
_SPELL_SECONDS: Final = 0.2
_SEATED_SECONDS: Final = 30.0


class HotBoard:
    """The other end of that process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def deliveries_per_second(self) -> float:
        """Since the last question, or since it began; ends at the next pause of its drawing."""
        self._pipe.send("how many?")
        told: float = self._pipe.recv()
        return told


@contextlib.contextmanager
def hot_board(server: Running, people: int) -> Iterator[HotBoard]:
    """Everybody is in and draws when this begins."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=_draw, args=(theirs, server.port, people), daemon=True
    )
    process.start()
    try:
        if not ours.poll(_SEATED_SECONDS):
            raise RuntimeError("the hot board's people were not let in")
        ours.recv()
        yield HotBoard(ours)
    finally:
        process.kill()
        process.join()
        ours.close()


def _draw(pipe: Connection, port: int, people: int) -> None:
    os.nice(_NICENESS)
    load = seated(port, ["hot"], people)
    pipe.send("ready")
    begin, answered = perf_counter(), 0.0
    while True:
        before = perf_counter()
        answered += load.draw_with_window(WINDOW, _SPELL_SECONDS) * (perf_counter() - before)
        if pipe.poll():
            pipe.recv()
            now = perf_counter()
            pipe.send(answered * (people - 1) / (now - begin))
            begin, answered = now, 0.0
