"""Find records by keys that Gainsight's own calls cannot match.

Its calls find records by three fields at most, which are texts, Gsids, numbers or e-mail addresses
(`Route.matches_keys`). By all others the target looks for a record as it does lookups.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING

from gainsight_api.errors import DataError
from target_gainsight.loading.loaders import Deletion, Outcome, UnknownKeyError
from target_gainsight.loading.route import Lookup
from target_gainsight.outcomes.problems import Problem
from target_gainsight.rows.blocks import Block, Row, Rows, in_blocks
from target_gainsight.rows.keys import GSID, comparable, kind_of_field, similar
from target_gainsight.search.by_values import rows_per_query
from target_gainsight.search.lookups import Criteria, Form, LookupCache

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gainsight_api.objects.metadata import GainsightObject
    from gainsight_api.objects.query import Query
    from target_gainsight.search.lookups import Resolver

_ASKED_TWICE = 2
"""A query by value ends with a page that is empty."""


class KeyFinder:
    """Finds the Gsids of the records that have given keys, anew at each time.

    Args:
        described: The object.
        keys: The key fields.
        query: The calls.
    """

    def __init__(self, described: GainsightObject, keys: Sequence[str], query: Query) -> None:
        self._keys = keys
        self._kinds = [kind_of_field(described, key) for key in keys]
        itself = Lookup(
            field=GSID,
            object=described.name,
            fields={key: key for key in keys},
            result=GSID,
            on_several="MARKASERROR",
        )
        self._cache = LookupCache(itself, described, query)
        self._name = described.name

    def calls_for(self, rows: int) -> int:
        """How many queries it takes, at most, to look for the keys of that many rows."""
        return -(-rows // rows_per_query(self._keys)) * _ASKED_TWICE

    def key_of(self, row: Row) -> Criteria:
        """The key by which a row's record is found."""
        return tuple([row.values.get(key) for key in self._keys])

    def form_of(self, row: Row) -> Form:
        """The key in a form in which keys are equal if they mean the same."""
        return tuple(map(comparable, self._kinds, self.key_of(row)))

    def similar_form_of(self, row: Row) -> Form:
        """As `form_of`, but for case and outer blanks: a tenant may take such keys as equal."""
        return tuple(map(similar, self._kinds, self.key_of(row)))

    def without_value(self, block: Block) -> dict[int, Problem]:
        """Why rows of a block have no key, by their index: a lookup found nothing for it."""
        lacking: dict[int, Problem] = {}
        for key in self._keys:
            values = block.column(key) if key in block.fields else repeat(None, len(block))
            problem = Problem("MISSING_KEY", f"the key {key} has no value: none was found", key)
            lacking |= {index: problem for index, value in enumerate(values) if value is None}
        return lacking

    def gsids(self, keys: Sequence[Criteria]) -> list[list[str]]:
        """The Gsids of the records of each key: none, one, or several.

        Where the tenant compares without case, a record that is alike counts if none is equal.

        Raises:
            DataError: A record comes without its Gsid.
        """
        self._cache.find(keys)
        found = [list(dict.fromkeys(self._cache.matches(key))) for key in keys]
        if any(None in gsids for gsids in found):
            raise DataError(f"Gainsight's reply to a query of {self._name} lacks Gsids")
        return [[str(gsid) for gsid in gsids] for gsids in found]


@dataclass(frozen=True, slots=True)
class KeyedDeletions:
    """Finds the records to delete.

    Attributes:
        finder: Finds records by key.
        resolver: Does the lookups that fill keys.
    """

    finder: KeyFinder
    resolver: Resolver

    def gsids_of(self, deletion: Deletion) -> list[str]:
        """The Gsids of the records that have the keys of a deletion.

        Raises:
            UnknownKeyError: A lookup finds no value for one of them.
        """
        outcome = Outcome()
        row = Row(deletion.values, deletion.sources)
        for block in self.resolver.resolved(Rows(lambda: in_blocks([row])), outcome):
            for problem in self.finder.without_value(block).values():
                raise UnknownKeyError(problem)
            return self.finder.gsids([self.finder.key_of(found) for found in block])[0]
        raise UnknownKeyError(*outcome.rejections[0].problems)
