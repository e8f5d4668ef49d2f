"""How a run ends: with a summary and a report, whatever ends it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gainsight_api.errors import ConfigError
from gainsight_api.quota import QuotaStoreError
from gainsight_singer.live import live
from gainsight_singer.report.file import check_writable, replace_file
from gainsight_singer.report.page import page
from gainsight_singer.summary import summary, used_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Sequence

    from gainsight_api.quota import Quota
    from gainsight_singer.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The end of a run.

    Attributes:
        run: The run.
        quotas: Gives what pays for its calls; nothing before the first call.
        collect: Called at the end, to write down what is counted elsewhere.
        user_errors: The exceptions whose text may be shown.
        logger: Where the summary goes.
        report_path: The report's file; None if there is to be none.
    """

    run: Run
    quotas: Callable[[], Sequence[Quota]]
    collect: Callable[[], None]
    user_errors: tuple[type[Exception], ...]
    logger: logging.Logger
    report_path: str | None

    @contextmanager
    def after(self) -> Iterator[None]:
        """What is done in here is the run: its end, good or bad, is told."""
        with self.if_it_fails(), live(self.run):
            yield
        self._tell(ask=True)

    @contextmanager
    def if_it_fails(self) -> Iterator[None]:
        """What is done in here is the run's beginning: its end is told if it is a bad one.

        Raises:
            ConfigError: The report cannot be written; nothing is done then.
        """
        if self.report_path:
            check_writable(self.report_path)
        try:
            yield
        except BaseException as exc:
            self.run.error = self._said_of(exc)
            # A run that is stopped, or that the quota's store has failed, must not wait for it.
            self._tell(ask=isinstance(exc, Exception) and not isinstance(exc, QuotaStoreError))
            raise

    def _tell(self, *, ask: bool) -> None:
        self.collect()
        used = used_of(self.quotas(), ask=ask)
        for line in summary(self.run, used):
            self.logger.info("%s", line)
        if not self.report_path:
            return
        try:
            replace_file(self.report_path, page(self.run, used))
        except ConfigError as exc:
            if not self.run.error:
                raise
            self.logger.warning("%s", exc)

    def _said_of(self, error: BaseException) -> str:
        """What is said of an error: no text that may hold a record's values."""
        if isinstance(error, self.user_errors):
            return str(error)
        if isinstance(error, BrokenPipeError):
            return "the program that reads this one's output has gone"
        if isinstance(error, SystemExit | KeyboardInterrupt):
            return "stopped by a signal"
        return f"an error of the program's own ({type(error).__name__})"
