"""How many rows the last runs have read, remembered beside the quota: what a plan can go by.

Only numbers are kept, under a hash of what was read: no name, and no record's value.
"""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Literal

import msgspec

from gainsight_api.quota import QuotaStoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gainsight_api.clock import Clock
    from gainsight_api.quota import Store

logger = logging.getLogger(__name__)

KEPT_SECONDS = 30 * 86_400
"""An older count says too little of what is there by now."""

Kind = Literal["full", "incremental"]


class RowsRead(msgspec.Struct, frozen=True):
    """What a run has read of a stream.

    Attributes:
        rows: How many rows.
        at: When it had read them, in seconds since 1970.
    """

    rows: int
    at: float


Counts = dict[str, dict[Kind, RowsRead]]
"""The last full and the last incremental run of each table, by the table's digest."""

_decoder = msgspec.json.Decoder(Counts)


class RowCounts:
    """The remembered counts of one credential.

    Args:
        store: Where they are remembered.
        key: Whose they are.
        clock: Time.
    """

    def __init__(self, store: Store, key: str, clock: Clock) -> None:
        self._store = store
        self._key = f"{key}:rows"
        self._clock = clock

    def find(self, table: str) -> Mapping[Kind, RowsRead]:
        """The last runs of a table, each by its kind; see `table_digest`."""
        return self._store.update(self._key, lambda document: (self._young(document), None)).get(
            table, {}
        )

    def note(self, table: str, kind: Kind, rows: int) -> None:
        """Remember what a run has just read; one that has read all does not fail for that."""
        read = RowsRead(rows, self._clock.now())

        def change(document: bytes | None) -> tuple[None, bytes]:
            counts = self._young(document)
            counts[table] = {**counts.get(table, {}), kind: read}
            return None, msgspec.json.encode(counts)

        try:
            self._store.update(self._key, change)
        except QuotaStoreError as exc:
            logger.warning("the number of rows is not remembered: %s", exc)

    def _young(self, document: bytes | None) -> Counts:
        try:
            counts = _decoder.decode(document) if document else {}
        except msgspec.DecodeError:  # of another version
            return {}
        oldest = self._clock.now() - KEPT_SECONDS
        young: Counts = {
            table: {kind: read for kind, read in kinds.items() if read.at >= oldest}
            for table, kinds in counts.items()
        }
        return {table: kinds for table, kinds in young.items() if kinds}


def table_digest(*parts: object) -> str:
    """A name for what is read that discloses nothing of it: object, filter, start."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
