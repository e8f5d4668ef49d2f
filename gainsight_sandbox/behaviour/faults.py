"""Faults on request: what goes wrong between a client and its tenant, when a test asks for it."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, fields
from dataclasses import field as dataclass_field
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING

from gainsight_sandbox.behaviour.call_kinds import CallKind

if TYPE_CHECKING:
    from collections.abc import Mapping


class Effect(StrEnum):
    """What goes wrong."""

    STATUS = "status"  # `status`, with `code` in an envelope, or with `body` in its place
    DROP_BEFORE = "drop-before"  # the connection breaks before the call is processed
    DROP_AFTER = "drop-after"  # it is processed, but the reply is lost
    TRUNCATED = "truncated"  # the connection breaks in the middle of the reply
    CUT_UNMARKED = "cut-unmarked"  # a part of the reply, ending as a whole one: it tells no length
    STALL = "stall"  # a part of the reply, then silence for `seconds`, then the connection breaks
    NOT_UTF8 = "not-utf8"  # HTTP `status` (200) with bytes that are not UTF-8
    DRIP = "drip"  # the reply comes in pieces, `seconds` apart
    CUT_GZIP = "cut-gzip"  # a complete reply whose gzip breaks off
    DELAY = "delay"  # the reply comes `seconds` late
    MALFORMED = "malformed"  # HTTP 200 with JSON that breaks off
    REDIRECT = "redirect"  # HTTP 302 to `location`
    FOREIGN_URL = "foreign-url"  # the statusURL or chunkURLs of the reply name `location`
    JOB_FAILED = "job-failed"  # the job submitted by this call will fail with `code`
    JOB_STUCK = "job-stuck"  # the job submitted by this call stays IN_PROGRESS
    JOB_EXPIRED = "job-expired"  # the job asked for is forgotten; `status`, `code`, `body` say how
    ODD_STATUS = "odd-status"  # the job's status is one that nobody documents: `code`, or PAUSED
    LATE_CHUNKS = "late-chunks"  # the job is COMPLETED, but its chunks are not listed yet
    SHORT_EXPORT = "short-export"  # neither the list nor the total has the last chunk
    LOST_CHUNK = "lost-chunk"  # the list lacks the last chunk, whose rows are counted
    SHUFFLED_CHUNKS = "shuffled-chunks"  # the list has the last chunk first
    REPEATED_CHUNK = "repeated-chunk"  # the list has the first chunk twice
    WRONG_TOTAL = "wrong-total"  # the total is `by` more than there are
    CHUNK_EXPIRED = "chunk-expired"  # the job's chunks are gone
    SHORT_CHUNK = "short-chunk"  # a chunk lacks its last row
    LONG_CHUNK = "long-chunk"  # a chunk has its last row twice
    UNCONFIRMED = "unconfirmed"  # the reply does not confirm the last record, which is written
    SKIPPED = "skipped"  # the last record is not written, nor confirmed
    LATE_DELETE = "late-delete"  # the record is deleted `seconds` after the call
    # What happens to the tenant just before the call:
    FIELD_DELETED = "field-deleted"  # `field` of the object is deleted
    FIELD_ADDED = "field-added"  # the object gets a text field named `field`
    OBJECT_DELETED = "object-deleted"  # the object is deleted, or the one named `target`
    OBJECT_ADDED = "object-added"  # there is a new, empty object named `target`
    CLOCK_TURNED = "clock-turned"  # the tenant's clock is turned by `seconds`
    WINDOWS_SHIFTED = "windows-shifted"  # the windows of all limits begin `seconds` later
    KEY_REVOKED = "key-revoked"  # neither key nor tokens are good any more
    TOKENS_REVOKED = "tokens-revoked"  # tokens are not; new ones are given out


_SUBMITS = {CallKind.EXPORT_SUBMIT, CallKind.IMPORT_SUBMIT}
_WRITES = {CallKind.INSERT, CallKind.UPDATE, CallKind.UPSERT}
_PARTIAL_WRITES = {
    CallKind.CTA_CREATE,
    CallKind.CTA_UPDATE,
    CallKind.ACTIVITY_INSERT,
    CallKind.ACTIVITY_UPDATE,
}
_ABOUT_OBJECTS = {
    CallKind.QUERY,
    CallKind.EXPORT_SUBMIT,
    CallKind.IMPORT_SUBMIT,
    *_WRITES,
}
_ONLY_ON = {
    Effect.JOB_FAILED: _SUBMITS,
    Effect.JOB_STUCK: _SUBMITS,
    Effect.JOB_EXPIRED: {CallKind.EXPORT_STATUS, CallKind.IMPORT_STATUS},
    Effect.ODD_STATUS: {CallKind.EXPORT_STATUS, CallKind.IMPORT_STATUS},
    Effect.UNCONFIRMED: _WRITES | _PARTIAL_WRITES,
    Effect.SKIPPED: _WRITES | _PARTIAL_WRITES,
    Effect.LATE_CHUNKS: {CallKind.EXPORT_STATUS},
    Effect.SHORT_EXPORT: {CallKind.EXPORT_STATUS},
    Effect.LOST_CHUNK: {CallKind.EXPORT_STATUS},
    Effect.SHUFFLED_CHUNKS: {CallKind.EXPORT_STATUS},
    Effect.REPEATED_CHUNK: {CallKind.EXPORT_STATUS},
    Effect.WRONG_TOTAL: {CallKind.EXPORT_STATUS},
    Effect.CHUNK_EXPIRED: {CallKind.EXPORT_CHUNK},
    Effect.SHORT_CHUNK: {CallKind.EXPORT_CHUNK},
    Effect.LONG_CHUNK: {CallKind.EXPORT_CHUNK},
    Effect.FOREIGN_URL: {CallKind.EXPORT_SUBMIT, CallKind.EXPORT_STATUS},
    Effect.FIELD_DELETED: _ABOUT_OBJECTS,
    Effect.FIELD_ADDED: _ABOUT_OBJECTS,
    Effect.LATE_DELETE: {CallKind.DELETE},
}
_NEEDED = {
    Effect.FIELD_DELETED: "field",
    Effect.FIELD_ADDED: "field",
    Effect.OBJECT_ADDED: "target",
}


@dataclass(slots=True)
class Fault:
    """A fault that strikes `count` calls (all, if None), after letting `skip` calls pass.

    `on` and `object` narrow which calls those are; some effects make sense on one kind only. With
    a `chance` below 1 it strikes by lot, and alike for the same `seed`. Its strikes are counted in
    `struck`. A reply that breaks off does so `at` this share of it.
    """

    effect: Effect
    on: CallKind | None = None
    object: str | None = None
    count: int | None = 1
    skip: int = 0
    chance: float = 1.0
    seed: int = 1
    status: int | None = None
    retry_after: str | None = None
    seconds: float = 0.0
    location: str = "http://elsewhere.example"
    code: str | None = None
    body: str | None = None
    field: str | None = None
    target: str | None = None
    by: int = 1
    at: float = 0.5
    drawn: int = dataclass_field(default=0, init=False, compare=False)
    struck: int = dataclass_field(default=0, init=False, compare=False)

    def __post_init__(self) -> None:
        self.effect = Effect(self.effect)
        self.on = CallKind(self.on) if self.on is not None else None
        needed = _NEEDED.get(self.effect)
        if needed is not None and getattr(self, needed) is None:
            raise ValueError(f"{self.effect} needs the name of a field or object as {needed}")

    def strikes(self, kind: CallKind, object_name: str | None) -> bool:
        """Whether this fault strikes such a call; if it does, one strike is used up."""
        if kind not in _ONLY_ON.get(self.effect, {kind}) or self.on not in {None, kind}:
            return False
        if self.object not in {None, object_name} or self.count == 0:
            return False
        if self.skip:
            self.skip -= 1
            return False
        if not self._lot_falls():
            return False
        self.struck += 1
        if self.count is not None:
            self.count -= 1
        return True

    def _lot_falls(self) -> bool:
        if self.chance >= 1:
            return True
        self.drawn += 1
        lot = random.Random(f"{self.seed}:{self.drawn}")  # noqa: S311 - no secret hangs on it
        return lot.random() < self.chance

    @property
    def job_code(self) -> str:
        """The code with which a job fails."""
        return self.code or "GSOBJ_ESS_9150"

    @property
    def is_uncounted(self) -> bool:
        """Whether the call fails before it is counted in a limit."""
        refused = {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS}
        return self.effect is Effect.DROP_BEFORE or (
            self.effect is Effect.STATUS and self.status in refused
        )


def odd_status(fault: Fault | None) -> str | None:
    """The status that a job is shown with, if a fault gives it one that nobody documents."""
    odd = fault is not None and fault.effect is Effect.ODD_STATUS
    return (fault.code or "PAUSED") if fault and odd else None


@dataclass(slots=True)
class Faults:
    """The faults that are set; of several that fit a call the first strikes."""

    _faults: list[Fault] = dataclass_field(default_factory=list)
    _lock: threading.Lock = dataclass_field(default_factory=threading.Lock)

    def add(self, *faults: Fault) -> None:
        """Add faults after those already set."""
        with self._lock:
            self._faults.extend(faults)

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()

    def pending(self) -> list[Fault]:
        """The faults that may still strike."""
        with self._lock:
            return [fault for fault in self._faults if fault.count != 0]

    def take(self, kind: CallKind, object_name: str | None) -> Fault | None:
        """The fault that strikes this call, if any; uses up one of its strikes."""
        with self._lock:
            return next((f for f in self._faults if f.strikes(kind, object_name)), None)


def parse_fault(text: str) -> Fault:
    """A fault from `EFFECT` or `EFFECT:name=value,…`; raises ValueError for a wrong one."""
    effect, _, rest = text.partition(":")
    pairs = [item.partition("=") for item in rest.split(",") if item]
    return build_fault({"effect": effect, **{name: value for name, _, value in pairs}})


_NUMBERS = {
    "count": int,
    "skip": int,
    "status": int,
    "seconds": float,
    "chance": float,
    "seed": int,
    "by": int,
    "at": float,
}


def build_fault(settings: Mapping[str, object]) -> Fault:
    """A fault from its settings by name; a count of `all` or null means every call."""
    known = {item.name for item in fields(Fault) if item.init}
    arguments: dict[str, object] = {}
    for raw, value in settings.items():
        name = raw.replace("-", "_")
        if name not in known:
            raise ValueError(f"a fault has no {raw!r}; it has {', '.join(sorted(known))}")
        if name == "count" and value in {"all", None}:
            arguments[name] = None
        else:
            try:
                arguments[name] = _NUMBERS.get(name, str)(str(value))
            except ValueError:
                raise ValueError(f"{raw!r} of a fault is a number, not {value!r}") from None
    if arguments.get("effect") not in set(Effect):
        raise ValueError(f"the effect of a fault is one of {', '.join(Effect)}")
    if arguments.get("on", CallKind.QUERY) not in set(CallKind):
        raise ValueError(f"a fault is on one of {', '.join(CallKind)}")
    return Fault(**arguments)  # type: ignore[arg-type]  # checked name by name above
