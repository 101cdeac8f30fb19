"""Which profiles a process offers."""

from whiteboard.diagnostics.profiles.heap import heap_sources
from whiteboard.diagnostics.profiles.sources import Sources
from whiteboard.diagnostics.profiles.task_stacks import task_sources
from whiteboard.diagnostics.profiles.threads import thread_source


def profiles_of(worker: int | None = None) -> Sources:
    """All of them; `worker` is the process's number, where it is one of several."""
    sources = Sources(*task_sources(), thread_source(), worker=worker)
    sources.add(*heap_sources(sources.comments))
    return sources
