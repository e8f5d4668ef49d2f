"""Standard output: whole lines, and an end to all waiting for whoever reads them."""

from __future__ import annotations

import io
import os
import select
import stat
import sys
import time
from typing import TYPE_CHECKING

from singer_sdk.singerlib import StateMessage
from singer_sdk.singerlib.encoding.simple import SimpleSingerWriter
from typing_extensions import override

from gainsight_api.errors import GainsightError
from gainsight_singer.cli import is_closed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from singer_sdk.singerlib import Message

_LINE_END_SECONDS = 2.0
"""Seconds that the end of a line, or the last STATE, may take once the run is stopped."""


class OutputError(GainsightError):
    """What has been read cannot be written, neither this stream's rows nor another's.

    It ends the run: a stream's bookmark may have moved already, and no later STATE may tell of it.
    """


class Output:
    """Standard output, written so that a signal never waits for its reader.

    Lines go out by as many whole ones as a pipe takes at once, and only when it takes them: not
    even a killed run leaves a part of a line, which would end what reads it in an error.
    """

    def __init__(self) -> None:
        self._within_line = False
        self._writing = False
        self._stopped_by: int | None = None
        self._deadline = 0.0

    def write(self, text: str) -> None:
        """Write lines, all of them.

        Raises:
            BrokenPipeError: The reader has gone.
            OutputError: They cannot be written.
        """
        if is_closed(sys.stdout):
            raise OutputError("standard output is closed: the records have nowhere to go")
        if self._within_line:
            raise OutputError("standard output cannot be written: its last line is not whole")
        try:
            descriptor = sys.stdout.fileno()
        except (AttributeError, ValueError, io.UnsupportedOperation):  # it is no file
            sys.stdout.write(text)
            sys.stdout.flush()
            return
        try:
            sys.stdout.flush()
            data = text.encode()
            size = select.PIPE_BUF if _has_reader(descriptor) else len(data)
            poll = select.poll()
            poll.register(descriptor, select.POLLOUT)
            for lines in whole_lines(data, size):
                self._send(descriptor, poll, lines, size)
        except BrokenPipeError:
            raise
        except OSError as exc:
            raise OutputError(f"standard output cannot be written: {exc.strerror}") from None

    def stop(self, signum: int) -> None:
        """End the run: at once, or, if a line is partly out, as soon as it is whole.

        What is written after it has as long to come out.

        Raises:
            SystemExit: At once.
        """
        again = self._stopped_by is not None
        if not again:
            self._stopped_by = signum
            self._deadline = time.monotonic() + _LINE_END_SECONDS
        if again or not (self._writing or self._within_line):
            raise SystemExit(128 + signum)

    def _send(self, descriptor: int, poll: select.poll, data: bytes, size: int) -> None:
        rest = memoryview(data)
        while rest:
            self._wait(poll)
            self._writing = True
            sent = os.write(descriptor, rest[:size])
            rest = rest[sent:]
            self._within_line = bool(rest)
            self._writing = False
        if self._stopped_by is not None:
            raise SystemExit(128 + self._stopped_by)

    def _wait(self, poll: select.poll) -> None:
        """Wait until something can be written."""
        while not poll.poll(100):
            if self._stopped_by is not None and time.monotonic() > self._deadline:
                raise SystemExit(128 + self._stopped_by)


def _has_reader(descriptor: int) -> bool:
    """Whether what is written waits for who reads it, as with a pipe, a socket or a terminal."""
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor)


def whole_lines(data: bytes, size: int) -> Iterator[bytes]:
    """The lines in parts of at most that size; a longer line is a part of its own."""
    start = 0
    while start < len(data):
        end = data.rfind(b"\n", start, start + size) + 1 or data.find(b"\n", start) + 1 or len(data)
        yield data[start:end]
        start = end


class LineWriter(SimpleSingerWriter):
    """The SDK's writer of messages, by way of `Output`.

    Attributes:
        output: Standard output.
        before_state: Called before each STATE, so that what it covers is out.
    """

    def __init__(self) -> None:
        super().__init__()
        self.output = Output()
        self.before_state: Callable[[], None] = lambda: None

    @override
    def write_message(self, message: Message) -> None:
        if isinstance(message, StateMessage):
            self.before_state()
        self.output.write(self.format_message(message) + "\n")
