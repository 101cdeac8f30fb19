# file: whiteboard/rooms/example.py
from whiteboard.storage.sqlite import SqliteOpLog  # found


def head(log: SqliteOpLog) -> int:
    return log.head
# file: whiteboard/storage/sqlite.py
class SqliteOpLog:
    head = 0
