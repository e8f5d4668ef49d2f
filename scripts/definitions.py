"""Write what the connectors' settings say elsewhere, too: hub/, meltano.yml, and docs' tables.

`python scripts/definitions.py` writes the files; with `--check` it only says which are out of date.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml

from tap_gainsight.settings import CONFIG_SCHEMA as TAP_SCHEMA
from tap_gainsight.tap import TapGainsight
from target_gainsight.settings import CONFIG_SCHEMA as TARGET_SCHEMA
from target_gainsight.settings import TARGET_SETTINGS
from target_gainsight.target import TargetGainsight

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REPOSITORY = PROJECT["urls"]["Homepage"]
HUB_ONLY = ("variant", "description", "docs", "repo", "keywords", "select")
HERE = """\
# Of this clone. Elsewhere it is the clone's path, or a git+https URL as in hub/.
    pip_url: -e ."""
# Meltano cannot hand on a decimal that comes from the environment, so a number with a fraction is
# text to it, and a number again to the connector.
KINDS = {"number": "string"}
TABLE = re.compile(r"(\| setting \| default \| meaning \|\n\|---\|---\|---\|\n)(?:\|.*\n)+")
COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "tap": {
        "check": (
            "check --tap",
            "Checks host, credential, clock, quota store, rights and settings",
        ),
        "quota": ("quota --tap", "Shows how far each limit is used, without a call"),
        "plan": ("plan --tap", "Says what a sync would cost in calls, jobs and minutes"),
    },
    "target": {
        "check": (
            "check --target",
            "Checks host, credential, clock, quota store, rights and settings",
        ),
        "quota": ("quota --target", "Shows how far each limit is used, without a call"),
        "rejects": ("rejects", "The rejected records; with list, show or replay after it"),
    },
}
DESCRIPTIONS = {
    "tap": "Takes a Gainsight CS tenant's objects out, by the Query API and by bulk export jobs.",
    "target": "Puts records into a Gainsight CS tenant, by REST calls and by bulk import jobs.",
}


class Folded(str):
    """A text of several lines in YAML."""

    __slots__ = ()


class OneLine(list[Any]):
    """A list on one line in YAML."""


class Dumper(yaml.SafeDumper):
    """Writes YAML as people do."""


Dumper.add_representer(
    Folded, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style=">")
)
Dumper.add_representer(
    OneLine,
    lambda dumper, items: dumper.represent_sequence(
        "tag:yaml.org,2002:seq", items, flow_style=True
    ),
)


def setting(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A setting as Meltano declares it."""
    types = schema.get("type", "string")
    kind = types if isinstance(types, str) else types[0]
    choices = dict.fromkeys(str(each) for each in schema.get("enum", ()) if each is not None)
    if choices:
        kind = "options"
    elif schema.get("format") == "date-time":
        kind = "date_iso8601"
    found: dict[str, Any] = {
        "name": name,
        "kind": KINDS.get(kind, kind),
        "label": schema["title"],
        "description": Folded(schema["description"]),
    }
    if schema.get("secret"):
        found["sensitive"] = True
    if schema.get("default") is not None:
        found["value"] = schema["default"]
    if choices:
        found["options"] = [{"label": each.capitalize(), "value": each} for each in choices]
    return found


def definition(kind: str) -> dict[str, Any]:
    """A plugin as a hub declares it; `kind` is tap or target."""
    plugin = TapGainsight if kind == "tap" else TargetGainsight
    schema = TAP_SCHEMA if kind == "tap" else TARGET_SCHEMA
    return {
        "name": f"{kind}-gainsight",
        "variant": PROJECT["name"],
        "namespace": f"{kind}_gainsight",
        "label": "Gainsight CS",
        "description": DESCRIPTIONS[kind],
        "docs": f"{REPOSITORY}/blob/main/docs/{kind}.md",
        "repo": REPOSITORY,
        "pip_url": f"git+{REPOSITORY}",
        "executable": f"{kind}-gainsight",
        "keywords": ["api", "customer success", "gainsight", "meltano_sdk"],
        "commands": {
            name: {"args": arguments, "executable": "gainsight", "description": description}
            for name, (arguments, description) in COMMANDS[kind].items()
        },
        "capabilities": [each.value for each in plugin.capabilities],
        **({"select": ["*.*"]} if kind == "tap" else {}),
        "settings_group_validation": [
            OneLine(["domain", "access_key"]),
            OneLine(["domain", "oauth_client_id", "oauth_client_secret"]),
        ],
        "settings": [setting(name, each) for name, each in schema["properties"].items()],
    }


def dump(content: object) -> str:
    """As YAML."""
    return yaml.dump(content, Dumper=Dumper, sort_keys=False, width=96, allow_unicode=True)


def entry(kind: str) -> str:
    """A plugin's entry of meltano.yml."""
    found = {name: each for name, each in definition(kind).items() if name not in HUB_ONLY}
    text = dump([{**found, "pip_url": "-e ."}])
    text = "".join(f"  {line}" for line in text.splitlines(keepends=True))
    return text.replace("pip_url: -e .", HERE)


def meltano_yml(text: str) -> str:
    """With both plugins' entries as they are now."""
    for kind in ("tap", "target"):
        old = re.compile(
            rf"^  - name: {kind}-gainsight\n    namespace:(?:.*\n)*?(?=^  \S)", re.MULTILINE
        )
        text = old.sub(lambda _, kind=kind: entry(kind), text, count=1)
    return text


def table(text: str, settings: dict[str, Any], required: tuple[str, ...] = ()) -> str:
    """A document with its first table of settings as they are now."""
    rows = []
    for name, schema in settings.items():
        default = schema.get("default")
        shown = str(default).lower() if isinstance(default, bool) else default
        cell = "secret" if schema.get("secret") and "writeOnly" in schema else ""
        cell = f"`{shown}`" if default is not None else "required" if name in required else cell
        rows.append(f"| `{name}` | {cell} | {schema['description'].replace('|', 'or')} |\n")
    return TABLE.sub(lambda found: found[1] + "".join(rows), text, count=1)


def contents() -> dict[Path, str]:
    """Each file with what it should hold."""
    meltano, tap, target = (
        ROOT / name for name in ("meltano.yml", "docs/tap.md", "docs/target.md")
    )
    return {
        ROOT / "hub/extractors/tap-gainsight.yml": dump(definition("tap")),
        ROOT / "hub/loaders/target-gainsight.yml": dump(definition("target")),
        meltano: meltano_yml(meltano.read_text()),
        tap: table(tap.read_text(), TAP_SCHEMA["properties"], TAP_SCHEMA["required"]),
        target: table(target.read_text(), dict(TARGET_SETTINGS)),
    }


def main() -> int:
    """Write the files, or with `--check` name those that are out of date; the status is then 1."""
    old = {
        path: text
        for path, text in contents().items()
        if not path.exists() or path.read_text() != text
    }
    if "--check" in sys.argv:
        for path in old:
            print(f"{path.relative_to(ROOT)} is out of date: make definitions")
        return 1 if old else 0
    for path, text in old.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        print(f"{path.relative_to(ROOT)} is written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
