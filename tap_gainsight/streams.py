"""The Singer side: streams of the SDK over extracts, their bookmarks and checkpoints."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL
from typing_extensions import override

from gainsight_api.errors import ConfigError, GainsightError, JobFailedError, RequestError
from gainsight_api.jobs.row_counts import table_digest
from gainsight_api.objects.datatypes import timestamp
from tap_gainsight.block_stream import BlockStream
from tap_gainsight.catalog.spec import StreamSpec, path_of
from tap_gainsight.extract.checkpoint import Checkpoint
from tap_gainsight.extract.cursor import UNKNOWN_NAME, WRONG_EXPORT
from tap_gainsight.extract.extract import Extract, Method
from tap_gainsight.extract.paging import ExtractWindow
from tap_gainsight.extract.progress import WRITTEN
from tap_gainsight.records.decode import Decoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from singer_sdk import Tap

    from gainsight_api.filters.build import Filter
    from gainsight_api.jobs.row_counts import Kind
    from tap_gainsight.records.block import Block, Column
    from tap_gainsight.wiring import Wiring

_CLOCK_TOLERANCE = timedelta(days=1)
WRONG_FILTER = "GSOBJ_1008"
"""A read sends no data but its filter's."""


class GainsightStream(BlockStream):
    """The records of one object.

    Args:
        tap: The SDK's tap.
        spec: What is read.
        wiring: Makes extracts.
        next_extract: Gives the extract of the stream whose turn it is.
        work_ahead: Called when rows are out: others' extracts may be prepared.
        save: Writes the state.
    """

    def __init__(
        self,
        tap: Tap,
        spec: StreamSpec,
        *,
        wiring: Wiring,
        next_extract: Callable[[str], Extract],
        work_ahead: Callable[[], None],
        save: Callable[[], None],
    ) -> None:
        super().__init__(tap, schema=dict(spec.schema), name=spec.name)
        self.primary_keys = spec.keys
        self.replication_key = spec.replication_key
        self.hidden = spec.hidden
        self.batches = wiring.settings.batches
        self._spec = spec
        self._wiring = wiring
        self._settings = wiring.settings
        self._next_extract = next_extract
        self._work_ahead = work_ahead
        self._write_state = save
        self._unsaved: Checkpoint | None = None

    @property
    @override
    def is_sorted(self) -> bool:
        return True  # bookmarks are kept by the checkpoints, which know what has been read

    @override
    def get_replication_key_signpost(self, context: Any = None) -> None:
        """No signpost: a bookmark is what has been read, however the clocks differ."""

    @override
    def get_batch_config(self, config: Mapping[str, Any]) -> None:
        """None: the SDK's batches would let a STATE run ahead; `BlockStream` writes its own."""

    @override
    def blocks(self) -> Iterator[Block]:
        if self.ABORT_AT_RECORD_COUNT is not None:
            yield from self.extract().sample(self.ABORT_AT_RECORD_COUNT)
            return
        try:
            extract = self._next_extract(self.name)
            self._write_state()
            progress = extract.cursor.progress
            progress.begin()
            for block in extract.blocks():
                progress.first_row()
                yield block
                progress.wrote(block.rows - self.left_out)
                self._work_ahead()
        except GainsightError as exc:
            raise self._named(exc) from None
        progress.finished()
        if extract.cursor.resumed is None:
            full = extract.cursor.window.start == self._start(None)
            kind: Kind = "full" if full else "incremental"
            self._wiring.row_counts.note(self.table, kind, progress.rows)

    @property
    def table(self) -> str:
        """What a full sync reads, as `RowCounts` has it."""
        return table_digest(self._spec.object, self._spec.filter, self._start(None))

    def _named(self, exc: GainsightError) -> GainsightError:
        """The error with the stream's name, and with what is known of its reason."""
        told = self._wiring.run.stream(self.name, WRITTEN)
        told.failed = told.begun = True
        text = str(exc)
        if not text.startswith("stream ") and not isinstance(exc, ConfigError):
            text = f"stream {self.name}: {text}"
        refused = isinstance(exc, RequestError | JobFailedError)
        if refused and exc.code in {*UNKNOWN_NAME, WRONG_FILTER}:
            text += self._reason(exc.code)
        exc.args = (text,)
        return exc

    def _reason(self, code: str | None) -> str:
        """Why the tenant may not know what a read names."""
        needed = {path_of(name) for name in (*self._spec.keys, self.replication_key) if name}
        try:
            missing = self._wiring.missing_fields(self._spec.object, sorted(needed))
        except GainsightError:
            missing = set()
        if missing:
            names = ", ".join(sorted(missing))
            return f". The tenant no longer has {names}: discover anew, for a catalog without it"
        if self._spec.filter:
            return ". Check the `filter` of its `streams` entry, and the parentheses in it"
        if code == WRONG_EXPORT:
            return ". If an export job takes fewer rows in this tenant, lower `max_rows_per_job`"
        return ". If the tenant takes no parentheses in filters, try `extract_method: bulk`"

    def extract(self) -> Extract:
        """An extract of what the catalog selects, from where the state says."""
        columns = self._columns()
        return self._wiring.extract(
            self._window(self._spec.object, self._spec.paging_key, columns),
            self._decoder(columns),
            extract_method=Method(self._spec.extract_method or self._settings.extract_method),
            save=self._save,
            announce=self._announce,
            drop_missing_fields=self._without_missing_fields,
            logger=self.logger,
            resumed=self._resumed(),
        )

    def _window(
        self,
        object_name: str,
        key: str | None,
        columns: Sequence[Column],
        start: str | None = None,
    ) -> ExtractWindow:
        return ExtractWindow(
            object=object_name,
            fields=tuple(column.path for column in columns),
            key=key,
            replication_key=self._incremental_key(),
            start=start or self._start(self._bookmark()),
            filter=self._filter(object_name, columns),
            zone=self._settings.zone,
        )

    def _filter(self, object_name: str, columns: Sequence[Column]) -> Filter | None:
        where = self._spec.filter
        if where is None or not columns:
            return where
        return self._wiring.with_null_spelling(where, object_name, columns[0].path)

    def _decoder(self, columns: tuple[Column, ...]) -> Decoder:
        labels = self._wiring.picklist_labels(self._spec.object, self._selected_labels())
        return Decoder(self.name, columns, self._settings.csv_null, labels)

    def _columns(self) -> tuple[Column, ...]:
        """What is asked for: selected columns, what labels are made of, and the keys."""
        always = self._needed() | set(self._selected_labels().values())
        columns = tuple(
            column
            for column in self._spec.columns()
            if column.name in always or self.mask["properties", column.name]
        )
        if not columns:
            raise ConfigError(
                f"stream {self.name}: no field of it is selected, and it has no key: select one, "
                "or deselect the stream"
            )
        return columns

    def _selected_labels(self) -> dict[str, str]:
        return {
            name: source
            for name, source in self._spec.picklist_labels().items()
            if self.mask["properties", name]
        }

    def _without_missing_fields(self) -> tuple[ExtractWindow, Decoder] | None:
        """What is left to ask for when fields have gone from the tenant since discovery."""
        columns = self._columns()
        paths = [column.path for column in columns]
        gone = self._wiring.missing_fields(self._spec.object, paths)
        needed = {column.path for column in columns if column.name in self._needed()}
        if not gone or gone & needed or len(gone) == len(columns):
            return None
        self.logger.warning(
            "stream %s: the tenant no longer has %s of %s: left out. Discover anew to have a "
            "catalog without them",
            self.name,
            ", ".join(sorted(gone)),
            self._spec.object,
        )
        left = tuple(column for column in columns if column.path not in gone)
        window = self._window(self._spec.object, self._spec.paging_key, left)
        return window, self._decoder(left)

    def _incremental_key(self) -> str | None:
        incremental = self.replication_method == REPLICATION_INCREMENTAL
        return self.replication_key if incremental else None

    def _needed(self) -> set[str | None]:
        return {*self._spec.keys, self._spec.paging_key, self.replication_key}

    def _bookmark(self, name: str = "replication_key_value") -> datetime | None:
        """A bookmark of the state, in UTC."""
        state = self.stream_state
        if state.get("replication_key") not in {None, self.replication_key}:
            return None
        value = state.get(name)
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(timestamp(str(value))).replace(tzinfo=None)
        except ValueError:
            raise ConfigError(
                f"stream {self.name}: its bookmark in the state is no date-time; correct it, or "
                "remove it to read the stream anew"
            ) from None
        now = datetime.fromtimestamp(self._wiring.clock.now(), UTC).replace(tzinfo=None)
        if moment > now + _CLOCK_TOLERANCE:
            self.logger.warning(
                "stream %s: its bookmark %s lies in the future: what changes before then is not "
                "read. Correct the state if that is not meant",
                self.name,
                value,
            )
        return moment

    def _start(self, bookmark: datetime | None) -> str | None:
        """The second at which an incremental extract begins.

        That is `lookback_seconds` before the bookmark, or `start_date`, whichever of bookmark and
        `start_date` is later.
        """
        if self._incremental_key() is None:
            return None
        earliest = self._settings.earliest
        if bookmark and (earliest is None or earliest <= bookmark):
            try:
                begin = bookmark - timedelta(seconds=self._settings.lookback_seconds)
            except OverflowError:  # before the calendar's beginning
                begin = datetime.min  # noqa: DTZ901 - in UTC, as all times here
            return begin.isoformat("T", "seconds")
        return earliest.isoformat("T", "seconds") if earliest else None

    def _resumed(self) -> Checkpoint | None:
        """The extract that a run before this one left under way, if there is one."""
        try:
            return Checkpoint.from_state(self.stream_state)
        except ValueError:
            self.logger.warning(
                "stream %s: the state's export cannot be read; it is left", self.name
            )
            return None

    def _save(self, at: Checkpoint) -> None:
        """Write a state that says how far the extract has come.

        Only the main thread changes the state, since it may be writing it; what another thread has
        to say, that prepares the stream before its turn, is taken up with the next state.
        """
        self._unsaved = at
        if threading.current_thread() is threading.main_thread():
            self._write_state()

    def _announce(self, at: Checkpoint) -> None:
        """Keep a job in mind until it is saved; a reader that blocks is not to hold it up."""
        self._unsaved = at

    def take_up(self, *, jobs_alone: bool = False) -> None:
        """Put into the state, and its bookmark, how far the extract has come, or a job alone."""
        at = self._unsaved
        if at is None or (jobs_alone and not at.begins_job):
            return
        self._unsaved = None
        reliable = (at.seen.ordered or at.position.done) and not at.doubtful
        if self._incremental_key() and reliable:
            latest = at.seen.latest
            self._move_bookmark(min(latest, at.unsure) if at.unsure else latest, at.began)
        self.stream_state.update(at.to_state())

    def _move_bookmark(self, latest: str, began: str, name: str = "replication_key_value") -> None:
        """Forward to the latest value read, but not past the extract's begin."""
        latest = min(latest, began)
        state = self.stream_state
        present = state.get(name)
        if state.get("replication_key") != self.replication_key or not present:
            present = None
        if latest and (present is None or latest > timestamp(str(present))):
            state["replication_key"] = self.replication_key
            state[name] = latest
