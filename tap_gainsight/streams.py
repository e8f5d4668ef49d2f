"""The Singer side: streams of the SDK over extracts, their bookmarks and checkpoints."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk import Stream
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL, MetadataMapping
from typing_extensions import override

from gainsight_api.datatypes import timestamp
from gainsight_api.errors import ConfigError, NotFoundError
from tap_gainsight.catalog import DELETE_LOGS, StreamSpec
from tap_gainsight.cursor import Position, Tracker, Window
from tap_gainsight.extract import Checkpoint, Extract, Method
from tap_gainsight.pages import Column, Decoder, Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_gainsight.tap import TapGainsight

_EXPORT_STATE = (
    "export_job_id",
    "export_status_url",
    "export_submitted_at",
    "export_request",
    "export_began",
    "export_position",
    "export_seen",
    "export_chunks_done",
)


_LOG_KEPT = timedelta(days=15)


class GainsightStream(Stream):
    """The records of one object."""

    # Values are made fit as they are read; to walk every record again would cost a third more.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

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
    def get_records(self, context: Any) -> Iterator[Record]:
        extract = self._extract()
        if self.ABORT_AT_RECORD_COUNT is not None:
            yield from extract.sample(self.ABORT_AT_RECORD_COUNT)
            return
        yield from extract.records()
        extract.progress.finished()

    def _extract(self) -> Extract:
        key = self._spec.keys[0] if len(self._spec.keys) == 1 else None
        window = self._window(self._spec.object, key)
        options = self._gainsight.options
        return self._gainsight.extract(
            window,
            self._decoder(),
            method=Method(options["extract_method"]),
            save=self._save,
            logger=self.logger,
            resumed=self._resumed(),
        )

    def _window(self, object_name: str, key: str | None) -> Window:
        return Window(
            object=object_name,
            fields=tuple(column.path for column in self._selected()),
            key=key,
            replication_key=self._incremental_key(),
            start=self._start(),
            zone=self._gainsight.zone,
        )

    def _decoder(self) -> Decoder:
        return Decoder(self.name, self._selected(), self._gainsight.options["csv_null"])

    def _selected(self) -> tuple[Column, ...]:
        """What is asked for: selected columns, the keys and the replication key."""
        always = {*self._spec.keys, self.replication_key}
        return tuple(
            column
            for column in self._spec.columns()
            if column.name in always or self.mask["properties", column.name]
        )

    def _incremental_key(self) -> str | None:
        incremental = self.replication_method == REPLICATION_INCREMENTAL
        return self.replication_key if incremental else None

    def _start(self) -> str | None:
        """The second at which an incremental extract begins, `lookback_seconds` early."""
        value = self.get_starting_replication_key_value(None)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(timestamp(str(value)))
        except ValueError:
            raise ConfigError(
                f"stream {self.name}: its bookmark, or the setting `start_date`, is no date-time"
            ) from None
        bookmarked = bool(self.stream_state.get("replication_key_value"))
        back = timedelta(seconds=self._gainsight.options["lookback_seconds"] if bookmarked else 0)
        return (moment - back).astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat()

    def _resumed(self) -> Checkpoint | None:
        """The extract that a run before this one left under way, if there is one."""
        state = self.stream_state
        if not state.get("export_position"):
            return None
        try:
            return Checkpoint(
                position=msgspec.json.decode(state["export_position"], type=Position),
                seen=msgspec.json.decode(state["export_seen"], type=Tracker),
                chunks_done=int(state["export_chunks_done"]),
                job_id=state.get("export_job_id"),
                status_url=state.get("export_status_url"),
                submitted_at=state.get("export_submitted_at"),
                request=state.get("export_request"),
                began=str(state.get("export_began") or ""),
            )
        except (msgspec.DecodeError, KeyError, TypeError, ValueError):
            self.logger.warning("The state's export cannot be read; it is left")
            return None

    def _save(self, at: Checkpoint) -> None:
        """Write a state that says how far the extract has come."""
        if self._incremental_key() and (at.seen.ordered or at.position.done):
            self._move_bookmark(at.seen.latest, at.began)
        state = self.stream_state
        if at.request is not None and not at.position.done:
            state.update(_export_state(at))
        else:
            state.update({name: None for name in _EXPORT_STATE if name in state})
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


def _export_state(at: Checkpoint) -> dict[str, Any]:
    """The checkpoint as flat scalars, which survive being merged into a state."""
    return {
        "export_job_id": at.job_id,
        "export_status_url": at.status_url,
        "export_submitted_at": at.submitted_at,
        "export_request": at.request,
        "export_began": at.began,
        "export_position": msgspec.json.encode(at.position).decode(),
        "export_seen": msgspec.json.encode(at.seen).decode(),
        "export_chunks_done": at.chunks_done,
    }


class DeletedRecordsStream(GainsightStream):
    """What was deleted, from both delete logs (article "Data Management APIs").

    The logs are small and kept for 15 days, so they are always read by query. The bookmark is
    one for both, so it moves when both have been read.
    """

    @override
    def get_records(self, context: Any) -> Iterator[Record]:
        self._warn_if_late()
        latest = began = ""
        for log in DELETE_LOGS:
            window = self._window(log, "RecordId")
            extract = self._gainsight.extract(
                window,
                self._decoder(),
                method=Method.QUERY,
                save=lambda _: None,
                logger=self.logger,
            )
            began = min(began or extract.began, extract.began)
            try:
                if self.ABORT_AT_RECORD_COUNT is not None:
                    yield from extract.sample(self.ABORT_AT_RECORD_COUNT)
                    return
                for record in extract.records():
                    latest = max(latest, record["DeletedOn"])
                    yield record
            except NotFoundError:
                self.logger.info("This tenant has no %s", log)
            else:
                extract.progress.finished()
        self._move_bookmark(latest, began)
        self._gainsight.save_state()

    def _warn_if_late(self) -> None:
        bookmark = self.get_starting_replication_key_value(None)
        if not bookmark:
            return
        kept_from = datetime.fromtimestamp(self._gainsight.session.clock.now(), UTC) - _LOG_KEPT
        if timestamp(str(bookmark)) < kept_from.isoformat():
            self.logger.error(
                "The bookmark %s is older than the 15 days for which Gainsight keeps its delete "
                "logs: deletions before %s are lost; compare whole tables to find them",
                bookmark,
                kept_from.date(),
            )
