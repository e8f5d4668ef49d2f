"""How both connectors' commands end: in one clear line for what a user can fix."""

from __future__ import annotations

import logging
import os
import sys
from typing import IO, Any, ClassVar

import click
from typing_extensions import override

from gainsight_api.errors import GainsightError
from gainsight_singer.start import hear_interrupts
from gainsight_singer.words import one_line


class PlainRecord(logging.LogRecord):
    """A log's record that is one line, whatever the tenant calls its objects and fields."""

    def __init__(self, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(one_line(name), *args, **kwargs)  # a stream's logger has its name

    @override
    def getMessage(self) -> str:
        return one_line(super().getMessage())


def is_closed(stream: IO[str] | None) -> bool:
    """Whether there is no such stream, as where a shell has closed it (`>&-`)."""
    return stream is None


class OneLineErrors(click.Command):
    """A command that ends with one line and status 1 for a user's mistake; bugs have tracebacks.

    Attributes:
        logger: Where the line goes.
        user_errors: The exceptions whose text is such a line.
    """

    logger: logging.Logger
    user_errors: ClassVar[tuple[type[Exception], ...]] = (GainsightError,)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command."""
        logging.setLogRecordFactory(PlainRecord)
        hear_interrupts(importing=False)
        try:
            return super().main(*args, **kwargs)
        except self.user_errors as exc:
            more = getattr(exc, "errors", None) or ()
            self._fail(": ".join([str(exc), *(["; ".join(map(str, more))] if more else [])]))
        except (FileNotFoundError, IsADirectoryError, PermissionError) as exc:
            self._fail(f"A file that was given cannot be read: {exc}")

    def invoke(self, ctx: click.Context) -> Any:
        """Do the command's work."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # caught here, because click ends on it without a word
            # Python would say it again when it flushes standard output at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self._fail("The program that reads this one's output has gone")

    def _fail(self, line: str) -> None:
        self.logger.error("%s", line)
        sys.exit(1)
