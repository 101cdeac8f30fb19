"""Whether the system has begun to take a process down."""

from pathlib import Path


def has_files(pid: int) -> bool:
    """Whether a process still has files: its standard error, which every worker has.

    The system first takes all files away from a process that was killed, and then closes them, in no certain order: people
    may see their connections end before the front sees the end of the link. Who asks here after one of them has ended is told
    so (proc_pid_fd(5)). True also where this process may not look; False where there is no such process, or no /proc.
    """
    try:
        Path(f"/proc/{pid}/fd/2").readlink()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True
