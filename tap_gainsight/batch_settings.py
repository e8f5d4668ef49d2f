"""The setting `batch_config`, in the shape that the Singer SDK gives it."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gainsight_api.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

BATCH_CONFIG: Mapping[str, Any] = {
    "type": ["object", "null"],
    "properties": {
        "encoding": {
            "type": ["object", "null"],
            "properties": {
                "format": {"type": ["string", "null"], "enum": ["jsonl", "parquet", None]},
                "compression": {"type": ["string", "null"], "enum": ["gzip", "none", None]},
            },
        },
        "storage": {
            "type": ["object", "null"],
            "properties": {
                "root": {"type": ["string", "null"]},
                "prefix": {"type": ["string", "null"]},
            },
        },
    },
    "title": "Batch configuration",
    "description": "Write records to files, and name these in BATCH messages: encoding (format "
    "jsonl or parquet, compression gzip or none) and storage (root, a folder of this machine, "
    "and prefix, how the files' names begin).",
}
"""Its JSON Schema."""

GZIP_LEVEL = 1
"""Files are a sixth larger than with level 6, and take two thirds of the time."""


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """How records are written to files.

    Attributes:
        format: jsonl or parquet.
        compression: gzip or none.
        folder: Where the files go.
        prefix: How their names begin.
    """

    format: str
    compression: str
    folder: Path
    prefix: str

    @classmethod
    def read(cls, config: Mapping[str, Any] | None) -> BatchSettings | None:
        """Read the setting; None if there is none.

        Raises:
            ConfigError: It lacks what it must have, or names what this machine does not have.
        """
        if not config:
            return None
        encoding, storage = config.get("encoding") or {}, config.get("storage") or {}
        file_format, root = encoding.get("format"), storage.get("root")
        if not file_format or not root:
            lacking = "storage.root" if file_format else "encoding.format"
            raise ConfigError(f"setting `batch_config` lacks its {lacking}")
        if file_format == "parquet" and importlib.util.find_spec("pyarrow") is None:
            raise ConfigError(
                "setting `batch_config`: its encoding.format parquet needs the extra `parquet`: "
                "install singer-gainsight[parquet]"
            )
        compression = encoding.get("compression") or "gzip"
        return cls(file_format, compression, _folder(root), storage.get("prefix") or "")


def _folder(root: str) -> Path:
    """The folder that is meant by a path or a file URL; as the SDK reads it, `%` means itself."""
    scheme, separator, path = root.partition("://")
    if separator and scheme != "file":
        raise ConfigError(
            "setting `batch_config`: its storage.root must be a folder of this machine, such as "
            f"file:///var/batches; {scheme} is not supported"
        )
    return Path(path if separator else root).absolute()
