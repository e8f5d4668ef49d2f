"""The keys of dead letters, and which of their records Gainsight has changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gainsight_api.objects.datatypes import json_decoder, timestamp
from gainsight_api.objects.metadata import Metadata
from gainsight_api.objects.query import Query
from gainsight_api.pieces import pieces
from gainsight_command.routes import route_of
from target_gainsight.incoming.mapped import transformed
from target_gainsight.loading.route import Operation
from target_gainsight.own_apis.apis import merges
from target_gainsight.rows.keys import comparable, kind_of_field, similar
from target_gainsight.rows.mapping import RecordConversionError, RecordMap
from target_gainsight.search.by_values import query_by_values, rows_per_query

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from singer_sdk.mapper import StreamMap

    from gainsight_api.calls.session import Session
    from gainsight_api.objects.datatypes import Kind
    from gainsight_api.objects.metadata import GainsightObject
    from gainsight_command.dead_letters.letters import Letter
    from gainsight_command.dead_letters.sendings import Sending
    from target_gainsight.rows.values import Wire
    from target_gainsight.settings import TargetSettings

MODIFIED = "ModifiedDate"
_decode = json_decoder().decode


class StreamKeys:
    """The keys of one stream's letters, as the target finds records by them.

    Args:
        stream_map: The stream's map in the target.
        settings: The target's settings.
        session: The tenant's session.
        described: The object that the stream goes into; None if it cannot be described.
    """

    def __init__(
        self,
        stream_map: StreamMap,
        settings: TargetSettings,
        session: Session,
        described: GainsightObject | None,
    ) -> None:
        self._map = stream_map
        self._query = Query(session)
        self._described = described
        self._keys: tuple[str, ...] = ()
        self._records: RecordMap | None = None
        self._inserts = False
        self._merges = True
        if described is not None:
            names = tuple(stream_map.transformed_key_properties or ())
            route = route_of(settings, stream_map.stream_alias, names, described)
            self._keys = route.keys
            self._inserts = route.operation is Operation.INSERT
            self._merges = merges(route)
            self._records = RecordMap(route, lambda _: ())

    def key_of(self, letter: Letter) -> Hashable | None:
        """A letter's key: its values by the fields' data types; None if it has none."""
        values = self._values(letter)
        if values is not None:
            return self._form(comparable, values, sorted(values))
        record: Mapping[str, Any] = _decode(bytes(letter.record)) if letter.is_record else {}
        raw = [record.get(name) for name in letter.key_properties or ()]
        return None if not raw or None in raw else repr(raw)

    def merged_by(self, letter: Letter) -> Hashable | None:
        """The key by which newer letters take a letter's place; None if none does.

        Each insert adds a record of its own, whatever its key, and each record of a person may name
        another company.
        """
        merges = self._merges and letter.operation != Operation.INSERT
        return self.key_of(letter) if merges and letter.is_record else None

    def outdated(self, sendings: Iterable[Sending]) -> set[Sending]:
        """The letters that are older than the record that Gainsight has of their key.

        None is that will be inserted: it changes no record.
        """
        if self._inserts or self._described is None or MODIFIED not in self._described.fields:
            return set()
        keyed = [(each, self._values(each.letter) or {}) for each in sendings]
        sought = [
            (each, values)
            for each, values in keyed
            if all(values.get(key) is not None for key in self._keys)
        ]
        if not self._keys or not sought:
            return set()
        found: set[Sending] = set()
        for part in pieces(sought, rows_per_query(self._keys)):
            modified = self._modified(self._described, [values for _, values in part])
            for each, values in part:
                latest = modified.get(self._form(similar, values, self._keys))
                if latest is not None and _moment(each.letter.rejected_at) < latest:
                    found.add(each)
        return found

    def _modified(
        self, described: GainsightObject, rows: Sequence[Mapping[str, Wire]]
    ) -> dict[Hashable, str]:
        """When Gainsight's records of some keys were modified last."""
        values = [[row[key] for key in self._keys] for row in rows]
        select = (*self._keys, MODIFIED)
        latest: dict[Hashable, str] = {}
        for record in query_by_values(
            self._query, described.name, self._keys, values, select, all_of_them=True
        ):
            form = self._form(similar, record, self._keys)
            latest[form] = max(_moment(record.get(MODIFIED)), latest.get(form, ""))
        return latest

    def _values(self, letter: Letter) -> dict[str, Wire] | None:
        """The values by which a letter's record is found, by field; None if it lacks them."""
        if self._records is None or not self._keys or not letter.is_record:
            return None
        text, _ = transformed(self._map, bytes(letter.record), ())
        try:
            return self._records.keys_in(_decode(text)) if text else None
        except RecordConversionError:
            return None

    def _form(
        self,
        form: Callable[[Kind, Any], Any],
        values: Mapping[str, Any],
        names: Sequence[str],
    ) -> Hashable:
        if self._described is None:
            return None
        kinds = {name: kind_of_field(self._described, name) for name in names}
        return tuple((name, str(form(kinds[name], values.get(name)))) for name in names)


def describe(session: Session, names: Iterable[str]) -> dict[str, GainsightObject]:
    """The objects of some names, as far as the tenant describes them."""
    wanted = sorted(set(names))
    return Metadata(session).describe(wanted) if wanted else {}


def _moment(value: object) -> str:
    """A moment in UTC, so written that a later one is greater; empty if it is none."""
    try:
        return timestamp(str(value)) if value else ""
    except ValueError:
        return ""
