# file: whiteboard/rooms/example.py
from collections.abc import Callable


def answer(handlers: dict[str, Callable[[], object]], name: str) -> object:
    return handlers[name]()  # seen: whiteboard.rooms.example.hello


def hello() -> object:
    return "welcome"


def begin() -> object:
    return answer({"hello": hello}, "hello")
