"""All that can go wrong, and which calls it can go wrong with."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from faults.readings import Reading, readings
from faults.trials.stores import SERVERS
from gainsight_sandbox import CallKind, Effect, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from faults.phases import Phase

ROWS = 30
"""How many rows a tap is to read."""
START = 1_750_000_000.0
"""When the tenant's clock begins, in seconds since 1970."""
STATUSES = (400, 401, 403, 404, 408, 409, 413, 425, 429, 500, 502, 503, 504)
PAGE = "<html><body><h1>Come again later</h1></body></html>"
CODE = "GSOBJ_1099"
GATEWAY_CODE = "GS_APIG_2500"
STALLED_SECONDS = 5.0
"""Longer than a run of these waits for a reply."""

_POLLS = frozenset({CallKind.EXPORT_STATUS, CallKind.IMPORT_STATUS})
_EXPORT_POLL = frozenset({CallKind.EXPORT_STATUS})
_CHUNK = frozenset({CallKind.EXPORT_CHUNK})
_SUBMITS = frozenset({CallKind.EXPORT_SUBMIT, CallKind.IMPORT_SUBMIT})
_WRITES = frozenset({CallKind.INSERT, CallKind.UPDATE, CallKind.UPSERT})
_PARTIAL_WRITES = frozenset(
    {
        CallKind.CTA_CREATE,
        CallKind.CTA_UPDATE,
        CallKind.ACTIVITY_INSERT,
        CallKind.ACTIVITY_UPDATE,
    }
)
"""Calls whose replies tell what has become of each record."""
_READS = frozenset({CallKind.QUERY, CallKind.EXPORT_SUBMIT})
_NOT_OPEN = frozenset(CallKind) - {CallKind.TOKEN}


@dataclass(frozen=True, slots=True)
class Mishap:
    """A fault of the sandbox, and what may follow from it.

    Attributes:
        name: What the reports call it.
        effect: What goes wrong.
        settings: The fault's other settings.
        kinds: The calls that it can strike; all, if None.
        only_once: Whether it would change nothing to let it strike again.
        answers: Whether the call is processed and its reply arrives, whole and as it should be.
        refuses: Whether the reply is Gainsight's own word against this call, or its job.
        turn: Of which phases' turn it is, by their number's remainder of `FORMS`; all if None.
        mark: A letter for its form, where there are several.
        reading: What the tenant does otherwise, from the first call on.
        kills: The signal that ends the first run at its call.
        loses_state: Whether the STATE of a run is lost with it.
        loses_store: Whether its quota store is.
        server: The kind of server that has that store, if one; it is gone from its call on.
        store_is_away: Whether the server is gone from the start.
        restarts: Whether the server is there again at once.
    """

    name: str
    effect: Effect | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    kinds: frozenset[CallKind] | None = None
    only_once: bool = False
    answers: bool = False
    refuses: bool = False
    turn: int | None = None
    mark: str = ""
    reading: Reading | None = None
    kills: int | None = None
    loses_state: bool = False
    loses_store: bool = False
    server: str | None = None
    store_is_away: bool = False
    restarts: bool = False

    @property
    def row(self) -> str:
        """What it is called where it stands for all forms of it."""
        return self.name.partition(" ")[0] if self.turn is not None else self.name

    def meets(self, kind: CallKind) -> bool:
        """Whether such calls can be struck."""
        return self.kinds is None or kind in self.kinds

    def fault(self, phase: Phase, strikes: int | None) -> Fault | None:
        """The sandbox's fault, if it is one, to strike so many of a phase's calls (None: all)."""
        if self.effect is None:
            return None
        return Fault(
            self.effect,
            on=phase.kind,
            object=phase.object,
            skip=phase.skip,
            count=strikes,
            **self.settings,
        )


def all_mishaps() -> list[Mishap]:
    """Every one of them, by families."""
    return [
        *_statuses(),
        *_no_envelopes(),
        *_wire(),
        *_jobs(),
        *_chunks(),
        *_tenant(),
        *_writes(),
        *_runs(),
        *_stores(),
        *_readings(),
    ]


_FORMS = (
    ("e", "with an envelope", {"code": CODE}),
    ("g", "with a gateway's envelope", {"code": GATEWAY_CODE}),
    ("h", "with HTML", {"body": PAGE}),
    ("n", "without a body", {"body": ""}),
)
FORMS = len(_FORMS)


def _statuses() -> Iterator[Mishap]:
    for number, status in enumerate(STATUSES):
        for turn, (mark, form, answer) in enumerate(_FORMS, number):
            says_no = status < 500 and form == "with an envelope"  # noqa: PLR2004 - HTTP's own
            yield Mishap(
                f"{status} {form}",
                Effect.STATUS,
                {"status": status, **answer},
                refuses=says_no,
                turn=turn,
                mark=mark,
            )
    for status in (429, 503):
        for form, retry_after in (
            ("seconds", "7"),
            ("a date", formatdate(START + 90, usegmt=True)),
        ):
            settings = {"status": status, "code": GATEWAY_CODE, "retry_after": retry_after}
            yield Mishap(f"{status} with Retry-After as {form}", Effect.STATUS, settings)


def _no_envelopes() -> Iterator[Mishap]:
    for name, body in (
        ("{}", "{}"),
        ("a message", '{"message": "ok"}'),
        ("a list", "[]"),
        ("HTML", PAGE),
        ("nothing", ""),
        ("null", "null"),
    ):
        yield Mishap(f"200 with {name}", Effect.STATUS, {"status": 200, "body": body})
    yield Mishap("200 with bytes that are not UTF-8", Effect.NOT_UTF8)


def _wire() -> Iterator[Mishap]:
    yield Mishap("connection dropped before the answer", Effect.DROP_BEFORE)
    yield Mishap("connection dropped in the answer", Effect.TRUNCATED)
    yield Mishap("done, and connection dropped after it", Effect.DROP_AFTER)
    yield Mishap("body cut without Content-Length", Effect.CUT_UNMARKED)
    yield Mishap("gzip cut", Effect.CUT_GZIP)
    yield Mishap("gzip cut in its head", Effect.CUT_GZIP, {"at": 0.05})
    yield Mishap("gzip cut in its checksum", Effect.CUT_GZIP, {"at": 0.97})
    yield Mishap("gzip of no bytes", Effect.CUT_GZIP, {"at": 0.0})
    yield Mishap("gzip without its last byte", Effect.CUT_GZIP, {"at": 0.9999})
    yield Mishap("JSON cut", Effect.MALFORMED)
    yield Mishap("answer drips", Effect.DRIP, {"seconds": STALLED_SECONDS / 10})
    yield Mishap("answer stalls", Effect.STALL, {"seconds": STALLED_SECONDS})
    yield Mishap("answer comes minutes late", Effect.DELAY, {"seconds": 300.0}, answers=True)
    yield Mishap("redirect elsewhere", Effect.REDIRECT)


def _jobs() -> Iterator[Mishap]:
    yield Mishap("job stuck for ever", Effect.JOB_STUCK, kinds=_SUBMITS, refuses=True)
    yield Mishap("job fails", Effect.JOB_FAILED, kinds=_SUBMITS, refuses=True)
    yield Mishap("job of an unknown status", Effect.ODD_STATUS, kinds=_POLLS, refuses=True)
    gone: tuple[tuple[str, dict[str, Any]], ...] = (
        ("404", {}),
        ("400", {"status": 400}),
        ("200 with result false", {"status": 200, "code": "GSOBJ_1011"}),
        ("410", {"status": 410, "code": "GSOBJ_ESS_9155"}),
        (
            "200 without data",
            {"status": 200, "body": '{"result": true, "errorCode": null, "data": null}'},
        ),
    )
    for words, settings in gone:
        name = f"job forgotten: {words}"
        yield Mishap(name, Effect.JOB_EXPIRED, settings, kinds=_POLLS, refuses=True)
    elsewhere = frozenset({CallKind.EXPORT_SUBMIT, CallKind.EXPORT_STATUS})
    yield Mishap("URL on another host", Effect.FOREIGN_URL, kinds=elsewhere, refuses=True)


def _chunks() -> Iterator[Mishap]:
    for name, effect in (
        ("chunks listed late", Effect.LATE_CHUNKS),
        ("chunk left out of the list", Effect.LOST_CHUNK),
        ("chunk left out of list and total", Effect.SHORT_EXPORT),
        ("chunks shuffled", Effect.SHUFFLED_CHUNKS),
        ("chunk listed twice", Effect.REPEATED_CHUNK),
    ):
        yield Mishap(name, effect, kinds=_EXPORT_POLL, refuses=True)
    for by in (1, -1, 1000, -ROWS):
        settings = {"by": by}
        name = f"total {by:+} off"
        yield Mishap(name, Effect.WRONG_TOTAL, settings, kinds=_EXPORT_POLL, refuses=True)
    for name, effect in (
        ("chunks expired", Effect.CHUNK_EXPIRED),
        ("chunk without its last row", Effect.SHORT_CHUNK),
        ("chunk with its last row twice", Effect.LONG_CHUNK),
    ):
        yield Mishap(name, effect, kinds=_CHUNK, refuses=True)


def _tenant() -> Iterator[Mishap]:
    def once(name: str, effect: Effect, **settings: Any) -> Mishap:
        kinds = settings.pop("kinds", None)
        refuses = settings.pop("refuses", False)
        return Mishap(
            name, effect, settings, kinds=kinds, only_once=True, answers=True, refuses=refuses
        )

    for hours in (2, -2, -25):
        yield once(f"clock turned by {hours:+} hours", Effect.CLOCK_TURNED, seconds=hours * 3600)
    # By then the tenant has forgotten the jobs under way.
    yield once("clock turned by +25 hours", Effect.CLOCK_TURNED, seconds=25 * 3600, refuses=True)
    yield once("limit windows shifted", Effect.WINDOWS_SHIFTED, seconds=20)
    yield once("key revoked", Effect.KEY_REVOKED)
    yield once("tokens revoked", Effect.TOKENS_REVOKED, kinds=_NOT_OPEN)
    fields = _READS | _WRITES | {CallKind.IMPORT_SUBMIT}
    yield once("field added", Effect.FIELD_ADDED, field="New__gc", kinds=fields)
    # What is submitted with the field is refused, and submitted without it.
    yield once("field dropped", Effect.FIELD_DELETED, field="Size__gc", kinds=fields, refuses=True)
    yield once("object added", Effect.OBJECT_ADDED, target="brand_new__gc")
    yield once("another object dropped", Effect.OBJECT_DELETED, target="zoo__gc")


def _writes() -> Iterator[Mishap]:
    yield Mishap("write done, not confirmed", Effect.UNCONFIRMED, kinds=_WRITES | _PARTIAL_WRITES)
    yield Mishap("write not done, not confirmed", Effect.SKIPPED, kinds=_WRITES | _PARTIAL_WRITES)
    delete = frozenset({CallKind.DELETE})
    yield Mishap("deleted minutes late", Effect.LATE_DELETE, {"seconds": 300.0}, delete)


def _runs() -> Iterator[Mishap]:
    """The run is ended from without, or leaves less behind than it meant to."""
    jobs = _EXPORT_POLL | _CHUNK
    yield Mishap("killed", kills=signal.SIGKILL, loses_store=True, only_once=True)
    yield Mishap("stopped", kills=signal.SIGTERM, loses_store=True, only_once=True)
    lost = "killed, its STATE lost"
    yield Mishap(lost, kinds=jobs, kills=signal.SIGKILL, loses_state=True, only_once=True)
    settings = {"status": 503, "code": GATEWAY_CODE}
    name = "503, and the quota store lost"
    yield Mishap(name, Effect.STATUS, settings, kinds=jobs, loses_store=True)


def _stores() -> Iterator[Mishap]:
    first = frozenset({CallKind.METADATA})
    for server in SERVERS:
        name = f"{server} store out of reach"
        yield Mishap(name, kinds=first, server=server, store_is_away=True, only_once=True)
        yield Mishap(f"{server} store gone", server=server, only_once=True)
        yield Mishap(f"{server} store restarted", server=server, restarts=True, only_once=True)


def _readings() -> Iterator[Mishap]:
    for each in readings():
        name = f"{each.quirk}: {str(each.value).lower()}"
        yield Mishap(name, reading=each, kinds=each.kinds, only_once=True)
