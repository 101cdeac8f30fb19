"""The ASGI app: the one table of all routes.

Every endpoint is a coroutine and every file is in memory, so no request takes a worker thread.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, ExceptionHandler

from whiteboard.web.answers import HANDLERS, error_answer, http_answer
from whiteboard.web.assets import AssetsApi
from whiteboard.web.boards import BoardsApi
from whiteboard.web.debug.profiles import ProfilesApi
from whiteboard.web.documents import Documents
from whiteboard.web.edge import Edge
from whiteboard.web.page import Page
from whiteboard.web.readiness import Readiness
from whiteboard.web.records import Records
from whiteboard.web.renderings import RenderingsApi
from whiteboard.web.sampling import SamplingApi
from whiteboard.web.services import WebServices
from whiteboard.web.status import Status


def build_app(services: WebServices, page: Page) -> ASGIApp:
    """The app. Needs no lifespan; may be called in any Trio run.

    Args:
        page: from `load_page`, with the same base path as the settings.
    """
    assets, documents, readiness = AssetsApi(services), Documents(services), Readiness(services)
    boards = BoardsApi(services, assets)
    records, renderings, status = Records(services), RenderingsApi(services), Status(services)
    profiles, sampling = ProfilesApi(services), SamplingApi(services)
    routes = [
        Route("/", page.show),
        Route("/b/{board}", page.show),
        Route("/static/{digest}/{path:path}", page.static),
        Route("/healthz", readiness.healthz),
        Route("/readyz", readiness.readyz),
        Route("/metrics", documents.metrics),
        _route("/api/boards", GET=boards.page, POST=boards.create),
        _route("/api/boards/{board}", GET=boards.look, DELETE=boards.delete),
        Route("/api/boards/{board}/ops", boards.ops),
        Route("/api/boards/{board}/export.json", boards.export_json),
        Route("/api/boards/{board}/export.png", renderings.export_png),
        Route("/api/boards/{board}/export.svg", renderings.export_svg),
        Route("/api/boards/{board}/thumbnail.png", renderings.thumbnail),
        Route("/api/cluster", documents.cluster),
        _route("/api/boards/{board}/assets", POST=assets.upload),
        Route("/api/boards/{board}/assets/{asset}", assets.show),
        Route("/ws/{board:path}", _no_upgrade),
        Route("/asyncapi.json", documents.asyncapi),
        Route("/schema/messages.json", documents.messages_schema),
        Route("/debug", page.debug),
        Route("/debug/", page.debug),
        Route("/debug/status", status.show),
        Route("/debug/tasks", documents.tasks),
        Route("/debug/sessions", records.sessions),
        Route("/debug/audit", records.audit),
        Route("/debug/timeouts", documents.timeouts),
        Route("/debug/logs", documents.logs),
        Route("/debug/settings", documents.settings),
        Route("/debug/pprof", profiles.index),
        Route("/debug/pprof/", profiles.index),
        Route("/debug/pprof/cmdline", profiles.cmdline),
        _route("/debug/pprof/symbol", GET=profiles.symbol, POST=profiles.symbol),
        Route("/debug/pprof/{name}", profiles.take),
        _route("/debug/sampling", GET=sampling.show, POST=sampling.ask),
        Route("/debug/findings", documents.findings),
        Route("/debug/workers", documents.workers),
        Route("/debug/workers/{number:worker}", documents.worker),
        Route("/debug/workers/{number:worker}/pprof", profiles.index),
        Route("/debug/workers/{number:worker}/pprof/", profiles.index),
        Route("/debug/workers/{number:worker}/pprof/{name}", profiles.take),
    ]

    async def on_http(request: Request, error: HTTPException) -> Response:
        """No route, or not with this method: a page for people, JSON for programs."""
        shown = page.lost(request) if error.status_code == 404 else None
        return shown or http_answer(error)

    handlers: dict[Any, ExceptionHandler] = {**HANDLERS, HTTPException: on_http}  # type: ignore[dict-item]
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False  # it would build absolute addresses from what a proxy says
    return Edge(app, services.settings.base_path)


class _WorkerNumber(IntegerConvertor):
    """A worker's number in an address; Starlette's own takes thousands of digits, which Python refuses to read."""

    regex = "[0-9]{1,6}"


register_url_convertor("worker", _WorkerNumber())


async def _no_upgrade(_: Request) -> Response:
    """An address of sockets, asked for without an upgrade: most often a proxy that does not pass it on.

    No 426: that takes an Upgrade header (RFC 9110 section 15.5.22), which nginx hands to HTTP/2 clients as
    it is, and those take it for a broken answer.
    """
    reason = "This address is for WebSockets: a proxy in between must pass on Upgrade and Connection."
    return error_answer(400, "bad_request", reason)


def _route(path: str, **by_method: Callable[[Request], Awaitable[Response]]) -> Route:
    """One route for all methods of a path, so that a 405 names all of them in Allow."""

    async def dispatch(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await by_method[method](request)

    return Route(path, dispatch, methods=list(by_method))
