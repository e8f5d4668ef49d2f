"""What the connectors use of the SDK that is not public is there, and is used in few modules."""

from __future__ import annotations

import ast
import importlib
import inspect
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from singer_sdk import Tap, Target
from singer_sdk.plugin_base import SingerCommand

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
BLOCK_STREAM = "tap_gainsight.block_stream"
TAP = "tap_gainsight.tap"
OUTPUT = "tap_gainsight.output"
TARGET = "target_gainsight.target"
PLUGIN = "gainsight_singer.plugin"
CORE = "singer_sdk.streams.core:Stream"
MESSAGES = "singer_sdk.target_base:Target"
ATTRIBUTE = "an attribute"
OF_CLASS = "a property of the class"


class Hook(NamedTuple):
    user: str
    place: str
    form: str
    why: str

    @property
    def name(self) -> str:
        return self.place.replace(":", ".").rpartition(".")[2]


ONE_MESSAGE = "(self, message_dict)"
HOOKS = [
    Hook(
        BLOCK_STREAM,
        f"{CORE}._sync_records",
        "(self, context=None, *, write_messages=True)",
        "it writes whole blocks of records instead of one record after the other",
    ),
    Hook(
        BLOCK_STREAM,
        f"{CORE}._write_starting_replication_value",
        "(self, context)",
        "it comes before the records",
    ),
    Hook(BLOCK_STREAM, f"{CORE}._finalize_state", "(self, state=None)", "it comes after them"),
    Hook(BLOCK_STREAM, f"{CORE}._write_state_message", "(self)", "it comes among and after them"),
    Hook(
        BLOCK_STREAM,
        f"{CORE}._increment_stream_state",
        "(self, latest_record, *, context=None)",
        "bookmarks are moved by pages, so it must do nothing",
    ),
    Hook(BLOCK_STREAM, f"{CORE}._stream_version", ATTRIBUTE, "versions need the SDK's own way"),
    Hook(BLOCK_STREAM, f"{CORE}._tap_input_catalog", ATTRIBUTE, "a catalog's selection is kept"),
    Hook(BLOCK_STREAM, f"{CORE}._metadata", ATTRIBUTE, "hidden properties are deselected once"),
    Hook(BLOCK_STREAM, f"{CORE}._tap", ATTRIBUTE, "the tap has the writer of messages"),
    Hook(
        BLOCK_STREAM,
        "singer_sdk.helpers._util:utc_now",
        "()",
        "records have the time that the SDK gives them",
    ),
    Hook(
        TAP, "singer_sdk.tap_base:Tap.sync_all", "(self)", "one stream's error lets the others end"
    ),
    Hook(
        TAP,
        "singer_sdk.tap_base:Tap._handle_termination",
        "(self, signum, frame)",
        "a stopped run ends with whole lines, and not as if all were done",
    ),
    Hook(
        OUTPUT,
        "singer_sdk.singerlib.encoding.simple:SimpleSingerWriter.write_message",
        "(self, message)",
        "no line is left half written",
    ),
    Hook(
        OUTPUT,
        "singer_sdk.singerlib.encoding.simple:SimpleSingerWriter.format_message",
        "(self, message)",
        "lines are those of the SDK",
    ),
    Hook(
        TARGET, f"{MESSAGES}._process_schema_message", ONE_MESSAGE, "it warns of what is not sent"
    ),
    Hook(
        TARGET, f"{MESSAGES}._process_record_message", ONE_MESSAGE, "records are kept as JSON text"
    ),
    Hook(TARGET, f"{MESSAGES}._process_state_message", ONE_MESSAGE, "STATE waits for its records"),
    Hook(
        TARGET,
        f"{MESSAGES}._process_activate_version_message",
        ONE_MESSAGE,
        "nothing is removed for not being in the input",
    ),
    Hook(TARGET, f"{MESSAGES}._process_batch_message", ONE_MESSAGE, "files are read line by line"),
    Hook(
        TARGET,
        f"{MESSAGES}._handle_max_record_age",
        "(self)",
        "import jobs are not spent on tiny files",
    ),
    Hook(TARGET, f"{MESSAGES}._sinks_active", ATTRIBUTE, "a drained sink is replaced"),
    Hook(
        TARGET,
        "singer_sdk.plugin_base:BaseSingerReader.listen",
        "(self, file_input=None)",
        "a run ends with its summary",
    ),
    Hook(
        TARGET,
        f"{MESSAGES}._handle_termination",
        "(self, signum, frame)",
        "what is being loaded is not acknowledged (https://github.com/meltano/sdk/issues/3775)",
    ),
    Hook(
        TARGET,
        f"{MESSAGES}._assert_sink_exists",
        "(self, stream_name)",
        "a record before its schema is the SDK's error",
    ),
    Hook(
        TARGET,
        "singer_sdk.plugin_base:BaseSingerReader._assert_line_requires",
        "(self, message_dict, requires)",
        "a message that lacks something is the SDK's error",
    ),
    Hook(
        TARGET,
        "singer_sdk.helpers._batch:StorageTarget.split_url",
        "(url)",
        "it finds the files that BATCH messages name",
    ),
    Hook(
        TARGET, "singer_sdk.helpers._batch:StorageTarget.from_url", "(url)", "it opens those files"
    ),
    Hook(
        TARGET,
        "singer_sdk.helpers._batch:StorageTarget.open",
        "(self, filename, mode='rb')",
        "it opens those files",
    ),
    Hook(
        PLUGIN,
        "singer_sdk.configuration._dict_config:parse_environment_config",
        "(config_schema, prefix, dotenv_path=None)",
        "settings from the environment are read as text, to name those that are wrong",
    ),
    Hook(
        PLUGIN,
        "singer_sdk.helpers._classproperty:classproperty",
        "(fget=None, fset=None, fdel=None, doc=None)",
        "`_env_var_config` is one",
    ),
    Hook(
        PLUGIN,
        "singer_sdk.plugin_base:PluginBase._env_var_config",
        OF_CLASS,
        "settings from the environment are read as text, to name those that are wrong",
    ),
    Hook(
        PLUGIN,
        "singer_sdk.plugin_base:PluginBase._env_var_prefix",
        OF_CLASS,
        "it begins the variables' names",
    ),
    Hook(
        PLUGIN,
        "singer_sdk.plugin_base:PluginBase._validate_config",
        "(self, *, raise_errors=True)",
        "settings are made ready before they are checked",
    ),
    Hook(
        PLUGIN,
        "singer_sdk.plugin_base:PluginBase._config",
        ATTRIBUTE,
        "settings are made ready before they are checked",
    ),
]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: f"{hook.user}-{hook.name}")
def test_the_sdk_has_what_is_used_of_it(hook: Hook) -> None:
    found = form_of(hook.place)
    assert found == hook.form, (
        f"{hook.user} uses {hook.place} as {hook.form}, because {hook.why}; "
        f"in singer-sdk {version('singer-sdk')} it is {found}."
    )


def test_the_sdk_ends_its_commands_with_the_class_that_is_replaced() -> None:
    for base in (Tap, Target):
        plugin: Any = type("Named", (base,), {"name": "named"})
        command = type(plugin.get_singer_command())
        assert command is SingerCommand, (
            f"{PLUGIN} gives the command of a plugin another class, because errors are one line "
            f"each; in singer-sdk {version('singer-sdk')} it is a {command.__name__} before."
        )


MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for package in ("gainsight_singer", "tap_gainsight", "target_gainsight")
    for path in sorted((ROOT / package).rglob("*.py"))
    if not path.stem.startswith("__")
]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_uses_nothing_private_of_the_sdk_but_what_is_listed(module: str) -> None:
    places = [hook.place.partition(":")[2] for hook in HOOKS if hook.user == module]
    unlisted = set(used_in(module)) - {name for place in places for name in place.split(".")}
    assert not unlisted, f"only {BLOCK_STREAM}, {TAP}, {TARGET} and {PLUGIN} use such things"


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: f"{hook.user}-{hook.name}")
def test_what_is_listed_is_used(hook: Hook) -> None:
    assert hook.name in (ROOT / f"{hook.user.replace('.', '/')}.py").read_text()


def form_of(place: str) -> str:
    """How something is in the SDK: a signature without types, or what else it is."""
    module, _, path = place.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for name in path.split("."):
            owner, found = found, inspect.getattr_static(found, name, None)
    except ModuleNotFoundError:
        return "not there"
    if isinstance(found, property):
        return OF_CLASS
    if found is None or not (callable(found) or isinstance(found, classmethod | staticmethod)):
        return ATTRIBUTE if name in private_names(owner) else "not there"
    signature = inspect.signature(getattr(owner, name))
    bare = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in signature.parameters.values()
    ]
    return str(inspect.Signature(bare))


def used_in(module: str) -> Iterator[str]:
    """What a module imports from private modules, and its classes take of their SDK bases."""
    loaded = importlib.import_module(module)
    for node in ast.walk(ast.parse(inspect.getsource(loaded))):
        if isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
            yield from (name for name in names if is_private(f"{node.module}.{name}"))
        elif isinstance(node, ast.ClassDef):
            ours = getattr(loaded, node.name)
            hidden = {name for base in ours.__mro__ for name in private_names(base)}
            for part in ast.walk(node):
                name = getattr(part, "attr", getattr(part, "name", ""))
                if name in hidden:
                    yield name


def is_private(module: str) -> bool:
    return module.startswith("singer_sdk.") and "._" in module


@cache
def private_names(owner: Any) -> frozenset[str]:
    """The private names of an SDK class, its attributes' too, and its final methods."""
    if not (isinstance(owner, type) and owner.__module__.startswith("singer_sdk.")):
        return frozenset()
    set_on_self = {
        node.attr
        for node in ast.walk(ast.parse(inspect.getsource(owner)))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    names = {*vars(owner), *inspect.get_annotations(owner), *set_on_self}
    final = {name for name in vars(owner) if getattr(vars(owner)[name], "__final__", False)}
    return frozenset({n for n in names if n.startswith("_") and not n.startswith("__")} | final)
