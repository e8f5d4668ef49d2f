"""How far an extract has come, and how a state says so."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from gainsight_api.filters import build as filters
from tap_gainsight.extract.paging import Position
from tap_gainsight.extract.tracker import Tracker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_gainsight.extract.paging import ExtractWindow


class Checkpoint(msgspec.Struct, kw_only=True):
    """How far an extract has come.

    Attributes:
        position: Where the present job, or the next page, begins.
        seen: What the present job's chunks, or the last page, have brought.
        chunks_done: How many chunks that is.
        job_id: The job under way, if there is one.
        status_url: Where its status is.
        submitted_at: When it was submitted, as text: targets built on the SDK cannot write a
            state that holds a number with a fraction.
        request: A digest of what is extracted; None as long as no job was needed.
        began: The tenant's time when the extract began, in whole seconds. Rows change while they
            are read, and one may change again in the very second in which it was read: so the
            bookmark goes no further than this, and the next run sees that second anew.
        start: The earliest replication value that the export under way asks for.
        unsure: The first second in which rows may be that have not been read, though later ones
            have: the bookmark goes no further. Not kept in a state.
        doubtful: Whether a chunk of the job may lack rows, which its total will tell: until then
            the bookmark does not move. Not kept in a state.
    """

    position: Position
    seen: Tracker = msgspec.field(default_factory=Tracker)
    chunks_done: int = 0
    job_id: str | None = None
    status_url: str | None = None
    submitted_at: str | None = None
    request: str | None = None
    began: str = ""
    start: str | None = None
    unsure: str = ""
    doubtful: bool = False

    @property
    def begins_job(self) -> bool:
        """Whether a job is under way of which nothing is read yet: it covers no new row."""
        return self.job_id is not None and not self.chunks_done

    def why_left(self, request: str, start: str | None) -> str | None:
        """Why what a run before this one left under way is of no use; None if it is.

        Args:
            request: The digest of what is to be extracted now.
            start: The earliest replication value that is wanted now.
        """
        if self.request != request:
            return "Another selection than the last run's: its export is left"
        if self.start is not None and (start or "") < self.start:
            return "An earlier start than the last run's: its export is left"
        if not self.job_id and self.position.offset:
            return "Rows without a key are read from their first one again"
        return None

    def age_of_job(self, now: float) -> float | None:
        """Seconds since the job was submitted, where that is known.

        Args:
            now: Seconds since 1970.
        """
        try:
            submitted = datetime.fromisoformat(str(self.submitted_at))
        except ValueError:
            return None
        return now - submitted.timestamp()

    def to_state(self) -> dict[str, Any]:
        """The scalars that a stream's state holds while an export is under way.

        They are flat, and null when they are not in use, because states are merged: a nested or
        a vanished key would keep its old value.
        """
        if self.request is None or self.position.done:
            return dict.fromkeys(_KEYS)
        return {
            "export_job_id": self.job_id,
            "export_status_url": self.status_url,
            "export_submitted_at": self.submitted_at,
            "export_request": self.request,
            "export_began": self.began,
            "export_position": msgspec.json.encode(self.position).decode(),
            "export_seen": msgspec.json.encode(self.seen).decode(),
            "export_chunks_done": self.chunks_done,
            "export_start": self.start,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Checkpoint | None:
        """The export that a stream's state tells of, if there is one.

        Raises:
            ValueError: The state tells of one, but not so that it can be read.
        """
        if not state.get("export_position"):
            return None
        texts = ("export_job_id", "export_status_url", "export_submitted_at", "export_start")
        odd = [name for name in texts if not isinstance(state.get(name), str | None)]
        odd += [n for n in ("export_request", "export_began") if not isinstance(state.get(n), str)]
        done = state.get("export_chunks_done")
        if odd or not isinstance(done, int) or isinstance(done, bool) or done < 0:
            raise ValueError
        try:
            return cls(
                position=msgspec.json.decode(state["export_position"], type=Position),
                seen=msgspec.json.decode(state["export_seen"], type=Tracker),
                chunks_done=done,
                job_id=state.get("export_job_id"),
                status_url=state.get("export_status_url"),
                submitted_at=state.get("export_submitted_at"),
                request=state["export_request"],
                began=state["export_began"],
                start=state.get("export_start"),
            )
        except (msgspec.MsgspecError, KeyError, TypeError) as exc:
            raise ValueError from exc


_KEYS = (
    "export_job_id",
    "export_status_url",
    "export_submitted_at",
    "export_request",
    "export_began",
    "export_position",
    "export_seen",
    "export_chunks_done",
    "export_start",
)


def digest_of(window: ExtractWindow, max_rows_per_job: int) -> str:
    """Tells an extract from one of other fields, or with another filter or job size."""
    parts = [
        window.object,
        window.fields,
        window.key,
        window.replication_key,
        filters.body(window.filter),
        max_rows_per_job,
    ]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:16]
