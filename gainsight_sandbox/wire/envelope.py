"""Replies in Gainsight's envelope."""

from __future__ import annotations

import html
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import HTMLResponse, Response

if TYPE_CHECKING:
    from gainsight_sandbox.behaviour.errors import ApiError


_JSON = "application/json"
_SILENT = {"errorCode", "errorDesc", "message"}


def json_response(
    payload: object, *, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Response:
    """A JSON reply; msgspec keeps the digits of the numbers in it."""
    return Response(
        msgspec.json.encode(payload),
        status_code=status,
        headers=headers,
        media_type=_JSON,
    )


def success(data: object) -> Response:
    """The envelope of a reply that has what was asked for."""
    return json_response(_envelope(result=True, data=data))


def failure(error: ApiError, *, as_200: bool = False) -> Response:
    """The envelope of a refusal; some replies carry it with HTTP 200."""
    payload = _envelope(
        result=False, code=error.code, desc=error.desc, data=error.data, message=error.message
    )
    if error.status == HTTPStatus.UNAUTHORIZED:
        # The one refusal that is printed without it.
        del payload["data"]
    plain = as_200 and error.status == HTTPStatus.BAD_REQUEST
    return json_response(
        payload, status=HTTPStatus.OK if plain else error.status, headers=error.headers
    )


def without_nulls(reply: Response) -> Response:
    """A JSON reply without the members of its envelope that say nothing."""
    if reply.media_type != _JSON:
        return reply
    members = msgspec.json.decode(reply.body, type=dict[str, msgspec.Raw])
    said = {
        name: value
        for name, value in members.items()
        if name not in _SILENT or bytes(value) != b"null"
    }
    headers = {name: value for name, value in reply.headers.items() if name != "content-length"}
    return json_response(said, status=reply.status_code, headers=headers)


def html_page(error: ApiError) -> Response:
    """A refusal as a page, as clients may see it that do not ask for JSON."""
    return HTMLResponse(f"<html><body><h1>{html.escape(str(error.desc))}</h1></body></html>")


def object_not_found(moment: str) -> Response:
    """How the metadata calls refuse an unknown object: a shape of their own, without a code."""
    return json_response(
        {
            "requestId": str(uuid.uuid4()),
            "result": False,
            "title": "OBJECT_NOT_FOUND",
            "detail": "Requested object not found.",
            "errorDesc": "Requested object not found.",
            "instance": moment,
        },
        status=HTTPStatus.NOT_FOUND,
    )


def _envelope(
    *,
    result: bool,
    data: object,
    code: str | None = None,
    desc: str | None = None,
    message: str | None = None,
) -> dict[str, object]:
    return {
        "result": result,
        "errorCode": code,
        "errorDesc": desc,
        "requestId": str(uuid.uuid4()),
        "data": data,
        "message": message,
    }
