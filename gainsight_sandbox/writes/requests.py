"""The body of a write call: records, and lookups if there are any."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from gainsight_sandbox.behaviour.errors import ApiError
from gainsight_sandbox.writes.lookups import (  # noqa: TC001 - msgspec reads types at run time
    Lookup,
    WireRecord,
)
from gainsight_sandbox.writes.rules import ErrorCode


class WriteRequest(msgspec.Struct):
    """What to write, as sent."""

    records: list[WireRecord]
    lookups: dict[str, Lookup] | None = None


_DECODER = msgspec.json.Decoder(WriteRequest, float_hook=Decimal)


def parse_write_request(body: bytes, max_records: int) -> WriteRequest:
    """Check the shape of a body; fields and values are checked against the object later."""
    try:
        request = _DECODER.decode(body)
    except ValueError as error:
        raise ApiError(ErrorCode.BAD_DATA, f"The body is not understood: {error}") from error
    if not request.records:
        raise ApiError(ErrorCode.BAD_DATA, "There are no records.")
    if len(request.records) > max_records:
        raise ApiError(
            ErrorCode.BAD_DATA, f"A maximum of {max_records} records is allowed per API call."
        )
    return request
