"""The JSON files of a command line: read, or one line that names the file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gainsight_api.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence


def given_json(text: str, what: str) -> Any:
    """What a file holds.

    Args:
        text: The file's content.
        what: The file, for an error: "the state file state.json".

    Raises:
        ConfigError: It is not JSON, or nothing that can be handled.
    """
    try:
        return json.loads(text.removeprefix("\ufeff"), parse_constant=_refused)
    except RecursionError:
        raise ConfigError(f"{what} is nested too deep to be read") from None
    except json.JSONDecodeError as exc:
        raise ConfigError(f"{what} is not JSON: {exc.msg} in line {exc.lineno}") from None
    except ValueError:  # NaN, or a number of thousands of digits
        raise ConfigError(f"{what} holds a number that cannot be read") from None


def check_config_files(paths: Sequence[str]) -> None:
    """Check the files of `--config`, before the SDK merges them.

    Raises:
        ConfigError: One is not a JSON object.
    """
    for path in paths:
        if path == "ENV":
            continue
        what = f"the config file {path}"
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8"
            raise ConfigError(f"{what} cannot be read: {reason}") from None
        if not isinstance(given_json(text, what), dict):
            raise ConfigError(f"{what} holds no settings: it must be a JSON object")


def is_text(value: Any) -> bool:
    """Whether all texts of a JSON value, names among them, can be written anywhere.

    NUL cannot, nor half of a surrogate pair, which is also what bytes of a variable become that are
    not UTF-8.
    """
    if isinstance(value, dict):
        return all(map(is_text, [*value, *value.values()]))
    if isinstance(value, list):
        return all(map(is_text, value))
    return not isinstance(value, str) or _no_text(value) is None


_no_text = re.compile("[\0\ud800-\udfff]").search


def _refused(constant: str) -> None:
    raise ValueError(constant)
