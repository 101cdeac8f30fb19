"""What a bundle is made of. Each file is one address below the server's URL; a new one is one more line.

Nothing here has what people draw or write, and no secrets: settings come with these masked. Several files name boards and
sessions, and lines of sessions the addresses of people, as the file `README.txt` in each bundle says.
"""

from typing import Final

import attrs


@attrs.frozen
class Part:
    """One file of a bundle."""

    name: str
    path: str
    """Of the address below the server's URL; `{seconds}` stands for how long profiles are to look."""
    meaning: str
    takes_long: bool = False
    """Whether the answer takes those seconds."""
    may_be_unready: bool = False
    """Whether 503 is what the server says of itself, and no fault."""


PARTS: Final = (
    Part("version.json", "/healthz", "the version, and that the process answers"),
    Part("readyz.json", "/readyz", "whether it may get traffic, with the reasons", may_be_unready=True),
    Part("status.json", "/debug/status", "counts, memory, figures and findings in one"),
    Part("settings.json", "/debug/settings", "the settings in force, secrets masked"),
    Part(
        "findings.json", "/debug/findings", "what the server found wrong with itself: stalls, leaks, growth"
    ),
    Part("tasks.json", "/debug/tasks", "the tree of tasks, and what each of them waits for"),
    Part("timeouts.json", "/debug/timeouts", "every duration, how often it ran out or nearly did"),
    Part("workers.json", "/debug/workers", "the processes, where there are several"),
    Part("cluster.json", "/api/cluster", "other servers, as this one knows them"),
    Part("metrics.txt", "/metrics", "every figure, as Prometheus has it"),
    Part("logs.json", "/debug/logs", "the newest lines of the log"),
    Part("sampling.json", "/debug/sampling", "which profiles are on, and how fine"),
    Part(
        "profiles/tasks.pb.gz",
        "/debug/pprof/tasks",
        "where every task waits, with the nursery owners above it",
    ),
    Part("profiles/threads.pb.gz", "/debug/pprof/threads", "where every thread is"),
    Part("profiles/heap.pb.gz", "/debug/pprof/heap", "what lives where it was allocated, if that is traced"),
    Part(
        "profiles/cpu.pb.gz", "/debug/pprof/profile?seconds={seconds}", "where the time goes", takes_long=True
    ),
    Part(
        "profiles/block.pb.gz", "/debug/pprof/block?seconds={seconds}", "what tasks wait for", takes_long=True
    ),
)

README: Final = """\
What a whiteboard server told about itself, as it came; manifest.json says when, from where, and what could not be had.

No file has what people draw or write, and no secrets. Log lines, tasks, status, findings and profiles name boards and sessions,
and log lines the addresses of people: see through them before you give this away.

profiles/ are read by `go tool pprof FILE`, or by the server's own page, /debug/.

"""
