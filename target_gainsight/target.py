"""The target: hands messages to the streams' loads, and STATE back when it is true.

What is used here of the SDK (0.54) that is not public, and only here:

- `_process_schema_message`, `_process_record_message`, `_process_state_message`,
  `_process_activate_version_message`, `_process_batch_message`: the SDK decodes, checks and copies
  every record by itself, and knows no dead letters. A public handler for each kind of message
  would do.
- `_handle_max_record_age`: its own drains all streams after five minutes, which would spend import
  jobs on tiny files. A public hook that is asked what is due would do.
- `_sinks_active`: a sink with other keys must be drained before it is replaced, and a sink is given
  its load; `get_sink` and `add_sink` do neither. A public factory of sinks would do.
- `_handle_termination`: its own drains what is already being drained, and acknowledges it
  (https://github.com/meltano/sdk/issues/3775). The end of that issue would do.
- `listen`: final, and what it does is a run, which has an end to tell. That `process_endofpipe` is
  called also after an error would do.
- `_assert_line_requires`, `_assert_sink_exists`: the SDK's own errors for bad input.
- `helpers._batch.StorageTarget`: opens files elsewhere that BATCH messages name. Its place in the
  public `singer_sdk.batch` would do.
"""

from __future__ import annotations

import copy
from contextlib import suppress
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk import Target
from singer_sdk.exceptions import MapExpressionError, StreamMapConfigError
from singer_sdk.helpers._batch import StorageTarget
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities
from singer_sdk.mapper import SameRecordTransform
from typing_extensions import override

from gainsight_api.errors import ConfigError
from gainsight_singer.plugin import GainsightPlugin
from gainsight_singer.words import one_line
from target_gainsight.incoming.batch_files import batch_records, local_path
from target_gainsight.incoming.mapped import transformed
from target_gainsight.incoming.reader import MessageReader
from target_gainsight.incoming.reading import Reading
from target_gainsight.loading.order import Order
from target_gainsight.outcomes.pending_states import OldestPending, PendingStates
from target_gainsight.outcomes.state_output import write_state
from target_gainsight.settings import CONFIG_SCHEMA, TargetSettings
from target_gainsight.sinks import GainsightSink, SharedSchema
from target_gainsight.wiring import Received, Wiring

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager
    from types import FrameType

    from singer_sdk.sinks import Sink

    from gainsight_api.quota import Quota
    from target_gainsight.loading.stream_load import StreamLoad
    from target_gainsight.outcomes.problems import Problem

_SECONDS_BETWEEN_LOOKS = 1.0
"""Between two looks at the age of all batches, of which there may be thousands."""


class TargetGainsight(GainsightPlugin, Target):
    """Singer target for Gainsight CS: REST writes and bulk import jobs."""

    name = "target-gainsight"
    package_name = "singer-gainsight"
    # The SDK adds its own settings to this one.
    config_jsonschema: ClassVar[dict[str, Any]] = copy.deepcopy(dict(CONFIG_SCHEMA))
    message_reader_class = MessageReader
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    @classmethod
    @override
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        # Without the SDK's load_method, validate_records and add_record_metadata: records are
        # converted to Gainsight's data types, and its objects have no columns for metadata.
        super(Target, cls).append_builtin_config(config_jsonschema)

    @cached_property
    def settings(self) -> TargetSettings:
        """The settings, typed."""
        return TargetSettings.from_config(self.config)

    @cached_property
    def _wiring(self) -> Wiring:
        return Wiring(self.settings, self.this_run)

    @override
    def quotas(self) -> Sequence[Quota]:
        return self._wiring.quotas if "_wiring" in vars(self) else ()

    @override
    def collect(self) -> None:
        if "_wiring" in vars(self):
            self._wiring.tally.collect()

    @override  # type: ignore[misc]  # final, but nothing comes after it
    def listen(self, file_input: IO[str] | None = None) -> None:
        """Read messages and load their records; the run ends with its summary."""
        with self.ending.after(), self._reading.said():
            super().listen(file_input)

    @cached_property
    def _reading(self) -> Reading:
        return Reading(self.clock, self.logger)

    @cached_property
    def _pending_states(self) -> PendingStates:
        return PendingStates((lambda _: None) if self.settings.dry_run else write_state)

    @cached_property
    def _oldest_pending(self) -> OldestPending:
        return OldestPending()

    # Messages

    @override
    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        stream = message_dict["stream"]
        self._received = Received(
            stream, message_dict.get("key_properties") or (), message_dict["schema"]["properties"]
        )
        if not self.config.get("stream_maps"):  # they may give streams other names
            self._wiring.expect(message_dict.get("arrived", ()))
            if not self.config.get("flattening_enabled"):  # it changes properties' schemas
                schema = SharedSchema(message_dict["schema"])
                message_dict = {**message_dict, "schema": schema}
        try:
            super()._process_schema_message(message_dict)
        except (MapExpressionError, StreamMapConfigError) as exc:
            raise ConfigError(f"stream {stream}: its entry in `stream_maps`: {exc}") from None
        for stream_map in self.mapper.stream_maps[message_dict["stream"]]:
            sink = self._sinks_active.get(stream_map.stream_alias)
            if isinstance(sink, GainsightSink):
                sink.stream_load.properties.check(list(stream_map.transformed_schema["properties"]))

    @override
    def get_sink(
        self,
        stream_name: str,
        *,
        record: dict[str, Any] | None = None,
        schema: dict[str, Any] | None = None,
        key_properties: Sequence[str] | None = None,
    ) -> Sink:
        """The sink of a stream; one with other keys takes the place of a drained one."""
        if schema is None:
            return self._sinks_active[stream_name]
        existing = self._sinks_active.get(stream_name)
        if existing is not None:
            if list(existing.key_properties) == list(key_properties or ()):
                return existing  # properties are found by name, whatever the schema says of them
            if isinstance(existing, GainsightSink):
                self._drain(self._order().one(existing.stream_load))
            existing.clean_up()
            del self._sinks_active[stream_name]
        load = self._wiring.stream_load(
            stream_name,
            tuple(key_properties or ()),
            received=self._received,
            on_progress=self._write_confirmed_state,
            logger=self.logger.getChild(stream_name),
        )
        sink = GainsightSink(self, stream_name, schema, key_properties, load)
        sink.setup()
        self._sinks_active[stream_name] = sink
        return sink

    @override
    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        self._process_records(
            message_dict["stream"], message_dict["records"], message_dict.get("problems", ())
        )

    def _process_records(
        self,
        stream: str,
        records: Sequence[bytes],
        problems: tuple[Problem, ...] = (),
    ) -> None:
        self._reading.received(stream, len(records))
        maps = self.mapper.stream_maps.get(stream)
        if maps is None:
            self._assert_sink_exists(stream)
        for stream_map in maps or ():
            if type(stream_map) is SameRecordTransform and not stream_map.flattening_enabled:
                self._receive(stream_map.stream_alias, records, problems)
                continue
            for record in records:
                text, odd = transformed(stream_map, record, problems)
                if text:
                    self._receive(stream_map.stream_alias, [text], odd, received=[record])

    def _receive(
        self,
        stream: str,
        records: Sequence[bytes],
        problems: tuple[Problem, ...],
        received: Sequence[bytes] | None = None,
    ) -> None:
        sink = self._sinks_active.get(stream)
        if not isinstance(sink, GainsightSink):
            self._assert_sink_exists(stream)
            raise TypeError("a sink of another kind")
        load = sink.stream_load
        while records:
            room = load.room
            some = records if len(records) <= room else records[:room]
            load.receive(some, self._pending_states.records(len(some)), problems, received)
            self._oldest_pending.watch(load)
            if len(some) == room:
                self._drain(self._order().due_when_full(load))
            records = records[len(some) :]
        self._handle_max_record_age()

    @override
    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        self._assert_line_requires(message_dict, requires={"value"})
        self._pending_states.state(message_dict["value"])
        self._handle_max_record_age()
        self._write_confirmed_state()

    @override
    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        if not self._warned_of_versions:
            self._warned_of_versions = True
            self.logger.warning(
                "ACTIVATE_VERSION is ignored: no record is removed for not being in the input"
            )

    _warned_of_versions = False

    @override
    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        self._assert_line_requires(message_dict, requires={"stream", "encoding", "manifest"})
        for records, problems in batch_records(message_dict, _open_file):
            self._process_records(message_dict["stream"], records, problems)

    # Draining

    @override
    def process_endofpipe(self) -> None:
        """Load what is left; the run fails here if too many records were rejected."""
        self._drain(self._order().everything())
        for sink in self._sinks_active.values():
            sink.clean_up()
        self._write_confirmed_state()
        for line in self._wiring.dry_run_report():
            click.echo(one_line(line), err=True)

    @override
    def _handle_max_record_age(self) -> None:
        now = self.clock.now()
        if now >= self._next_look_at_age:
            self._drain(self._order().due_by_age(now))
            self._next_look_at_age = self.clock.now() + _SECONDS_BETWEEN_LOOKS

    _next_look_at_age = 0.0

    def _drain(self, plan: Iterable[tuple[StreamLoad, int]]) -> None:
        """Load batches, each up to a record, one after the other."""
        load = None
        for load, up_to in plan:
            sink = self._sinks_active[load.route.stream]
            with sink.batch_processing_timer, self._reading.interrupted():
                records = load.drain(up_to)
            sink.record_counter_metric.increment(records)
        if load is not None:
            self._wiring.tally.check()

    def _order(self) -> Order[StreamLoad]:
        return Order(self._loads())

    def _loads(self) -> list[StreamLoad]:
        sinks = self._sinks_active.values()
        return [sink.stream_load for sink in sinks if isinstance(sink, GainsightSink)]

    def _write_confirmed_state(self) -> None:
        """Write the newest STATE whose records are all confirmed or dead-lettered."""
        self._pending_states.done(self._oldest_pending.number)

    # The end by a signal

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        # Whatever is under way is not acknowledged: the SDK's handler would load once more what
        # is being loaded, write the STATE of it, and end as if all were well.
        with suppress(RuntimeError):  # it may have come while a line of the log is being written
            self.logger.warning(
                "Stopped by a signal; what the last STATE does not cover comes in the next run"
            )
        raise SystemExit(128 + signum)


def _open_file(url: str) -> AbstractContextManager[IO[bytes]]:
    if path := local_path(url):
        return path.open("rb")
    folder, name = StorageTarget.split_url(url)
    return StorageTarget.from_url(folder).open(name, mode="rb")
