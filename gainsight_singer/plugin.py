"""What the tap and the target have in common as plugins of the Singer SDK.

What is used here of the SDK that is not public, why, and what would let it go:

- `PluginBase._env_var_config`, `_env_var_prefix`, `configuration._dict_config` and
  `helpers._classproperty`: a number in an environment variable that is none must be an error that
  names the setting. That the SDK itself names it would do.
- `PluginBase._validate_config`, `_config`: text is made numbers before the settings are checked. A
  public hook between reading settings and checking them would do.
- The class of the command that `get_singer_command` returns is replaced, so that a user's mistake
  ends in one line. A public setting of the command's class would do.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.exceptions import (
    ConfigurationError,
    ConfigValidationError,
    MapExpressionError,
    RecordsWithoutSchemaException,
    StreamMapConfigError,
)
from singer_sdk.helpers import capabilities
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.plugin_base import PluginBase, SingerCommand
from singer_sdk.singerlib.exceptions import InvalidInputLine
from typing_extensions import override

from gainsight_api.clock import Clock, SystemClock
from gainsight_api.errors import ConfigError, GainsightError
from gainsight_singer.cli import OneLineErrors
from gainsight_singer.config import coerced, environment, numbers_as_text, unknown_settings
from gainsight_singer.ending import Ending
from gainsight_singer.given_files import check_config_files
from gainsight_singer.run import Run, RunClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

    from gainsight_api.quota import Quota

SDK_SETTINGS = frozenset(
    name
    for constant, config in vars(capabilities).items()
    if constant.endswith("_CONFIG")
    for name in config["properties"]
)
"""The settings that the SDK has for one kind of plugin or another, used here or not."""


class Command(OneLineErrors, SingerCommand):
    """A plugin's command: an error in its settings or its input is the user's, and one line."""

    user_errors: ClassVar[tuple[type[Exception], ...]] = (
        GainsightError,
        ConfigurationError,
        InvalidInputLine,
        MapExpressionError,
        RecordsWithoutSchemaException,
        StreamMapConfigError,
    )


class GainsightPlugin(PluginBase):
    """A plugin whose errors are one line each, and name the setting that is wrong, not its value.

    It comes before the SDK's own class among a plugin's bases.

    Attributes:
        clock: Time.
    """

    clock: ClassVar[Clock] = SystemClock()

    @classmethod
    def _settings_schema(cls) -> dict[str, Any]:
        """The schema of all settings, those of the SDK among them."""
        cls.append_builtin_config(cls.config_jsonschema)
        return cls.config_jsonschema

    @classproperty
    @override
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805 - a property of the class
        schema = environment(cls._settings_schema(), cls._env_var_prefix)
        return parse_environment_config(numbers_as_text(schema), cls._env_var_prefix)

    @classmethod
    def environment_settings(cls) -> dict[str, Any]:
        """The settings that environment variables hold, or a file `.env`; not checked yet.

        Raises:
            ConfigError: A list or an object is not JSON; the error names its variable.
        """
        return dict(cls._env_var_config)

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        schemas = self._settings_schema()["properties"]
        self._config, mistakes = coerced(self._config, schemas)
        for unknown in unknown_settings(self._config, schemas, SDK_SETTINGS):
            if unknown.near:
                mistakes.append(str(unknown))
            else:
                self.logger.warning("%s", unknown)
        missing = self._missing_settings()
        mistakes += missing.values()
        try:
            errors = super()._validate_config(raise_errors=raise_errors)
        except ConfigValidationError as exc:
            errors = exc.errors
        mistakes += [error for error in errors if error not in missing]
        if mistakes and raise_errors:
            raise ConfigError("; ".join(mistakes))
        return mistakes

    def _missing_settings(self) -> dict[str, str]:
        """What is said of each setting that has to be there and is not, by what the SDK says."""
        return {
            f"'{name}' is a required property": f"setting `{name}` is missing: it is read from the "
            f"file that --config names, or from the variable {self._env_var_prefix}{name.upper()}"
            for name in self.config_jsonschema["required"]
            if name not in self._config
        }

    @cached_property
    def this_run(self) -> Run:
        """What this run does, written down."""
        return Run(self.name, RunClock(self.clock))

    @cached_property
    def ending(self) -> Ending:
        """How this run ends."""
        return Ending(
            run=self.this_run,
            quotas=self.quotas,
            collect=self.collect,
            user_errors=Command.user_errors,
            logger=self.logger,
            report_path=self.config.get("report_path"),
        )

    def quotas(self) -> Sequence[Quota]:
        """What pays for the run's calls; nothing before the first call."""
        return ()

    def collect(self) -> None:
        """Write down what the run has counted elsewhere."""

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        check_config_files(value)
        return super().cb_config(ctx, param, value)

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        """The SDK's command, ending as `OneLineErrors` does."""
        command = super().get_singer_command()
        command.__class__ = Command
        return command
