# file: whiteboard/rooms/example.py
def answer(handlers: dict[str, object], name: str) -> object:
    handler = handlers[name]
    return handler()  # seen: whiteboard.rooms.example.hello  # found


def hello() -> object:
    return "welcome"
