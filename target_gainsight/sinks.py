"""What the SDK sees of a stream's load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.sinks import Sink
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk import Target

    from target_gainsight.loading.stream_load import StreamLoad


class SharedSchema(dict[str, Any]):
    """A stream's JSON Schema whose properties have schemas that nothing changes.

    The SDK takes deep copies of each stream's schema, which cost more than all else of a stream;
    those of this one share the schemas of its properties.
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> SharedSchema:
        return SharedSchema(self, properties={**self["properties"]})


class GainsightSink(Sink):
    """Holds the stream's load; the target hands it the records, and decides when it is drained.

    Args:
        target: The target.
        stream_name: The stream's name.
        schema: The stream's JSON Schema.
        key_properties: The stream's own key properties.
        stream_load: What loads the stream.
    """

    def __init__(
        self,
        target: Target,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
        stream_load: StreamLoad,
    ) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        self.stream_load = stream_load

    @override
    def get_validator(self) -> None:
        """None: values are converted to Gainsight's own data types."""

    @property
    @override
    def include_sdc_metadata_properties(self) -> bool:
        return False

    @override
    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        raise NotImplementedError("records are handed to `stream_load` as JSON text")

    @override
    def process_batch(self, context: dict[str, Any]) -> None:
        raise NotImplementedError("the target drains `stream_load`, in the order of all streams")
