"""Spans to a collector over OTLP/HTTP, by OpenTelemetry's own SDK (opentelemetry.io/docs/specs/otlp). The only place that knows it.

The SDK keeps ended spans in a bounded queue and sends them from a thread of its own; what does not fit is dropped, and nobody waits.
A collector that is away is told of when it goes and when it is back; what was lost meanwhile is a figure.
"""

import logging
import traceback
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import trio
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import Span, Status, StatusCode

from whiteboard import __version__, limits, timeouts
from whiteboard.deadlines import within
from whiteboard.diagnostics import logs
from whiteboard.diagnostics.figures import FIGURES, Counter
from whiteboard.diagnostics.tracing import TRACING, Attribute, Attributes

log = logs.get_logger()

_PATH = "/v1/traces"
_LIBRARY = logging.getLogger(OTLPSpanExporter.__module__)
LOST = FIGURES.declare(
    Counter("whiteboard_spans_lost_total", "Spans that the collector did not take, or not in time")
)
"""Without those that did not fit into the queue: of these the SDK tells nobody the number."""


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
        """With its kind and where it was raised, and without its words: they may have what people wrote."""
        stack = "".join(traceback.format_tb(error.__traceback__))
        self._span.add_event(
            "exception", {"exception.type": type(error).__qualname__, "exception.stacktrace": stack}
        )
        self._span.set_status(Status(StatusCode.ERROR, type(error).__name__))

    def end(self) -> None:
        self._span.end()


class _Sender(SpanExporter):
    """The SDK's exporter, which is silent from the first failure, with its reason, until the collector takes spans again."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._lost = 0
        # since the collector took any

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """As the exporter. In the SDK's thread."""
        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            LOST.add(len(spans))
            self._lost += len(spans)
        elif self._lost:
            log.info("traces_sent_again", lost=self._lost)
            self._lost = 0
        return result

    def shutdown(self) -> None:
        """As the exporter."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """As the exporter."""
        return self._exporter.force_flush(timeout_millis)

    def is_news(self, _: logging.LogRecord) -> bool:
        """Whether what the exporter says is worth a line."""
        return not self._lost


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
    sender = _sender(endpoint)
    provider = _provider(sender, share, instance)
    _LIBRARY.addFilter(sender.is_news)
    TRACING.tracer = _Tracer(provider)
    try:
        yield
    finally:
        TRACING.tracer = None
        with within(timeouts.CLEANUP, shield=True):
            await trio.to_thread.run_sync(provider.shutdown, abandon_on_cancel=True)  # noqa: ASYNC102 - `within` is shielded and ends
        _LIBRARY.removeFilter(sender.is_news)


def _sender(endpoint: str) -> _Sender:
    url = endpoint.rstrip("/").removesuffix(_PATH) + _PATH
    return _Sender(OTLPSpanExporter(url, timeout=timeouts.TRACE_EXPORT.seconds))


def _provider(sender: _Sender, share: float, instance: str) -> TracerProvider:
    logging.getLogger("opentelemetry.sdk").setLevel(logging.WARNING)
    resource = Resource.create(
        {"service.name": "whiteboard", "service.version": __version__, "service.instance.id": instance}
    )
    provider = TracerProvider(TraceIdRatioBased(share), resource, shutdown_on_exit=False)
    provider.add_span_processor(
        BatchSpanProcessor(
            sender,
            max_queue_size=limits.MAX_SPANS_WAITING,
            max_export_batch_size=limits.SPANS_AT_ONCE,
            schedule_delay_millis=timeouts.TRACE_EVERY.milliseconds,
        )
    )
    return provider
