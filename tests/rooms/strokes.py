"""Small ops, and the seqs under which they come back."""

from rooms.line import Line


def stroke(number: int, **more: object) -> dict[str, object]:
    """A small stroke op."""
    return {"type": "stroke", "id": f"s{number}", "points": [[number, 0]], **more}


async def seqs(line: Line, count: int, kind: str = "stroke") -> list[int]:
    """The seqs of the next messages of a kind."""
    return [(await line.expect(kind))["seq"] for _ in range(count)]
