"""The target: messages to streams' loadings, and STATE back when it is true."""

from __future__ import annotations

import copy
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk import Target
from singer_sdk.helpers.capabilities import (
    CapabilitiesEnum,
    PluginCapabilities,
)
from singer_sdk.mapper import SameRecordTransform
from typing_extensions import override

from gainsight_api.clock import Clock, SystemClock
from gainsight_api.connect import connect
from gainsight_api.datatypes import json_decoder
from gainsight_api.settings import CONNECTION_SETTINGS, ConnectionSettings, with_defaults
from gainsight_singer.plugin import GainsightPlugin
from target_gainsight.incoming.batch_files import batch_lines
from target_gainsight.incoming.reader import MessageReader, record_in
from target_gainsight.pending_states import Checkpoints
from target_gainsight.problems import Problem
from target_gainsight.rows.values import Unfit, as_json
from target_gainsight.settings import CONFIG_SCHEMA, TARGET_SETTINGS
from target_gainsight.sinks import GainsightSink
from target_gainsight.wiring import Assembly

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import FrameType

    from singer_sdk.sinks import Sink

    from gainsight_api.session import Session
    from target_gainsight.stream_load import StreamLoad

_decode = json_decoder().decode
_HELD_AT_MOST = 300.0


class TargetGainsight(GainsightPlugin, Target):
    """Singer target for Gainsight CS: REST writes and bulk import jobs."""

    name = "target-gainsight"
    package_name = "singer-gainsight"
    # The SDK adds its own settings to this one.
    config_jsonschema: ClassVar[dict[str, Any]] = copy.deepcopy(dict(CONFIG_SCHEMA))
    default_sink_class = GainsightSink
    message_reader_class = MessageReader
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    clock: ClassVar[Clock] = SystemClock()

    @classmethod
    @override
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        # Without the SDK's load_method, validate_records and add_record_metadata: records are
        # made fit by Gainsight's data types, and its objects have no columns for metadata.
        super(Target, cls).append_builtin_config(config_jsonschema)

    @cached_property
    def options(self) -> Mapping[str, Any]:
        """The target's own settings, defaults filled in."""
        return with_defaults(self.config, TARGET_SETTINGS)

    @cached_property
    def session(self) -> Session:
        """The tenant's session."""
        return connect(ConnectionSettings.from_config(self.config), clock=self.clock)

    @cached_property
    def _assembly(self) -> Assembly:
        connection = with_defaults(self.config, CONNECTION_SETTINGS)
        return Assembly(connection, self.options, self.session)

    @cached_property
    def _checkpoints(self) -> Checkpoints:
        return Checkpoints((lambda _: None) if self.options["dry_run"] else _write_state)

    def stream_load(self, stream: str, key_properties: tuple[str, ...]) -> StreamLoad:
        """The loading of a stream, as the settings say."""
        return self._assembly.stream_load(
            stream, key_properties, self._confirmed, self.logger.getChild(stream)
        )

    # Messages

    @override
    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        super()._process_schema_message(message_dict)
        for stream_map in self.mapper.stream_maps[message_dict["stream"]]:
            sink = self._sinks_active.get(stream_map.stream_alias)
            if isinstance(sink, GainsightSink):
                sink.warn_of_left_out(list(stream_map.transformed_schema["properties"]))

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
        existing = self._sinks_active.get(stream_name)
        if schema is None or existing is None:
            return super().get_sink(stream_name, schema=schema, key_properties=key_properties)
        if list(existing.key_properties) == list(key_properties or ()):
            return existing  # properties are looked up by name, whatever the schema says of them
        self._drain([load for load in self._loads() if load.pending])
        existing.clean_up()
        del self._sinks_active[stream_name]
        return self.add_sink(stream_name, schema, key_properties)

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
        maps = self.mapper.stream_maps.get(stream)
        if maps is None:
            self._assert_sink_exists(stream)
        for stream_map in maps or ():
            if type(stream_map) is SameRecordTransform and not stream_map.flattening_enabled:
                self._receive(stream_map.stream_alias, records, problems)
                continue
            for record in records:
                text, odd = _transformed(stream_map, record, problems)
                if text:
                    self._receive(stream_map.stream_alias, [text], odd)

    def _receive(
        self,
        stream: str,
        records: Sequence[bytes],
        problems: tuple[Problem, ...],
    ) -> None:
        self._assert_sink_exists(stream)
        sink = self._sinks_active[stream]
        if not isinstance(sink, GainsightSink):
            raise TypeError("a sink of another kind")
        load = sink.load
        while records:
            some, records = records[: load.room], records[load.room :]
            load.receive(some, self._checkpoints.records(len(some)), problems)
            if not load.room:
                self._drain_full(load)
        self._handle_max_record_age()

    @override
    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        self._assert_line_requires(message_dict, requires={"value"})
        self._checkpoints.state(message_dict["value"])
        self._handle_max_record_age()
        self._confirmed()

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
        for line in batch_lines(message_dict):
            record, problems = record_in(line)
            self._process_records(message_dict["stream"], [record], problems)

    # Draining

    @override
    def process_endofpipe(self) -> None:
        """Load what is left; the run fails here if too many records were rejected."""
        self._drain([load for load in self._loads() if load.pending])
        for sink in self._sinks_active.values():
            sink.clean_up()
        self._confirmed()
        for line in self._assembly.plan():
            click.echo(line, err=True)

    @override
    def _handle_max_record_age(self) -> None:
        """Load what has waited for some minutes, but for what would cost an import job."""
        now = self.session.clock.now()
        self._drain(
            load
            for load in self._loads()
            if load.pending and load.goes_by_rest and now - load.opened_at >= _HELD_AT_MOST
        )

    def _drain_full(self, full: StreamLoad) -> None:
        """Load a full batch, and before it what would else hold its STATE back at no gain.

        These are batches of streams that seem to have ended, and those that cost no import job.
        """
        begun = full.first or 0
        self._drain(
            load
            for load in self._loads()
            if load is full or (load.pending and (load.last < begun or load.goes_by_rest))
        )

    def _drain(self, loads: Iterable[StreamLoad]) -> None:
        """Load batches one after the other, in the order in which they were begun."""
        sinks = {id(sink.load): sink for sink in self._gainsight_sinks()}
        for load in sorted(loads, key=lambda load: load.first or 0):
            sink, records = sinks[id(load)], load.pending
            with sink.batch_processing_timer:
                load.drain()
            sink.record_counter_metric.increment(records)
        self._assembly.check_rejects()

    def _gainsight_sinks(self) -> list[GainsightSink]:
        return [sink for sink in self._sinks_active.values() if isinstance(sink, GainsightSink)]

    def _loads(self) -> list[StreamLoad]:
        return [sink.load for sink in self._gainsight_sinks()]

    def _confirmed(self) -> None:
        """Write the newest STATE whose records are all confirmed or dead-lettered."""
        self._checkpoints.done(
            min((load.first for load in self._loads() if load.first is not None), default=None)
        )

    # The end by a signal

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        # Whatever is under way is not acknowledged: the SDK's handler would load once more what
        # is being loaded, write the STATE of it, and end as if all were well.
        self.logger.warning(
            "Stopped by a signal; what is not covered by the last STATE comes again in the next run"
        )
        raise SystemExit(128 + signum)


def _transformed(
    stream_map: Any, record: bytes, problems: tuple[Problem, ...]
) -> tuple[bytes, tuple[Problem, ...]]:
    """A record as a stream map changes it; empty if it is left out."""
    if problems:
        return record, problems
    changed = stream_map.transform(_decode(record))
    if changed is None:
        return b"", ()
    try:
        return as_json(changed).encode(), ()
    except Unfit as exc:
        return record, (Problem(exc.code, str(exc)),)


def _write_state(value: bytes) -> None:
    sys.stdout.write(value.decode() + "\n")
    sys.stdout.flush()
