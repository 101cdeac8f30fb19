# file: whiteboard/core/example.py
def merged_at(now: float) -> float:
    return now
