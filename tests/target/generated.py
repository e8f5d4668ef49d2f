"""Inputs of any kind, and tenants and settings of any kind to load them into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from hypothesis import strategies as st

from gainsight_sandbox import (
    CallKind,
    DateForm,
    Decimals,
    Effect,
    ErrorForm,
    Fault,
    ManyMatches,
    MultiSelect,
    MultiSelectForm,
    Partial,
    QueryEmpty,
    QueryNull,
    QueryShape,
    Quirks,
    WriteCount,
)
from tests.target.reference import Into, Refused, Sent, Unsendable
from tests.target.spelled import KEYS, NO_KEYS, NOTHING, OBJECTS, PARENT, SIZES, Spelled, values
from tests.target.support import THING

Spellings = Mapping[str, Sequence[Spelled]]
"""What a record may have in each of its properties."""

KEY_CHOICES = [
    ("Code__gc",),
    ("Number__gc",),
    ("Mail__gc",),
    ("Name",),
    ("Code__gc", "Number__gc"),
    ("Gsid",),
]


@dataclass(frozen=True)
class Entity:
    """What a record is about.

    Attributes:
        gsid: Its Gsid, in this tenant or another one.
        keys: All spellings of its key fields.
    """

    gsid: str
    keys: Spellings

    def row(self, number: int) -> dict[str, Any]:
        """A record of the tenant; only the first one has the Gsid."""
        found = {name: spellings[0][1] for name, spellings in self.keys.items()}
        found = {name: "z" if isinstance(each, Refused) else each for name, each in found.items()}
        gsid = self.gsid if number == 0 else f"1T0{number}" + self.gsid[4:-1] + "D"
        return {"Name": "old", "Text__gc": "old", **found, "Gsid": gsid}


@dataclass
class Case:
    """A tenant, settings and an input.

    Attributes:
        seeds: What the tenant holds of each object before.
        sent: The records.
        messages: The lines of the input.
    """

    quirks: Quirks
    streams: Mapping[str, Into]
    settings: dict[str, Any]
    seeds: Mapping[str, list[dict[str, Any]]]
    faults: list[Fault]
    sent: list[Sent] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def add_schema(self, stream: str) -> None:
        names = {each.name for schema in OBJECTS for each in schema.fields}
        described: dict[str, Any] = {"properties": {name: {} for name in sorted(names)}}
        keys = self.streams[stream].keys
        self._add(type="SCHEMA", stream=stream, schema=described, key_properties=keys)

    def add(self, stream: str, record: Mapping[str, Spelled], *, deleted: bool = False) -> None:
        """Add a record, and a STATE after it."""
        number = len(self.sent) + 1
        meanings = {name: meaning for name, (_, meaning) in record.items()}
        self.sent.append(Sent(number, stream, meanings, deleted))
        written = {name: value for name, (value, _) in record.items()}
        marks = {"_sdc_sequence": number, **({"_sdc_deleted_at": "2026"} if deleted else {})}
        self._add(type="RECORD", stream=stream, record={**written, **marks})
        self._add(type="STATE", value=number)

    def _add(self, **message: Any) -> None:
        self.messages.append(msgspec.json.encode(message).decode() + "\n")


def tenants(*, folds: Sequence[tuple[bool, bool]], partial: bool) -> st.SearchStrategy[Quirks]:
    """Tenants that differ in what the documents leave open.

    Args:
        folds: Whether queries and keys may compare without case.
        partial: Whether their replies may leave records out.
    """
    choices: dict[str, Any] = {
        "query_shape": QueryShape,
        "query_empty": QueryEmpty,
        "query_dates": DateForm,
        "query_null": QueryNull,
        "query_null_dates": QueryNull,
        "query_multiselect": MultiSelect,
        "query_page_records": [5000, 5000, 2],
        "write_multiselect": MultiSelectForm,
        "write_decimals": Decimals,
        "write_dates": DateForm,
        "write_count": WriteCount,
        "partial": Partial if partial else [Partial.NONE],
        "many_matches": ManyMatches,
        "delete_seconds": [0, 2],
        "import_error_form": ErrorForm,
    }
    drawn = {name: st.sampled_from(list(values)) for name, values in choices.items()}
    drawn |= dict.fromkeys(SWITCHES, st.booleans())
    return st.builds(
        lambda folds, found: Quirks(eq_ignores_case=folds[0], keys_ignore_case=folds[1], **found),
        st.sampled_from(folds),
        st.fixed_dictionaries(drawn),
    )


UNCHANGED = ["send", "skip"]
SWITCHES = [
    "errors_as_200",
    "nulls_absent",
    "upsert_everywhere",
    "write_any_email",
    "write_milliseconds",
    "write_keeps_order",
    "write_errors_null",
    "write_errors_first",
    "write_errors_flat",
    "repeated_keys_refused",
    "update_skips_unmatched",
    "delete_of_missing_succeeds",
    "import_errors_by_row",
    "import_list_oldest_first",
]
SETTINGS = st.fixed_dictionaries(
    {
        "load_mode": st.sampled_from(["rest", "bulk", "auto"]),
        "batch_size_rows": st.sampled_from([None, None, 1, 2, 5, 10]),
        "rest_batch_size": st.sampled_from([50, 1, 2, 3]),
        "bulk_threshold_rows": st.sampled_from([0, 1, 4, 50]),
        "max_quota_wait": st.just(100_000),
    }
)


def faults(operation: str) -> st.SearchStrategy[Fault]:
    """Faults that pass; a lost insert may not be sent again where equal records may be there."""
    kinds = {*CallKind} - {CallKind.EXPORT_CHUNK, CallKind.EXPORT_STATUS, CallKind.EXPORT_SUBMIT}
    kinds -= {CallKind.INSERT} if operation == "insert" else set()
    return st.builds(
        Fault,
        st.sampled_from(
            [
                Effect.STATUS,
                Effect.STATUS,
                Effect.DROP_BEFORE,
                Effect.DROP_AFTER,
                Effect.TRUNCATED,
                Effect.MALFORMED,
            ]
        ),
        on=st.sampled_from(sorted(kinds)),
        count=st.integers(1, 2),
        skip=st.integers(0, 3),
        status=st.sampled_from([500, 502, 503, 429]),
    )


def lost(operation: str, count: WriteCount) -> st.SearchStrategy[list[Fault]]:
    """A record of a reply that is not confirmed, or none; it is not counted as written either."""
    if operation == "insert" or count is WriteCount.SENT:
        return st.just([])
    effects = st.sampled_from([Effect.UNCONFIRMED, Effect.SKIPPED])
    return st.lists(st.builds(Fault, effects, skip=st.integers(0, 3)), max_size=1)


@st.composite
def records(draw: st.DrawFn, spellings: Spellings) -> dict[str, Spelled]:
    """Records with some of these properties; most of them can be loaded."""
    careful = draw(st.integers(0, 3)) > 0
    chosen = {
        name: [each for each in some if not (careful and isinstance(each[1], Unsendable | Refused))]
        for name, some in spellings.items()
    }
    named = {"Name": chosen.pop("Name")} if careful and "Name" in chosen else {}
    every = {name: st.sampled_from(some) for name, some in named.items()}
    some = {name: st.sampled_from([*each, *NOTHING]) for name, each in chosen.items()}
    return draw(st.fixed_dictionaries(every, optional=some))


@st.composite
def entities(draw: st.DrawFn, keys: tuple[str, ...]) -> list[Entity]:
    """One or several; their keys differ."""
    chosen = st.tuples(*(st.integers(0, len(KEYS[key]) - 1) for key in keys))
    found = []
    for number, indexes in enumerate(draw(st.lists(chosen, min_size=1, max_size=4, unique=True))):
        spellings = {key: KEYS[key][n] for key, n in zip(keys, indexes, strict=True)}
        own = spellings["Gsid"][0][1] if "Gsid" in spellings else f"1T0{number}" + "F" * 32
        found.append(Entity(own, spellings))
    return found


@st.composite
def identities(
    draw: st.DrawFn, entity: Entity, *, with_gsid: bool, alone: bool
) -> dict[str, Spelled]:
    """What a record says of what it is about: its Gsid alone, or its keys, but for mistakes."""
    gsid = {"Gsid": (entity.gsid, entity.gsid)}
    if alone:
        return gsid
    found = {name: draw(st.sampled_from(some)) for name, some in entity.keys.items()}
    if draw(st.integers(0, 15)) == 0:
        name = draw(st.sampled_from(sorted(found)))
        del found[name]
        if draw(st.booleans()):
            found[name] = draw(st.sampled_from(NO_KEYS.get(name, NOTHING)))
    return found if "Gsid" in entity.keys or not with_gsid else found | gsid


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Anything that may come."""
    kind = draw(st.sampled_from(["one", "one", "twins", "family"]))
    operation = draw(st.sampled_from(["upsert", "upsert", "update", "insert"]))
    keys = draw(
        st.sampled_from(
            [each for each in KEY_CHOICES if operation != "insert" or each != ("Gsid",)]
        )
    )
    into = Into(
        object=THING,
        keys=keys,
        operation=operation,
        omits_nulls=draw(st.booleans()),
        deletes=draw(st.booleans()),
    )
    streams = {"one": {THING: into}, "twins": {"first": into, "second": into}}.get(kind, {})
    if kind == "family":
        looks = ["ERROR", "NULLABLE"], ["FIRSTMATCH", "MARKASERROR"]
        lookup = draw(st.tuples(*map(st.sampled_from, looks)))
        parents = replace(into, object=PARENT, keys=("Name",), operation="upsert", deletes=False)
        streams = {PARENT: parents, THING: replace(into, lookup=lookup)}
    # What no query finds cannot be known to be there: who matches keys so has to find so. What is
    # deleted by its key is what a query finds.
    folds = [(False, False), (True, True), (True, False)][: 2 if into.deletes else 3]
    folds = folds[:1] if kind == "family" else folds
    quirks = draw(tenants(folds=folds, partial=operation != "insert"))
    found = draw(entities(keys))
    case = Case(
        quirks=quirks,
        streams=streams,
        settings=draw(SETTINGS)
        | {"streams": [_entry(*each) for each in streams.items()]}
        | {"unchanged": "send" if operation == "insert" else draw(st.sampled_from(UNCHANGED))},
        seeds={},
        faults=[
            *draw(st.lists(faults(operation), max_size=3)),
            *draw(lost(operation, quirks.write_count)),
        ],
    )
    # What is not written, though it seems so, is not refused for its doubles either.
    skips = [each for each in case.faults if each.effect is Effect.SKIPPED]
    case.seeds = draw(_seeds(found, doubles=not skips and quirks.partial is not Partial.SKIPPED))
    draw(_input(case, found))
    return case


@st.composite
def _seeds(
    draw: st.DrawFn, found: list[Entity], *, doubles: bool
) -> dict[str, list[dict[str, Any]]]:
    unique_by = None if doubles else lambda each: str(each).casefold()
    there = draw(st.lists(st.sampled_from(found), max_size=4, unique_by=unique_by))
    names = draw(st.lists(st.sampled_from(["p0", "p1"]), max_size=3, unique_by=unique_by))
    return {
        THING: [each.row(there[:number].count(each)) for number, each in enumerate(there)],
        PARENT: [{"Name": name, "Gsid": f"1P0{n}" + "B" * 32} for n, name in enumerate(names)],
    }


@st.composite
def _input(draw: st.DrawFn, case: Case, found: list[Entity]) -> None:
    for stream in case.streams:
        case.add_schema(stream)
    spellings = values(case.quirks)
    into = next(each for each in case.streams.values() if each.object == THING)
    # Where several records have a key, it depends on the moment whether a Gsid is still there.
    seeded = [str([row[key] for key in into.keys]).casefold() for row in case.seeds[THING]]
    gsids = into.operation != "insert" and len(set(seeded)) == len(seeded)
    with_gsid = gsids and draw(st.booleans())
    chosen = draw(st.lists(st.sampled_from(sorted(spellings)), max_size=4, unique=True))
    chosen += ["Name"] + (["Parent_Name__gc"] if into.lookup else [])
    others = records({name: spellings[name] for name in chosen if name not in into.keys})
    parents = records({"Size__gc": SIZES})
    parent_names = st.sampled_from(spellings["Parent_Name__gc"][:3])
    order = st.lists(st.sampled_from(sorted(case.streams)), min_size=1, max_size=20)
    for stream in draw(order):
        if stream == PARENT:
            case.add(stream, draw(parents) | {"Name": draw(parent_names)})
        else:
            entity, deleted = draw(st.sampled_from(found)), draw(st.integers(0, 4)) == 0
            named = with_gsid or (gsids and deleted and draw(st.booleans()))
            alone = with_gsid and deleted and draw(st.integers(0, 2)) == 0
            who = draw(identities(entity, with_gsid=named, alone=alone))
            case.add(stream, draw(others) | who, deleted=deleted)


def _entry(stream: str, into: Into) -> dict[str, Any]:
    """An entry of the setting `streams`."""
    made: dict[str, Any] = {
        "name": stream,
        "object": into.object,
        "operation": into.operation,
        "null_handling": "omit" if into.omits_nulls else "send",
        "deletes": "delete" if into.deletes else "ignore",
    }
    if into.lookup:
        made["lookups"] = {
            "Parent__gc": {
                "fields": {"Parent_Name__gc": "Name"},
                "objectName": PARENT,
                "lookupField": "Gsid",
                "onNoMatch": into.lookup[0],
                "multiMatchOption": into.lookup[1],
            }
        }
    return made
