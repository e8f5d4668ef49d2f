"""The setting `streams`: streams of a user's own, with fields, filters and keys of their choice."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gainsight_api.errors import ConfigError
from gainsight_api.filters.build import UserFilter, parse_user_filter
from tap_gainsight.catalog.spec import (
    StreamSpec,
    is_time,
    keys_of,
    name_of,
    replication_key_of,
    schema_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gainsight_api.objects.metadata import Field, GainsightObject
    from tap_gainsight.catalog.objects import Objects


@dataclass(frozen=True, slots=True)
class StreamSetting:
    """An entry of the setting, as it is written."""

    name: str
    object_name: str
    fields: tuple[str, ...] | None = None
    filter: Mapping[str, Any] | None = None
    replication_key: str | None = None
    primary_keys: tuple[str, ...] | None = None
    extract_method: str | None = None

    @classmethod
    def read(cls, entries: Iterable[Mapping[str, Any]] | None) -> dict[str, StreamSetting]:
        """The entries by the streams' names.

        Raises:
            ConfigError: Two have one name.
        """
        settings = [
            cls(
                name=entry.get("name") or entry["object"],
                object_name=entry["object"],
                fields=_tuple(entry.get("fields")),
                filter=entry.get("filter") or None,
                replication_key=entry.get("replication_key"),
                primary_keys=_tuple(entry.get("primary_keys")),
                extract_method=entry.get("extract_method"),
            )
            for entry in entries or ()
        ]
        counts = Counter(setting.name for setting in settings)
        if twice := [name for name, count in counts.items() if count > 1]:
            raise ConfigError(f"setting `streams`: the name {twice[0]} is there twice")
        return {setting.name: setting for setting in settings}

    def error(self, text: object) -> ConfigError:
        """An error of this entry."""
        return ConfigError(f"{self._place}: {text}")

    def user_filter(self, data_types: Mapping[str, str]) -> UserFilter | None:
        """The filter, checked against the operators of its fields' data types.

        Raises:
            ConfigError: It is wrong.
        """
        return parse_user_filter(self.filter, data_types, self._place) if self.filter else None

    @property
    def _place(self) -> str:
        return f"setting `streams`, stream {self.name}"


def _tuple(names: Sequence[str] | None) -> tuple[str, ...] | None:
    return tuple(names) if names else None


def spec_for(
    setting: StreamSetting,
    found: GainsightObject,
    objects: Objects,
    *,
    include_lookup_names: bool,
    include_picklist_labels: bool,
) -> StreamSpec:
    """The stream of an object as an entry describes it; what the entry leaves out is the object's.

    Raises:
        ConfigError: The entry names what the object does not have.
    """
    own = setting.replication_key
    replication_key = _resolved(setting, found, objects, own)[0] if own else None
    replication_key = replication_key or replication_key_of(found)
    named = setting.primary_keys or keys_of(found)
    keys = tuple(_resolved(setting, found, objects, path)[0] for path in named)
    fields = _fields(setting, found, objects, include_lookup_names=include_lookup_names)
    for path in (*keys_of(found), *keys, *([replication_key] if replication_key else [])):
        fields.setdefault(path, _field(setting, found, objects, path))
    if replication_key and not is_time(found.fields.get(replication_key)):
        raise setting.error(f"its replication key {replication_key} is no DATETIME field of it")
    conditions = (setting.filter or {}).get("conditions") or ()
    names = [str(condition.get("name") or "") for condition in conditions]
    data_types = {name: _field(setting, found, objects, name).data_type for name in names}
    keys = tuple(map(name_of, keys))
    return StreamSpec(
        name=setting.name,
        object=found.name,
        schema=schema_of(fields, keys, include_picklist_labels=include_picklist_labels),
        keys=keys,
        replication_key=name_of(replication_key) if replication_key else None,
        hidden=frozenset(
            path for path, field in fields.items() if field.hidden and setting.fields is None
        ),
        filter=setting.user_filter(data_types),
        extract_method=setting.extract_method,
    )


def _fields(
    setting: StreamSetting,
    found: GainsightObject,
    objects: Objects,
    *,
    include_lookup_names: bool,
) -> dict[str, Field]:
    if setting.fields is not None:
        return dict(_resolved(setting, found, objects, path) for path in setting.fields)
    behind = objects.lookup_names(found) if include_lookup_names else {}
    return {**found.fields, **behind}


def _field(
    setting: StreamSetting,
    found: GainsightObject,
    objects: Objects,
    path: str,
) -> Field:
    return _resolved(setting, found, objects, path)[1]


def _resolved(
    setting: StreamSetting, found: GainsightObject, objects: Objects, path: str
) -> tuple[str, Field]:
    """A path as the tenant spells it, and its field."""
    resolved = objects.resolve(found, path)
    if resolved is None:
        raise setting.error(f"the object {found.name} has no field {path!r}")
    return resolved
