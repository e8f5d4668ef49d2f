"""The bodies of replies, block by block: decompressed, whole or an error, never without bound."""

from __future__ import annotations

import zlib
from http import HTTPStatus
from typing import TYPE_CHECKING

import urllib3

from gainsight_api.errors import DataError, TransportError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

    from gainsight_api.calls.wire import Watch

MOST_BYTES = 1 << 28
"""Of a body that is held in memory, and of one that is decompressed whatever it becomes."""
_MOST_INFLATION = 200
"""Bytes that each compressed one may become beyond that. Rows of a thousand empty cells become some
hundred; a body that is made to fill a memory or a disk, a thousand."""
_BLOCK_BYTES = 1 << 16
_MOST_AT_ONCE = 1 << 20
_GZIP_OR_ZLIB = 47  # zlib's number for: tell by the header


def body_blocks(reply: requests.Response, watch: Watch) -> Iterator[bytes]:
    """The body of a streamed reply, decompressed, block by block.

    Raises:
        TransportError: It broke off: its length, or the end of its compression, is not there.
    """
    encoding = reply.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "", "gzip", "x-gzip", "deflate"}:
        raise TransportError("a reply is compressed in a way that was not asked for")
    raw = _raw_blocks(reply, watch)
    if encoding in {"identity", ""}:
        yield from raw
    else:
        # A gzip of nothing has bytes, too; but a refusal may come without any.
        yield from _inflated(raw, may_be_empty=reply.status_code != HTTPStatus.OK)
    watch.check()


def _raw_blocks(reply: requests.Response, watch: Watch) -> Iterator[bytes]:
    try:
        for block in reply.raw.stream(_BLOCK_BYTES, decode_content=False):
            watch.carried += len(block)
            yield block
    except urllib3.exceptions.HTTPError:
        watch.check()
        raise TransportError("the connection broke off") from None


def lines_of(reply: requests.Response, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The body of a text file, which must end as its lines do where nothing else tells its end.

    Raises:
        TransportError: Neither its length nor its compression tells that it is whole, and its last
            line has no end, though others have: a cell may have been cut.
    """
    headers = reply.headers
    told = {"Content-Length", "Transfer-Encoding", "Content-Encoding"} & {*map(str.title, headers)}
    has_lines, last = False, b""
    for block in blocks:
        has_lines = has_lines or b"\n" in block
        last = block[-1:] or last
        yield block
    if not told and has_lines and last not in {b"\n", b'"'}:
        raise TransportError("a file of unknown length ends within a line")


def whole(blocks: Iterator[bytes]) -> bytes:
    """A body in one piece.

    Raises:
        DataError: It is larger than any reply that Gainsight documents.
    """
    body = bytearray()
    for block in blocks:
        body += block
        if len(body) > MOST_BYTES:
            raise DataError(f"a reply is larger than {MOST_BYTES:,} bytes; it was not read")
    return bytes(body)


def _inflated(blocks: Iterator[bytes], *, may_be_empty: bool) -> Iterator[bytes]:
    """Decompressed blocks, of one or more gzip members that end as they should."""
    inflate = zlib.decompressobj(_GZIP_OR_ZLIB)
    packed = unpacked = 0
    try:
        for block in blocks:
            packed += len(block)
            rest, is_full = block, False
            while rest or is_full:
                if inflate.eof and rest:
                    inflate = zlib.decompressobj(_GZIP_OR_ZLIB)
                piece = inflate.decompress(rest, _MOST_AT_ONCE)
                unpacked += len(piece)
                _check_inflation(packed, unpacked)
                yield piece
                rest = inflate.unconsumed_tail or inflate.unused_data
                is_full = len(piece) == _MOST_AT_ONCE  # more may come of what it has already
    except zlib.error:
        raise TransportError("a compressed reply is damaged") from None
    if not inflate.eof and (packed or not may_be_empty):
        raise TransportError("a compressed reply broke off")


def _check_inflation(packed: int, unpacked: int) -> None:
    if unpacked > max(MOST_BYTES, packed * _MOST_INFLATION):
        raise DataError(
            f"{packed:,} compressed bytes of a reply become over {unpacked:,}, as no table does; "
            "the rest was not read"
        )
