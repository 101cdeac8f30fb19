"""Spans to a collector over OTLP/HTTP, by OpenTelemetry's own SDK (opentelemetry.io/docs/specs/otlp). The only place that knows it.

The SDK keeps ended spans in a bounded queue and sends them from a thread of its own; what does not fit is dropped, and nobody waits.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import Span, Status, StatusCode

from whiteboard import __version__, limits, timeouts
from whiteboard.deadlines import within
from whiteboard.diagnostics.tracing import TRACING, Attribute, Attributes

_PATH = "/v1/traces"


class _OpenSpan:
    """One of the SDK's, as `tracing.OpenSpan`."""

    __slots__ = ("_span",)

    def __init__(self, span: Span) -> None:
        self._span = span

    def set_attribute(self, key: str, value: Attribute) -> None:
        self._span.set_attribute(key, value)

    def add_event(self, name: str, attributes: Attributes) -> None:
        self._span.add_event(name, attributes)

    def fail(self, error: BaseException) -> None:
        self._span.record_exception(error)
        self._span.set_status(Status(StatusCode.ERROR, type(error).__name__))

    def end(self) -> None:
        self._span.end()


class _Tracer:
    """The SDK's, as `tracing.Tracer`."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("whiteboard", __version__)

    def begin(self, name: str, attributes: Attributes) -> _OpenSpan:
        return _OpenSpan(self._tracer.start_span(name, attributes=attributes))


@asynccontextmanager
async def open_otel(endpoint: str, share: float, instance: str) -> AsyncIterator[None]:
    """Send spans while the block runs; behind it, within CLEANUP, those that are left.

    Args:
        endpoint: of the collector, to which `/v1/traces` is added. Headers and certificates as the SDK's own
            `OTEL_EXPORTER_OTLP_…` variables say.
        share: of all spans, 0 to 1.
        instance: how this server is called among others.
    """
    provider = _provider(endpoint, share, instance)
    TRACING.tracer = _Tracer(provider)
    try:
        yield
    finally:
        TRACING.tracer = None
        with within(timeouts.CLEANUP, shield=True):
            await trio.to_thread.run_sync(provider.shutdown, abandon_on_cancel=True)  # noqa: ASYNC102 - `within` is shielded and ends


def _provider(endpoint: str, share: float, instance: str) -> TracerProvider:
    logging.getLogger("opentelemetry.sdk").setLevel(logging.WARNING)
    resource = Resource.create(
        {"service.name": "whiteboard", "service.version": __version__, "service.instance.id": instance}
    )
    exporter = OTLPSpanExporter(endpoint.removesuffix(_PATH) + _PATH, timeout=timeouts.TRACE_EXPORT.seconds)
    provider = TracerProvider(TraceIdRatioBased(share), resource, shutdown_on_exit=False)
    provider.add_span_processor(
        BatchSpanProcessor(
            exporter,
            max_queue_size=limits.MAX_SPANS_WAITING,
            max_export_batch_size=limits.SPANS_AT_ONCE,
            schedule_delay_millis=timeouts.TRACE_EVERY.milliseconds,
        )
    )
    return provider
