"""Leave out rows that Gainsight already holds with equal values (the setting `unchanged`).

What is read is compared and forgotten; of each row of a batch some 60 bytes are kept.
"""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gainsight_api.errors import RequestError
from gainsight_api.pieces import pieces
from target_gainsight.incoming.spool import Spool
from target_gainsight.loading.route import Operation
from target_gainsight.rows.keys import GSID
from target_gainsight.search.by_values import query_by_values, rows_per_query
from target_gainsight.search.matching import Matcher
from target_gainsight.search.pages import ObjectPages
from target_gainsight.search.sought import Sought

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gainsight_api.objects.query import Query
    from target_gainsight.incoming.storage import Storage
    from target_gainsight.loading.loaders import Outcome
    from target_gainsight.loading.route import Route
    from target_gainsight.rows.blocks import Block, Rows
    from target_gainsight.search.existing import Seen

logger = logging.getLogger(__name__)

_FEW_QUERIES = 2


@dataclass(slots=True)
class Unchanged:
    """Finds out which rows need not be written.

    Attributes:
        route: Where the rows go.
        query: The calls.
        storage: Where rows wait while their records are read.
        seen: Takes the rows that are to be written and whose records were read.
        by_call: The columns by which Gainsight's own call does lookups: what it will find for a
            row that has one of them is not known.
    """

    route: Route
    query: Query
    storage: Storage
    seen: Seen
    by_call: frozenset[str] = frozenset()
    _matcher: Matcher = field(init=False)
    _pages: ObjectPages = field(init=False)
    _refused: bool = False

    def __post_init__(self) -> None:
        """Begin without knowing how large the object is."""
        self._matcher = Matcher(self.route.object)
        self._pages = ObjectPages(self.query, self.route.object)

    def changed(self, blocks: Iterable[Block], outcome: Outcome) -> Iterator[Block]:
        """The rows that are to be written: all, unless the setting says otherwise.

        Args:
            blocks: Rows, each of which has a key of its own.
            outcome: Takes the records of the others as confirmed.
        """
        self.seen.clear()
        skips = self.route.skip_unchanged and self.route.operation is not Operation.INSERT
        if not skips or self._refused:
            yield from blocks
            return
        with closing(Spool(self.storage)) as spool:
            sought = Sought(self._matcher, self.route.keys, self.by_call)
            for block in blocks:
                spool.add(block)
                sought.add(block)
            self._read(spool.rows, sought)
            for block, equal, different in sought.found(spool.rows):
                records = sum(len(block.sources[index]) for index in equal)
                outcome.confirmed += records
                outcome.unchanged += records
                self.seen.add(block.sources[index][0] for index in different)
                if len(equal) < len(block):
                    yield block.without(equal) if equal else block

    def _read(self, rows: Rows, sought: Sought) -> None:
        """Read what Gainsight holds of the rows; after a refusal all count as unknown."""
        try:
            if not self._is_read_in_pages(sought):
                self._read_by_key(rows, sought)
        except RequestError as exc:
            self._refused = True
            sought.forget()
            logger.warning(
                "stream %s: %s cannot be read, so that all of its records are sent: %s",
                self.route.stream,
                self.route.object.name,
                exc,
            )

    @property
    def _is_unique(self) -> bool:
        return self.route.keys == (GSID,)

    def _is_read_in_pages(self, sought: Sought) -> bool:
        """Read the object in pages, as long as that may take fewer calls than by key.

        Returns:
            Whether that was all of the object.
        """
        queries = -(-sought.unknown // rows_per_query(self.route.keys))
        # Several records may have a key: then a query ends with a page that is empty.
        calls = queries if self._is_unique else 2 * queries
        if queries <= _FEW_QUERIES or not self._pages.may_take_less_than(calls):
            return False

        def take(records: Sequence[Mapping[str, Any]]) -> bool:
            sought.take(records)
            return self._is_unique and not sought.unknown

        return self._pages.read(sought.fields, calls, take)

    def _read_by_key(self, rows: Rows, sought: Sought) -> None:
        if not self._is_unique:
            sought.forget()  # a page that was not read may have another record of a key
        keys = self.route.keys
        for some in pieces(sought.unknown_keys(rows), rows_per_query(keys)):
            records = query_by_values(
                self.query,
                self.route.object.name,
                keys,
                some,
                sought.fields,
                all_of_them=not self._is_unique,
            )
            sought.take(records)
