"""Where the spans of the settings go. Chosen here, like every adapter; its library is there only with the extra `traces`."""

from contextlib import AbstractAsyncContextManager, nullcontext

from whiteboard.composition.stores import missing_extra
from whiteboard.config import Settings


def open_traces(settings: Settings, instance: str) -> AbstractAsyncContextManager[None]:
    """Send spans of this process while it is open, if the settings say where to. Raises StartupError.

    Args: `instance` is how this server is called among others.
    """
    if settings.traces.endpoint is None:
        return nullcontext()
    try:
        from whiteboard.diagnostics.otel import open_otel  # noqa: PLC0415 - see above
    except ImportError as error:
        raise missing_extra("traces.endpoint", error, "traces") from error
    return open_otel(settings.traces.endpoint, settings.traces.share, instance)
