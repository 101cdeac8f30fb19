"""What has ended and is still there: when that counts as a leak, and how often it is looked for."""

from typing import Final

from whiteboard.registry import register

LEAK_LOOK: Final = register(
    "leak-look",
    15.0,
    "SLA-MEMORY-1: Between two looks for leaks: a third of a microsecond for each task, so that 10,000 sessions cost a thousandth of a core.",
    "a server looks for leaks",
)
LEAKED_OBJECT: Final = register(
    "leaked-object",
    60.0,
    "SLA-MEMORY-1: A session or board that has ended is gone with the next line of code; a minute later somebody holds it (R44).",
    "a session is held",
)
LEAKED_TASK: Final = register(
    "leaked-task",
    100.0,
    "SLA-MEMORY-1: What works for a session ends with it, but for who sees off its socket, for STRAGGLER at most; then some, and it is a leak.",
    "a task outlives its session",
)
LEAKCHECK_SETTLE: Final = register(
    "leakcheck-settle",
    15.0,
    "SLA-MEMORY-1: What `leakcheck` gives a server to come to rest behind its cycles: worker threads that nobody needs stay for ten seconds.",
    "a check for leaks that waits for a thread",
)
LEAKCHECK_LOOK: Final = register(
    "leakcheck-look",
    0.05,
    "SLA-MEMORY-1: Between two counts of what is left: a session's end over loopback takes milliseconds, and a count a few tens of them.",
    "a check for leaks looks",
)
LEAKCHECK_CYCLE: Final = register(
    "leakcheck-cycle",
    30.0,
    "SLA-MEMORY-1: One cycle of `leakcheck` takes milliseconds; one that takes half a minute waits for what does not come.",
    "a check for leaks that hangs",
)
