"""What a tenant and the dead letters are after any input: the rules, record by record, on dicts.

It knows nothing of calls, jobs, files or queries, and shares no code with the target. How a value
is written is no matter of it either: it gets what each value means.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from gainsight_sandbox import ManyMatches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Errors = set[tuple[str, str]]
"""Codes, each with the field that it is about."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Unsendable:
    """A value that is of no use for its field, so that the target does not send it."""

    code: str
    text: str


@dataclass(frozen=True)
class Refused:
    """A value that the tenant refuses."""

    code: str
    text: str


@dataclass(frozen=True)
class Sent:
    """A record of the input.

    Attributes:
        number: Its number among all records, from 1.
        stream: Its stream.
        values: What its properties mean, by field.
        deleted: Whether it is marked as deleted.
    """

    number: int
    stream: str
    values: Mapping[str, Any]
    deleted: bool = False

    @property
    def gsid(self) -> str | None:
        gsid = self.values.get("Gsid")
        return gsid.text if isinstance(gsid, Refused) else gsid


@dataclass(frozen=True, kw_only=True)
class Into:
    """What the settings say of a stream.

    Attributes:
        lookup: `onNoMatch` and `multiMatchOption` of the lookup of a parent, if there is one.
    """

    object: str
    keys: tuple[str, ...]
    operation: str
    omits_nulls: bool
    deletes: bool
    lookup: tuple[str, str] | None = None


@dataclass
class Reference:
    """A tenant, and the letters of a run.

    Attributes:
        tables: The records of each object.
        fields: The writable fields of each object, and which of them are required.
        folds_keys: Whether texts of key fields match in upper and lower case alike.
        many_matches: What becomes of an update whose keys match several records.
        letters: Why records were rejected, by their number.
    """

    tables: dict[str, list[Row]]
    fields: Mapping[str, Mapping[str, bool]]
    folds_keys: bool
    many_matches: ManyMatches
    letters: dict[int, Errors] = field(default_factory=dict)

    def load(self, into: Into, records: Sequence[Sent]) -> None:
        """Load a batch of a stream."""
        if into.operation == "insert":
            for record in records:
                self._alone(into, record)
            return
        for some in _of_one_record(into, records):
            for _, alike in groupby(some, lambda record: _key(into, record)):
                self._of_one_key(into, list(alike))

    def _alone(self, into: Into, record: Sent) -> None:
        if record.deleted:
            errors = self._delete(into, record) if into.deletes else set()
        else:
            errors = _unsendable(into, record) or self._write(into, _sent(into, [record]))
        if errors:
            self.letters[record.number] = errors

    def _of_one_key(self, into: Into, records: Sequence[Sent]) -> None:
        """Records are merged; a deletion takes back what came before it."""
        before: list[Sent] = []
        for record in records:
            if not record.deleted:
                before.append(record)
            elif into.deletes:
                if errors := self._delete(into, record):
                    self.letters[record.number] = errors
                else:
                    before = []
        self._merged(into, before)

    def _merged(self, into: Into, records: Sequence[Sent]) -> None:
        sendable = []
        for record in records:
            if errors := _unsendable(into, record):
                self.letters[record.number] = errors
            else:
                sendable.append(record)
        if len(sendable) > 1 and not self._write(into, _sent(into, sendable)):
            return
        for record in sendable:
            self._alone(into, record)

    # The tenant

    def _write(self, into: Into, sent: Row) -> Errors:
        """Write a row, or say why it is refused."""
        if errors := self._look_up(into, sent):
            return errors
        fields = self.fields[into.object]
        errors = {
            (value.code if isinstance(value, Refused) else "GSOBJ_1007", name)
            for name, value in sent.items()
            if isinstance(value, Refused) or (value is None and fields.get(name))
        }
        if errors:
            return errors
        there = [] if into.operation == "insert" else self._with_keys(into, sent)
        if not there:
            return self._add(into, sent)
        if len(there) > 1 and self.many_matches is ManyMatches.ERROR:
            return {("GSOBJ_1008", ",".join(into.keys))}
        changed = {name: value for name, value in sent.items() if name not in into.keys}
        for row in there if self.many_matches is ManyMatches.ALL else there[:1]:
            row.update(changed)
        return set()

    def _add(self, into: Into, sent: Row) -> Errors:
        if into.operation == "update" or "Gsid" in into.keys:
            return {("GSOBJ_1011", ",".join(into.keys))}
        fields = self.fields[into.object]
        if absent := {name for name, required in fields.items() if required} - sent.keys():
            return {("GSOBJ_1025", name) for name in absent}
        gsid = ("new", sent["Name"])
        self.tables[into.object].append(dict.fromkeys(fields) | sent | {"Gsid": gsid})
        return set()

    def _look_up(self, into: Into, sent: Row) -> Errors:
        if into.lookup is None or "Parent_Name__gc" not in sent:
            return set()
        on_no_match, on_several = into.lookup
        wanted = sent["Parent_Name__gc"]
        found = [row["Gsid"] for row in self.tables["parent__gc"] if row["Name"] == wanted]
        if (len(found) > 1 and on_several == "MARKASERROR") or (
            not found and on_no_match == "ERROR"
        ):
            return {("GSOBJ_1008", "Parent_Name__gc")}
        sent["Parent__gc"] = found[0] if found else None
        return set()

    def _delete(self, into: Into, record: Sent) -> Errors:
        table = self.tables[into.object]
        there = [row for row in table if row["Gsid"] == record.gsid]
        if not there:
            errors = _unsendable(into, record, keys_only=True)
            if errors:
                return set() if record.gsid else errors
            there = self._with_keys(into, record.values)
            keys = {name: record.values[name] for name in into.keys}
            there = [row for row in there if keys.items() <= row.items()] or there
        if len(there) > 1:
            return {("SEVERAL_MATCHES", "")}
        table[:] = [row for row in table if not any(row is each for each in there)]
        return set()

    def _with_keys(self, into: Into, values: Mapping[str, Any]) -> list[Row]:
        def form(value: Any) -> Any:
            return value.casefold() if self.folds_keys and isinstance(value, str) else value

        return [
            row
            for row in self.tables[into.object]
            if all(form(row[key]) == form(values[key]) for key in into.keys)
        ]


def _of_one_record(into: Into, records: Iterable[Sent]) -> Iterator[list[Sent]]:
    """Records that may be about one record of the tenant, in their order.

    One that is deleted by its Gsid alone has the key under which that came before.
    """
    together: dict[Any, list[Sent]] = defaultdict(list)
    known_as: dict[str, Mapping[str, Any]] = {}
    for each in records:
        record = each
        if not _key(into, record) and record.deleted and record.gsid in known_as:
            record = replace(record, values={**record.values, **known_as[record.gsid]})
        key = _key(into, record)
        if key and record.gsid and not record.deleted:
            known_as[record.gsid] = {name: record.values[name] for name in into.keys}
        # A record without a key is a reject, whatever comes after it.
        alone = record.gsid if record.deleted and record.gsid else record.number
        together[str(key).casefold() if key else alone].append(record)
    return iter(together.values())


def _key(into: Into, record: Sent) -> tuple[Any, ...] | None:
    if _unsendable(into, record, keys_only=True):
        return None
    return tuple(record.values[key] for key in into.keys)


def _unsendable(into: Into, record: Sent, *, keys_only: bool = False) -> Errors:
    errors = {
        (value.code, name)
        for name, value in record.values.items()
        if isinstance(value, Unsendable) and (name in into.keys or not keys_only)
    }
    lacking = {key for key in into.keys if record.values.get(key) is None}
    return errors | {("MISSING_KEY", key) for key in lacking}


def _sent(into: Into, records: Iterable[Sent]) -> Row:
    """What is sent of records that are merged: later values win, property by property."""
    row: Row = {}
    for record in records:
        row |= {
            name: value
            for name, value in record.values.items()
            if (name != "Gsid" or name in into.keys) and not (into.omits_nulls and value is None)
        }
    return row
