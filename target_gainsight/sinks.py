"""The SDK's view of a stream's loading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.sinks import Sink
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_gainsight.stream_load import StreamLoad
    from target_gainsight.target import TargetGainsight


class GainsightSink(Sink):
    """Hands what it gets to the stream's loading; the target decides when that is drained."""

    def __init__(
        self,
        target: TargetGainsight,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
    ) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        self.load: StreamLoad = target.stream_load(stream_name, tuple(self.key_properties))
        self.warned: set[str] = set()

    @override
    def get_validator(self) -> None:
        """None: values are made fit by Gainsight's own data types."""

    @property
    @override
    def include_sdc_metadata_properties(self) -> bool:
        return False

    @override
    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        raise NotImplementedError("records are handed to the stream's loading as JSON text")

    @override
    def process_batch(self, context: dict[str, Any]) -> None:
        self.load.drain()

    def warn_of_left_out(self, properties: Sequence[str]) -> None:
        """Say once which properties are not sent, because the object has no such field."""
        left_out = [
            name
            for name in self.load.planner.mapping.left_out(properties)
            if name not in self.warned
        ]
        if left_out:
            self.warned.update(left_out)
            self.logger.warning(
                "Not sent, because the object %s has no such field or it cannot be written: %s",
                self.load.route.object.name,
                ", ".join(left_out),
            )
