from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from gainsight_sandbox import read_objects
from gainsight_sandbox.command.cli import main

if TYPE_CHECKING:
    from pathlib import Path

DECLARED = [
    {
        "name": "Order__gc",
        "label": "An order",
        "highVolume": True,
        "fields": [
            {"name": "Name", "required": True, "length": 20},
            {"name": "Total__gc", "dataType": "CURRENCY", "decimalPlaces": 5},
            {"name": "State__gc", "dataType": "PICKLIST", "options": ["Open", "Closed"]},
            {
                "name": "Kind__gc",
                "dataType": "PICKLIST",
                "options": [{"label": "Old", "value": "1I00OLD", "active": False}],
            },
            {"name": "Buyer__gc", "dataType": "LOOKUP", "lookup": "company"},
        ],
    },
    {"name": "bare__gc", "systemFields": False, "fields": [{"name": "id"}]},
]


def declared(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "objects.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_objects_are_declared_in_a_file(tmp_path: Path) -> None:
    order, bare = read_objects(declared(tmp_path, DECLARED))
    assert (order.name, order.label, order.high_volume) == ("order__gc", "An order", True)
    assert [field.name for field in order.fields] == [
        "Gsid",
        "Name",
        "Total__gc",
        "State__gc",
        "Kind__gc",
        "Buyer__gc",
        "CreatedDate",
        "CreatedBy",
        "ModifiedDate",
        "ModifiedBy",
    ]
    state = order.field("State__gc")
    assert state is not None
    assert [(option.label, len(option.value)) for option in state.options] == [
        ("Open", 36),
        ("Closed", 36),
    ]
    assert state.category_id is not None
    assert [field.name for field in bare.fields] == ["id"]
    (single,) = read_objects(declared(tmp_path, DECLARED[1]))
    assert single == bare


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]x",
        '[{"name": "a__gc"}]',
        '{"name": "a__gc", "fields": [{"nam": "x"}]}',
        "[1]",
        '{"name": "a__gc", "fields": [{"name": "x"}, {"name": "X"}]}',
    ],
)
def test_a_file_that_makes_no_sense_is_refused_by_name(tmp_path: Path, content: str) -> None:
    path = declared(tmp_path, content)
    with pytest.raises(ValueError, match=r"objects\.json"):
        read_objects(path)
    result = CliRunner().invoke(main, ["run", "--object-schema", str(path), "--", "true"])
    assert result.exit_code == 2
    assert "objects.json" in result.output


def test_an_object_may_be_closed_to_readers_and_writers(tmp_path: Path) -> None:
    file = tmp_path / "objects.json"
    file.write_text('{"name": "a__gc", "fields": [], "readable": false, "createable": false}')
    [found] = read_objects(file)
    assert (found.readable, found.createable) == (False, False)
