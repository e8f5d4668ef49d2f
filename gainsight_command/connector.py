"""Whose settings a command goes by: the tap's or the target's, read as the connector reads them."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from gainsight_api.errors import ConfigError
from gainsight_singer.given_files import check_config_files
from tap_gainsight.tap import TapGainsight
from target_gainsight.target import TargetGainsight

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gainsight_singer.plugin import GainsightPlugin

ENVIRONMENT = "ENV"
"""In place of a file: the environment's variables, as the Singer SDK has it."""

P = TypeVar("P", bound="GainsightPlugin")


def chosen(
    *, tap: bool, target: bool, files: Sequence[str]
) -> type[TapGainsight | TargetGainsight]:
    """The connector that the options name; else the one whose variables are set.

    Raises:
        ConfigError: Neither tells.
    """
    if tap and target:
        raise ConfigError("give one of --tap and --target, not both")
    if tap or target:
        return TapGainsight if tap else TargetGainsight
    if any(file != ENVIRONMENT for file in files):
        raise ConfigError("give --tap or --target, to say whose settings the config file holds")
    found = [each for each in (TapGainsight, TargetGainsight) if _is_set(each)]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError("variables of both connectors are set: give --tap or --target")
    raise ConfigError(
        "there are no settings: give --tap or --target with --config FILE, or set "
        "TAP_GAINSIGHT_DOMAIN or TARGET_GAINSIGHT_DOMAIN"
    )


def _is_set(connector: type[GainsightPlugin]) -> bool:
    return "domain" in connector.environment_settings()


def tap_of(files: Sequence[str], **given: Any) -> TapGainsight:
    """The tap, with its settings checked.

    Args:
        files: What `--config` names.
        **given: Its catalog and state. With `setup_mapper` it looks for its streams, which takes
            calls unless there is a catalog.
    """
    given = {"setup_mapper": False, **given}
    return _made(TapGainsight, config_of(TapGainsight, files), **given)


def connector_of(
    connector: type[TapGainsight | TargetGainsight], files: Sequence[str]
) -> TapGainsight | TargetGainsight:
    """A connector, with its settings checked; it makes no call yet."""
    if connector is TapGainsight:
        return tap_of(files)
    return _made(TargetGainsight, config_of(TargetGainsight, files))


def target_of(connector: type[TargetGainsight], config: dict[str, Any]) -> TargetGainsight:
    """A target of these settings, checked; it makes no call yet."""
    return _made(connector, config)


def config_of(connector: type[GainsightPlugin], files: Sequence[str]) -> dict[str, Any]:
    """The settings of files and variables, not checked yet; the later file counts.

    Without a file, the variables count.

    Raises:
        ConfigError: A file is not a JSON object, or a variable not the JSON that it has to be.
    """
    check_config_files(files)
    config: dict[str, Any] = {}
    for file in files:
        if file != ENVIRONMENT:
            config |= json.loads(Path(file).read_text(encoding="utf-8").removeprefix("\ufeff"))
    if not files or ENVIRONMENT in files:
        config |= connector.environment_settings()
    return config


def _made(connector: type[P], config: dict[str, Any], **given: Any) -> P:
    """A connector, without its handlers of signals: a command ends as any other program."""
    main = threading.current_thread() is threading.main_thread()
    numbers = (signal.SIGINT, signal.SIGTERM) if main else ()
    before = {number: signal.getsignal(number) for number in numbers}
    plugin = connector(config=config, **given)
    for number, handler in before.items():
        signal.signal(number, handler)
    return plugin
