"""Which profiles a process offers."""

from whiteboard.diagnostics.profiles.heap import heap_sources
from whiteboard.diagnostics.profiles.sources import Sources
from whiteboard.diagnostics.profiles.task_stacks import task_sources
from whiteboard.diagnostics.profiles.threads import thread_source
from whiteboard.diagnostics.sampled import sampled_sources
from whiteboard.diagnostics.sampling import Sampling


def profiles_of(sampling: Sampling, worker: int | None = None) -> Sources:
    """All of them; `sampling` is what the process samples, `worker` is the process's number, where it is one of several."""
    sources = Sources(*task_sources(), thread_source(), *sampled_sources(sampling), worker=worker)
    sources.add(*heap_sources(sources.comments))
    return sources
