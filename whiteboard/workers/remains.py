"""Whether the system has begun to take a process down."""

import os
from pathlib import Path


def is_taken_down(pid: int) -> bool:
    """Whether a process that this one has started was killed or has ended, as far as the system shows what processes have open.

    First all that it has open is taken from it, then it is closed, in no certain order: people may see their connections end
    before the front sees the end of the link. Who asks here after one of them has ended is told so (proc_pid_fd(5)).
    """
    if _has_files(pid):
        return False
    return _has_files(os.getpid())  # else there is no /proc, or nothing to be seen in it


def _has_files(pid: int) -> bool:
    """Whether a process has its standard error, which it inherits; True also where this process may not look."""
    try:
        Path(f"/proc/{pid}/fd/2").readlink()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True
