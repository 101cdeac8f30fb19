"""How the process is doing, in one look that costs little: what `/debug/`, `whiteboard top` and the support bundle read.

Every two seconds somebody may ask, so nothing here walks tasks, objects or elements: it puts together what is counted already.
What it says of several processes adds up.
"""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from whiteboard import __version__, limits
from whiteboard.diagnostics import figures, findings

_BEGAN: Final = time.monotonic()
_STATUS: Final = Path("/proc/self/status")
_LIMIT: Final = "whiteboard_memory_limit_bytes"
"""The figure of whoever holds memory down, where somebody does."""
_MEMORY: Final = {"VmRSS:": "rss", "VmHWM:": "peak"}
"""proc_pid_status(5)'s names and ours."""


def report(counts: Mapping[str, int], boards: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Of this process, as plain values for JSON.

    Args:
        counts: what the server holds: sessions, boards, leases, queue bytes, ops that wait.
        boards: the busiest of its boards.

    Returns:
        `{"pid", "uptime", "memory", "counts", "boards", "figures", "findings"}`: seconds since the start, bytes as `memory`
        gives them, figures and findings as their modules report them.
    """
    told = figures.report()
    return {
        "pid": os.getpid(),
        "uptime": round(time.monotonic() - _BEGAN, 1),
        "memory": memory(told),
        "counts": dict(counts),
        "boards": [dict(board) for board in boards],
        "figures": told,
        "findings": findings.report(),
    }


def together(reports: Mapping[int, Mapping[str, Any] | None]) -> dict[str, Any]:
    """What the workers of a server are together; `reports` by number, None for one that does not answer.

    Returns:
        `{"processes": [{"worker", "pid", "uptime", "memory", "counts"}], "memory", "counts", "boards", "figures", "findings"}`:
        sums, the busiest boards and the latest findings of all, each with its `worker`, and of each process its own.
        `{"worker", "away": true}` for one that does not answer.
    """
    told = {number: one for number, one in sorted(reports.items()) if one is not None}
    boards = [{**board, "worker": number} for number, one in told.items() for board in one["boards"]]
    found = [{**finding, "worker": number} for number, one in told.items() for finding in one["findings"]]
    return {
        "processes": [_process(number, one) for number, one in sorted(reports.items())],
        "memory": {
            "rss": None,
            "peak": None,
            "limit": None,
            **_sums([one["memory"] for one in told.values()]),
        },
        "counts": _sums([one["counts"] for one in told.values()]),
        "boards": sorted(boards, key=lambda board: -board["sessions"])[: limits.MAX_BOARDS_SHOWN],
        "figures": figures.together([one["figures"] for one in told.values()]),
        "findings": sorted(found, key=lambda finding: -finding["latest_at"])[: limits.MAX_FINDINGS],
    }


def memory(told: Mapping[str, Any]) -> dict[str, int | None]:
    """`{"rss", "peak", "limit"}` in bytes: what the process has, the most that it had, what it tries to stay below.

    None for what the system does not tell, or nobody set. `told` is what `figures.report` gives, which has the limit.
    """
    limit = told.get(_LIMIT, {"values": {}})["values"].get("") or None
    return {"rss": None, "peak": None, **_of_system(), "limit": None if limit is None else int(limit)}


def versions() -> dict[str, str]:
    """Of what runs: whiteboard, Python and the system."""
    return {
        "whiteboard": __version__,
        "python": sys.version.partition(" ")[0],
        "system": f"{os.uname().sysname} {os.uname().release}",
    }


def _of_system() -> dict[str, int]:
    try:
        lines = _STATUS.read_text("ascii", "replace").splitlines()
    except OSError:
        return {}
    fields = [line.split() for line in lines]
    return {_MEMORY[field[0]]: int(field[1]) * limits.KIB for field in fields if field[0] in _MEMORY}


def _process(number: int, one: Mapping[str, Any] | None) -> dict[str, Any]:
    if one is None:
        return {"worker": number, "away": True}
    return {"worker": number, **{key: one[key] for key in ("pid", "uptime", "memory", "counts")}}


def _sums(parts: Sequence[Mapping[str, int | None]]) -> dict[str, int | None]:
    """By name; None where somebody does not know."""
    names = dict.fromkeys(name for part in parts for name in part)
    sums: dict[str, int | None] = {}
    for name in names:
        known = [value for part in parts if (value := part.get(name)) is not None]
        sums[name] = sum(known) if len(known) == len(parts) else None
    return sums
