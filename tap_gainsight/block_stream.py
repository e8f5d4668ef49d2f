"""A stream of the SDK that writes whole blocks of records where nothing is to be done to each.

What is used of the SDK that is not public, why, and what would let it go (this module and `tap`
are the only ones of the tap that do):

- `Stream._sync_records`: the SDK takes records one by one, and most of a sync's time would go into
  that. A public hook for batches of records would do. It is also where one stream's error is kept
  until the others are done; `Stream.sync` is final.
- `Stream._write_starting_replication_value`, `_finalize_state`, `_write_state_message`: what
  `_sync_records` does around the records.
- `Stream._increment_stream_state`: bookmarks move by pages, and not by records, as the SDK has it.
- `Stream._stream_version`, `_tap_input_catalog`, `_metadata`, `_tap`: read only; there is no public
  way to ask for them.
- `singer_sdk.helpers._util.utc_now`: the very time that the SDK writes.
- `Tap.sync_all` (final) and `Tap._handle_termination`: see `tap`.
"""

from __future__ import annotations

from abc import abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from singer_sdk import Stream
from singer_sdk.helpers._util import utc_now
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib.json import serialize_json
from typing_extensions import override

from gainsight_api.errors import (
    AuthError,
    ConfigError,
    DataError,
    GainsightError,
    RateLimitedError,
)
from gainsight_api.quota import QuotaExhaustedError
from gainsight_singer.failed_maps import is_of_a_map, property_of, reason_of
from tap_gainsight.batch_files import BatchFiles
from tap_gainsight.output import LineWriter, OutputError
from tap_gainsight.records.lines import UnwritableValueError, lines, mapped_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Sequence

    from singer_sdk.singerlib.catalog import MetadataMapping

    from tap_gainsight.batch_settings import BatchSettings
    from tap_gainsight.records.block import Block, Column, Record

_STOPS_THE_RUN = (AuthError, ConfigError, OutputError, QuotaExhaustedError, RateLimitedError)
"""Errors that every other stream would meet as well."""


class BlockStream(Stream):
    """A stream whose records come in blocks.

    Attributes:
        error: What ended its sync before its end, if anything did.
        hidden: Properties that are not selected unless a catalog says so.
        batches: What files its records are written to; None for RECORD messages.
        left_out: How many records of the last block no stream map has let through.
    """

    # Values are made fit as they are read; to walk every record again would cost a third more.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    error: GainsightError | None = None
    hidden: Collection[str] = ()
    batches: BatchSettings | None = None
    left_out: int = 0
    _files: BatchFiles | None = None
    _last_columns: tuple[Column, ...] = ()
    _shown: Collection[str] = ()
    _is_plain: bool = True

    @property
    @override
    def metadata(self) -> MetadataMapping:
        fresh = self._metadata is None
        metadata = super().metadata
        if fresh and self._tap_input_catalog is None:
            for name in self.hidden:
                entry = metadata["properties", name]
                if entry.inclusion != entry.InclusionType.AUTOMATIC:
                    entry.selected_by_default = False
        return metadata

    @abstractmethod
    def blocks(self) -> Iterator[Block]:
        """The stream's records."""

    @override
    def get_records(self, context: Any) -> Iterator[Record]:
        for block in self.blocks():
            yield from block.records()

    @override
    def _increment_stream_state(self, latest_record: Any, *, context: Any = None) -> None:
        """Nothing: the bookmark is moved by pages, not by records."""

    @override
    def _sync_records(
        self, context: Any = None, *, write_messages: bool = True
    ) -> Generator[Record]:
        writer = self._tap.message_writer
        try:
            plain = context is None and write_messages and not self._needs_records()
            if plain and isinstance(writer, LineWriter):
                self._sync_blocks(writer)
                return
            yield from super()._sync_records(context, write_messages=write_messages)
        except GainsightError as exc:
            self._end_with(exc, write_messages=write_messages)
        except Exception as exc:
            if not (is_of_a_map(exc) or isinstance(exc, UnwritableValueError)):
                raise
            where = f", at the property {name}" if (name := property_of(exc)) else ""
            text = f"stream {self.name}: {reason_of(exc)}{where}: mend it in `stream_maps`"
            self._end_with(DataError(text), write_messages=write_messages)

    def _end_with(self, error: GainsightError, *, write_messages: bool) -> None:
        """Let the other streams finish, unless they would meet the error as well."""
        testing = self.ABORT_AT_RECORD_COUNT is not None
        if isinstance(error, _STOPS_THE_RUN) or testing or not write_messages:
            raise error
        self.error = error
        self.logger.error("%s; going on with the other streams", error)

    def _sync_blocks(self, writer: LineWriter) -> None:
        with (
            self.get_record_counter() as counter,
            self.get_sync_timer() as timer,
            self._files_named(writer),
        ):
            counter.with_context({})
            timer.with_context({})
            self._write_starting_replication_value(None)
            written = 0
            for block in self.blocks():
                self._write_block(block, writer)
                counter.increment(block.rows)
                due = self.STATE_MSG_FREQUENCY - written % self.STATE_MSG_FREQUENCY
                written += block.rows
                if block.rows >= due:
                    self._write_state_message()
        self._finalize_state(self.stream_state)
        self._write_state_message()

    @contextmanager
    def _files_named(self, writer: LineWriter) -> Iterator[None]:
        """Write files if so set, each named by a BATCH message before the STATE that covers it."""
        self._files = BatchFiles(self.batches, self.name) if self.batches else None
        writer.before_state = self._name_files
        try:
            yield
            self._name_files()
        except GainsightError:
            self._name_files()  # the records before an error are out in either form
            raise
        finally:
            writer.before_state = lambda: None
            if self._files:
                self._files.discard()

    def _name_files(self) -> None:
        """Complete the files that are begun, and write their BATCH message."""
        urls = self._files.finish() if self._files else []
        writer = self._tap.message_writer
        if urls and self.batches and isinstance(writer, LineWriter):
            encoding = {"format": self.batches.format, "compression": self.batches.compression}
            message = {"type": "BATCH", "stream": self.name, "encoding": encoding, "manifest": urls}
            writer.output.write(serialize_json(message) + "\n")

    def _needs_records(self) -> bool:
        """Whether the SDK must have the records one by one."""
        return (
            not self.selected
            or bool(self.partitions or self.child_streams)
            or self.ABORT_AT_RECORD_COUNT is not None
            or self._stream_version is not None
        )

    def _write_block(self, block: Block, writer: LineWriter) -> None:
        """Write the block's messages, and if a map fails on a record, those before it."""
        if block.columns != self._last_columns:
            self._look_at(block)
        shown = block.only(self._shown)
        self.state_manager.is_flushed = False
        if self._files and not self._is_plain:
            self._leave_files()
        if self._files:
            self._files.add(shown)
        elif self._is_plain:
            writer.output.write(lines(self.name, shown, utc_now()))
        else:
            self.left_out = block.rows
            for text in mapped_lines(shown, self.stream_maps, utc_now()):
                writer.output.write(text)
                self.left_out = max(self.left_out - text.count("\n"), 0)

    def _look_at(self, block: Block) -> None:
        """Note what is written of blocks with these columns, which mostly are those of all."""
        keys, names = self.primary_keys or (), block.names
        self._last_columns = block.columns
        self._shown = {name for name in names if name in keys or self.mask["properties", name]}
        self._is_plain = self._maps_nothing([name for name in names if name in self._shown])

    def _leave_files(self) -> None:
        """Go on with RECORD messages."""
        self._name_files()
        self._files = None
        self.logger.warning(
            "stream %s: stream maps, or flattening, change its records: they go out as RECORD "
            "messages, and not in files as `batch_config` has it",
            self.name,
        )

    def _maps_nothing(self, names: Sequence[str]) -> bool:
        """Whether records with these properties are written as they are.

        The flattening of flat ones is nothing.
        """
        maps = self.stream_maps
        return (
            [type(each) for each in maps] == [SameRecordTransform]
            and maps[0].stream_alias == self.name
            and list(maps[0].flatten_record(dict.fromkeys(names))) == list(names)
        )
