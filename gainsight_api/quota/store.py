"""What a store of the quota is: a shared place for small documents, changed one at a time.

A store keeps one small document per key and can do one thing with it: replace it by a function of
itself, with nobody else in between. What is counted, and how, is the business of the quota.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from gainsight_api.errors import ConfigError

T = TypeVar("T")

Change = Callable[[bytes | None], tuple[T, bytes | None]]
"""From the present document (None: there is none) to an answer and the new one (None: keep it).

It may be called more than once before its result is kept, so it must have no effects of its own.
"""

TIMEOUT_SECONDS = 30
"""For a lock or an answer; both usually take about a millisecond."""
RETENTION_SECONDS = 2 * 86_400
"""How long a document is kept; longer than the longest window, so what is dropped is void."""


class QuotaStoreError(ConfigError):
    """The place named by the setting `quota_store` cannot be used."""


class Store(Protocol):
    """A shared place for small documents."""

    def update(self, key: str, change: Change[T]) -> T:
        """Replace the document under `key` by `change(document)`, atomically, for good.

        Returns:
            The answer that `change` gave with the document that was kept.

        Raises:
            QuotaStoreError: The store cannot be read or written.
        """

    def close(self) -> None:
        """Let go of the file or connection; the store is not usable afterwards."""
