"""A stream of the SDK that writes whole blocks of records where nothing is to be done to each."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from singer_sdk import Stream
from singer_sdk.helpers._util import utc_now
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib.encoding.simple import SimpleSingerWriter
from typing_extensions import override

from tap_gainsight.records.lines import lines, mapped_lines

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tap_gainsight.records.block import Block, Record
    from tap_gainsight.tap import TapGainsight


class BlockStream(Stream):
    """A stream whose records come in blocks.

    The SDK takes records one by one, and most of a sync's time would go into that. It is left to
    it only where records are counted one by one, or written otherwise than by its plain writer.
    """

    # Values are made fit as they are read; to walk every record again would cost a third more.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    _tap: TapGainsight

    @abstractmethod
    def blocks(self) -> Iterator[Block]:
        """The stream's records."""

    @override
    def get_records(self, context: Any) -> Iterator[Record]:
        for block in self.blocks():
            yield from block.records()

    @override
    def _sync_records(
        self, context: Any = None, *, write_messages: bool = True
    ) -> Generator[Record]:
        if context is not None or not write_messages or self._needs_records():
            yield from super()._sync_records(context, write_messages=write_messages)
            return
        with self.get_record_counter() as counter, self.get_sync_timer() as timer:
            counter.with_context({})
            timer.with_context({})
            self._write_starting_replication_value(None)
            written = 0
            for block in self.blocks():
                self._write_block(block)
                counter.increment(block.rows)
                due = self.STATE_MSG_FREQUENCY - written % self.STATE_MSG_FREQUENCY
                written += block.rows
                if block.rows >= due:
                    self._write_state_message()
        self._finalize_state(self.stream_state)
        self._write_state_message()

    def _needs_records(self) -> bool:
        """Whether the SDK must have the records one by one."""
        return (
            not self.selected
            or bool(self.partitions or self.child_streams)
            or self.ABORT_AT_RECORD_COUNT is not None
            or self._stream_version is not None
            or type(self._tap.message_writer) is not SimpleSingerWriter
        )

    def _write_block(self, block: Block) -> None:
        """Write the block's messages, and if a map fails on a record, those before it."""
        shown = block.only({name for name in block.names if self.mask["properties", name]})
        self.state_manager.is_flushed = False
        if self._maps_nothing(shown):
            self._tap.write_lines(lines(self.name, shown, utc_now()))
            return
        for text in mapped_lines(shown, self.stream_maps, utc_now()):
            self._tap.write_lines(text)

    def _maps_nothing(self, block: Block) -> bool:
        """Whether the records are written as they are: the flattening of flat ones is nothing."""
        maps, names = self.stream_maps, dict.fromkeys(block.names)
        return (
            [type(each) for each in maps] == [SameRecordTransform]
            and maps[0].stream_alias == self.name
            and list(maps[0].flatten_record(names)) == list(names)
        )
