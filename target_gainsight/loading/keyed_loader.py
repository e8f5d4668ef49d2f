"""Load rows by keys that Gainsight's own calls cannot match.

The target looks for the records itself. What is there is updated by its Gsid, and what is not is
added, each by a loader of its own; so it is on both paths.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby, pairwise
from typing import TYPE_CHECKING

from gainsight_api.objects.records import NO_MATCH
from gainsight_api.pieces import pieces
from target_gainsight.incoming.spool import Spool
from target_gainsight.loading.loaders import SEVERAL_MATCHES, UNSETTLED, Outcome
from target_gainsight.loading.route import Operation, Route
from target_gainsight.outcomes.problems import Problem
from target_gainsight.rows.blocks import Row, Rows, in_blocks
from target_gainsight.rows.keys import GSID

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from target_gainsight.incoming.storage import Storage
    from target_gainsight.loading.loaders import Loader, RestPath
    from target_gainsight.rows.blocks import Block
    from target_gainsight.search.key_finder import KeyFinder
    from target_gainsight.search.lookups import Form, Resolver

_KEYS_AT_ONCE = 100_000
"""Keys that are looked for together; the more they are, the fewer queries, and the more memory."""
_REJECTED = ""

_SEVERAL = Problem(SEVERAL_MATCHES, "several records have this key; none is written")
_ENTANGLED = Problem("ENTANGLED", "records of one key, named in several ways, came alternately")
"""Never written: a row of several records that is rejected is taken apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedLoader:
    """Loads rows by their keys, which the target itself matches with records.

    Attributes:
        route: Where the rows go.
        finder: Finds records by key.
        resolver: Does the lookups.
        found: Updates what is there, by `Route.of_found`.
        new: Adds what is not, by `Route.of_new`.
        storage: Where rows wait.
        before: Called before anything is looked for; see `BulkLoader.finish_inserts`.
    """

    route: Route
    finder: KeyFinder
    resolver: Resolver
    found: Loader
    new: Loader
    storage: Storage
    before: Callable[[], None] | None = None

    def load(self, rows: Rows) -> Outcome:
        """Load rows; each comes out as confirmed or rejected."""
        if self.before and self.route.operation is Operation.UPSERT:
            self.before()
        outcome = Outcome()
        for wave in self.resolver.waves(rows, self.route.object.name):
            with closing(Spool(self.storage)) as spool:
                for block in self.resolver.resolved(wave, outcome):
                    spool.add(self._with_keys(block, outcome))
                if self.route.operation is Operation.INSERT:
                    outcome += self.new.load(spool.rows)
                    continue
                for some in self._apart(spool.rows, outcome):
                    outcome += self._write(some)
        return outcome

    def _with_keys(self, block: Block, outcome: Outcome) -> Block:
        lacking = self.finder.without_value(block)
        for index, problem in lacking.items():
            outcome.reject(Row({}, block.sources[index]), problem)
        return block.without(lacking) if lacking else block

    def _apart(self, rows: Rows, outcome: Outcome) -> Iterator[Rows]:
        """Part rows so that no two of a part have keys that a tenant may take for one another.

        Nearly all are in the first part. Keys are compared by their hashes first, which take a few
        bytes for each row.
        """
        hashes = array("q", (hash(self.finder.similar_form_of(row)) for row in rows))
        repeated = {one for one, following in pairwise(sorted(hashes)) if one == following}
        if not repeated:
            yield rows
            return
        alike = [row for row, its in zip(rows, hashes, strict=True) if its in repeated]
        turns = self._in_turns(alike, outcome)

        def others() -> Iterator[Row]:
            return (row for row, its in zip(rows, hashes, strict=True) if its not in repeated)

        yield Rows(lambda: in_blocks(chain(others(), *turns[:1])))
        for turn in turns[1:]:
            yield Rows(partial(in_blocks, turn))

    def _in_turns(self, rows: Iterable[Row], outcome: Outcome) -> list[list[Row]]:
        """Rows of similar keys, each in a turn after those that came before it.

        Where their records came alternately, no rows made of several of them can do what these say
        in their order.
        """
        similar: dict[Form, list[Row]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: row.sources[0]):
            similar[self.finder.similar_form_of(row)].append(row)
        turns: list[list[Row]] = []
        for some in similar.values():
            if any(one.sources[-1] > other.sources[0] for one, other in pairwise(some)):
                outcome.reject(_merge(some), _ENTANGLED)
                continue
            for turn, (_, equal) in enumerate(groupby(some, self.finder.form_of)):
                turns += [[]] if turn == len(turns) else []
                turns[turn].append(_merge([*equal]))
        return turns

    def _write(self, rows: Rows, *, again: bool = True) -> Outcome:
        """Write rows that are apart: those that have a record, and then the others."""
        outcome = Outcome()
        gsids = self._gsids(rows, outcome)
        written = self.found.load(Rows(lambda: in_blocks(self._updates(rows, gsids))))
        if None in gsids:
            written += self.new.load(Rows(lambda: in_blocks(_without_gsid(rows, gsids))))
        if again and self.route.operation is Operation.UPSERT:
            # What has come or gone since it was looked for is looked for once more.
            changed = {
                rejection.sources[0]
                for rejection in written.rejections
                if rejection.problems[0].code in {UNSETTLED, NO_MATCH}
            }
            outcome += self._written_again(rows, changed, written) if changed else Outcome()
        outcome += written
        return outcome

    def _written_again(self, rows: Rows, changed: Collection[int], written: Outcome) -> Outcome:
        written.rejections = [
            rejection for rejection in written.rejections if rejection.sources[0] not in changed
        ]
        some = [row for row in rows if row.sources[0] in changed]
        return self._write(Rows(lambda: in_blocks(some)), again=False)

    def _gsids(self, rows: Rows, outcome: Outcome) -> list[str | None]:
        """The Gsid of each row's record: None where there is none, `_REJECTED` for a reject."""
        gsids: list[str | None] = []
        with_keys = ((self.finder.key_of(row), row.sources) for row in rows)
        for some in pieces(with_keys, _KEYS_AT_ONCE):
            found = self.finder.gsids([key for key, _ in some])
            for (_, sources), matches in zip(some, found, strict=True):
                gsids.append(self._gsid(matches, sources, outcome))
        return gsids

    def _gsid(self, matches: Sequence[str], sources: list[int], outcome: Outcome) -> str | None:
        if len(matches) == 1:
            return matches[0]
        if not matches and self.route.operation is Operation.UPSERT and not self.route.finds_only:
            return None
        unknown = Problem(NO_MATCH, "Gainsight has no such record", ",".join(self.route.keys))
        outcome.reject(Row({}, sources), _SEVERAL if matches else unknown)
        return _REJECTED

    def _updates(self, rows: Rows, gsids: Sequence[str | None]) -> Iterator[Row]:
        """The rows that have a record, with its Gsid in place of the keys, which it has already."""
        keys = set(self.route.keys)
        for row, gsid in zip(rows, gsids, strict=True):
            if gsid:
                values = {name: value for name, value in row.values.items() if name not in keys}
                yield Row({GSID: gsid, **values}, row.sources)


def _merge(rows: Sequence[Row]) -> Row:
    """One row of several, such as those of two names of one company."""
    merged = Row({}, sorted(chain.from_iterable(row.sources for row in rows)))
    for row in rows:
        merged.values |= row.values
    return merged


def _without_gsid(rows: Rows, gsids: Sequence[str | None]) -> Iterator[Row]:
    return (row for row, gsid in zip(rows, gsids, strict=True) if gsid is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedRest(KeyedLoader):
    """The path by REST calls."""

    found: RestPath
    new: RestPath

    @property
    def rest_batch_size(self) -> int:
        """Rows of a call, at most."""
        return self.new.rest_batch_size

    def calls_for(self, rows: int) -> int:
        """How many calls it takes, at most, to load that many rows, but for the lookups."""
        if self.route.operation is Operation.INSERT:
            return self.new.calls_for(rows)
        return self.finder.calls_for(rows) + self.new.calls_for(rows) + 1
