"""The web application: the endpoints behind the gateway, the log around them."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route

from gainsight_sandbox.behaviour.errors import ApiError
from gainsight_sandbox.wire.date_header import DateHeader
from gainsight_sandbox.wire.envelope import failure
from gainsight_sandbox.wire.request_log import RequestLog

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterable

    from starlette.requests import Request
    from starlette.responses import Response

    from gainsight_sandbox.wire.calls import Endpoint, LoggedRequest
    from gainsight_sandbox.wire.gateway import Gateway


def build_app(
    endpoints: Iterable[Endpoint],
    gateway: Gateway,
    log: deque[LoggedRequest],
    on_request: Callable[[LoggedRequest], None] | None,
) -> Starlette:
    """Build the application."""
    app = Starlette(
        routes=[_route(endpoint, gateway) for endpoint in endpoints],
        middleware=[
            Middleware(DateHeader, clock=gateway.clock),
            Middleware(RequestLog, entries=log, on_request=on_request),
            *([Middleware(GZipMiddleware, compresslevel=1)] if gateway.quirks.gzip else []),
        ],
        exception_handlers={HTTPException: _http_error},
    )
    # A client that follows no redirects is to be told that the path is wrong.
    app.router.redirect_slashes = False
    return app


def _route(endpoint: Endpoint, gateway: Gateway) -> Route:
    async def serve(request: Request) -> Response:
        return await gateway.serve(endpoint, request)

    return Route(endpoint.path, serve, methods=[endpoint.method], name=endpoint.kind)


async def _http_error(request: Request, error: Exception) -> Response:
    del request
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.NOT_FOUND
    code = "GS_APIG_1000" if status == HTTPStatus.NOT_FOUND else None
    return failure(ApiError(code, HTTPStatus(status).phrase, status=status))
