"""The Singer side: streams of the SDK over extracts, their bookmarks and checkpoints."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL, MetadataMapping
from typing_extensions import override

from gainsight_api.datatypes import timestamp
from gainsight_api.errors import ConfigError, JobFailedError, NotFoundError, RequestError
from tap_gainsight.block_stream import BlockStream
from tap_gainsight.catalog.spec import DELETE_LOGS, StreamSpec
from tap_gainsight.extract.checkpoint import Checkpoint
from tap_gainsight.extract.cursor import UNKNOWN_NAME
from tap_gainsight.extract.extract import Extract, Method
from tap_gainsight.extract.paging import Window
from tap_gainsight.records.decode import Decoder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gainsight_api.filters.build import Filter
    from tap_gainsight.records.block import Block, Column
    from tap_gainsight.tap import TapGainsight

_LOG_KEPT = timedelta(days=15)


class GainsightStream(BlockStream):
    """The records of one object."""

    def __init__(self, tap: TapGainsight, spec: StreamSpec) -> None:
        super().__init__(tap, schema=dict(spec.schema), name=spec.name)
        self.primary_keys = spec.keys
        self.replication_key = spec.replication_key
        self._spec = spec
        self._gainsight = tap

    @property
    @override
    def is_sorted(self) -> bool:
        return True  # bookmarks are kept by the checkpoints, which know what has been read

    @property
    @override
    def metadata(self) -> MetadataMapping:
        fresh = self._metadata is None
        metadata = super().metadata
        if fresh and self._tap_input_catalog is None:
            for name in self._spec.hidden:
                entry = metadata["properties", name]
                if entry.inclusion != entry.InclusionType.AUTOMATIC:
                    entry.selected_by_default = False
        return metadata

    @override
    def get_replication_key_signpost(self, context: Any = None) -> None:
        """No signpost: a bookmark is what has been read, however the clocks differ."""

    @override
    def get_batch_config(self, config: Mapping[str, Any]) -> None:
        """No BATCH messages: a checkpoint must not run ahead of the records before it."""

    @override
    def _increment_stream_state(self, latest_record: Any, *, context: Any = None) -> None:
        """Nothing: a checkpoint moves the bookmark, after each page."""

    @override
    def blocks(self) -> Iterator[Block]:
        if self.ABORT_AT_RECORD_COUNT is not None:
            yield from self.extract().sample(self.ABORT_AT_RECORD_COUNT)
            return
        try:
            extract = self._gainsight.ahead.take(self.name)
            yield from extract.blocks()
        except (RequestError, JobFailedError) as exc:
            exc.args = (f"stream {self.name}: {exc}",)
            raise
        extract.reading.progress.finished()

    def extract(self) -> Extract:
        """An extract of what the catalog selects, from where the state says."""
        method = self._spec.method or self._gainsight.options["extract_method"]
        columns = self._columns()
        return self._gainsight.extract(
            self._window(self._spec.object, self._spec.paging_key, columns),
            self._decoder(columns),
            method=Method(method),
            save=self._save,
            narrow=self._narrowed,
            logger=self.logger,
            resumed=self._resumed(),
        )

    def _window(
        self,
        object_name: str,
        key: str | None,
        columns: Sequence[Column],
    ) -> Window:
        return Window(
            object=object_name,
            fields=tuple(column.path for column in columns),
            key=key,
            replication_key=self._incremental_key(),
            start=self._start(),
            filter=self._filter(object_name, columns[0].path),
            zone=self._gainsight.zone,
        )

    def _filter(self, object_name: str, field: str) -> Filter | None:
        where = self._spec.filter
        return self._gainsight.spelled(where, object_name, field) if where else None

    def _decoder(self, columns: tuple[Column, ...]) -> Decoder:
        sources = self._selected_labels()
        labels = self._gainsight.labels(self._spec.object, sources) if sources else ()
        return Decoder(self.name, columns, self._gainsight.options["csv_null"], labels)

    def _columns(self) -> tuple[Column, ...]:
        """What is asked for: selected columns, what labels are made of, and the keys."""
        always = {*self._spec.keys, self._spec.paging_key, self.replication_key}
        always |= set(self._selected_labels().values())
        return tuple(
            column
            for column in self._spec.columns()
            if column.name in always or self.mask["properties", column.name]
        )

    def _selected_labels(self) -> dict[str, str]:
        return {
            name: source
            for name, source in self._spec.labels().items()
            if self.mask["properties", name]
        }

    def _narrowed(self) -> tuple[Window, Decoder] | None:
        """What is left to ask for when fields have gone from the tenant since discovery."""
        columns = self._columns()
        gone = self._gainsight.gone(self._spec.object, [column.path for column in columns])
        if not gone:
            return None
        self.logger.warning(
            "The tenant no longer has %s of %s: left out. Discover anew to have a catalog "
            "without them",
            ", ".join(sorted(gone)),
            self._spec.object,
        )
        left = tuple(column for column in columns if column.path not in gone)
        window = self._window(self._spec.object, self._spec.paging_key, left)
        return window, self._decoder(left)

    def _incremental_key(self) -> str | None:
        incremental = self.replication_method == REPLICATION_INCREMENTAL
        return self.replication_key if incremental else None

    def _start(self) -> str | None:
        """The second at which an incremental extract begins.

        That is `lookback_seconds` before the bookmark, or `start_date`, whichever of bookmark and
        `start_date` is later.
        """
        if self._incremental_key() is None:
            return None
        state = self.stream_state
        same_key = state.get("replication_key") == self.replication_key
        bookmark = self._moment(state.get("replication_key_value")) if same_key else None
        start_date = self._moment(self.config.get("start_date"))
        back = timedelta(seconds=self._gainsight.options["lookback_seconds"])
        if bookmark and (start_date is None or start_date <= bookmark):
            return (bookmark - back).isoformat("T", "seconds")
        return start_date.isoformat("T", "seconds") if start_date else None

    def _moment(self, value: object) -> datetime | None:
        try:
            moment = datetime.fromisoformat(timestamp(str(value))) if value else None
        except ValueError:
            raise ConfigError(
                f"stream {self.name}: its bookmark, or the setting `start_date`, is no date-time"
            ) from None
        return moment.astimezone(UTC).replace(tzinfo=None) if moment else None

    def _resumed(self) -> Checkpoint | None:
        """The extract that a run before this one left under way, if there is one."""
        try:
            return Checkpoint.from_state(self.stream_state)
        except ValueError:
            self.logger.warning("The state's export cannot be read; it is left")
            return None

    def _save(self, at: Checkpoint) -> None:
        """Write a state that says how far the extract has come."""
        if self._incremental_key() and (at.seen.ordered or at.position.done):
            self._move_bookmark(at.seen.latest, at.began)
        state = self.stream_state
        state.update(at.to_state())
        self._gainsight.save_state()

    def _move_bookmark(self, latest: str, began: str) -> None:
        """Forward to the latest value read, but not past the extract's begin."""
        latest = min(latest, began)
        state = self.stream_state
        present = state.get("replication_key_value")
        if state.get("replication_key") != self.replication_key or not present:
            present = None
        if latest and (present is None or latest > timestamp(str(present))):
            state["replication_key"] = self.replication_key
            state["replication_key_value"] = latest


class DeletedRecordsStream(GainsightStream):
    """What was deleted, from both delete logs (article "Data Management APIs").

    The logs are small and kept for 15 days, so they are always read by query. The bookmark is
    one for both, so it moves when both have been read.
    """

    @override
    def blocks(self) -> Iterator[Block]:
        self._warn_if_late()
        began = ""
        missing: list[str] = []
        for log in DELETE_LOGS:
            columns = self._columns()
            extract = self._gainsight.extract(
                self._window(log, "RecordId", columns),
                self._decoder(columns),
                method=Method.QUERY,
                save=lambda _: None,
                narrow=lambda: None,
                logger=self.logger,
            )
            began = min(began or extract.reading.began, extract.reading.began)
            try:
                if self.ABORT_AT_RECORD_COUNT is not None:
                    yield from extract.sample(self.ABORT_AT_RECORD_COUNT)
                    return
                yield from extract.blocks()
            except RequestError as exc:
                missing += [log]
                absent = isinstance(exc, NotFoundError) or exc.code in UNKNOWN_NAME
                if not absent or extract.reading.progress.rows or len(missing) == len(DELETE_LOGS):
                    raise
                self.logger.warning("This tenant has no %s", log)
            else:
                extract.reading.progress.finished()
        if self._incremental_key():
            # All that was in the logs has been read, be it long ago that anything was deleted.
            self._move_bookmark(began, began)
            self._gainsight.save_state()

    def _warn_if_late(self) -> None:
        bookmark = self.stream_state.get("replication_key_value")
        if not bookmark or self._incremental_key() is None:
            return
        kept_from = datetime.fromtimestamp(self._gainsight.session.clock.now(), UTC) - _LOG_KEPT
        if timestamp(str(bookmark)) < kept_from.isoformat():
            self.logger.error(
                "The bookmark %s is older than the 15 days for which Gainsight keeps its delete "
                "logs: deletions before %s are lost; compare whole tables to find them",
                bookmark,
                kept_from.date(),
            )
