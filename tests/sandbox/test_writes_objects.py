from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from gainsight_sandbox import DataType, Field, custom_object, read_objects
from gainsight_sandbox.command.cli import main
from tests.sandbox.writing import Writer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sandbox.conftest import Rig

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
    ["{", "[]x", '[{"name": "a__gc"}]', '{"name": "a__gc", "fields": [{"nam": "x"}]}', "[1]"],
)
def test_a_file_that_makes_no_sense_is_refused_by_name(tmp_path: Path, content: str) -> None:
    path = declared(tmp_path, content)
    with pytest.raises(ValueError, match=r"objects\.json"):
        read_objects(path)
    result = CliRunner().invoke(main, ["run", "--object-schema", str(path), "--", "true"])
    assert result.exit_code == 2
    assert "objects.json" in result.output


def test_an_id_is_writable_unless_it_is_the_objects_key(rig: Rig) -> None:
    schema = custom_object("order__gc", Field("id"), Field("Total__gc", DataType.NUMBER))
    _, client = rig.demo(demo=False, objects=[schema])
    assert Writer(client).insert({"id": "1"}).data["records"][0]["id"] == "1"
    described = client.get("v1/meta/services/objects/order__gc/describe").json()["data"][0]
    updateable = {field["fieldName"]: field["meta"]["updateable"] for field in described["fields"]}
    assert updateable == {
        "Gsid": False,
        "id": True,
        "Total__gc": True,
        "CreatedDate": False,
        "CreatedBy": False,
        "ModifiedDate": False,
        "ModifiedBy": False,
    }


def test_an_empty_tenant_has_the_demo_objects_and_reference_data(rig: Rig) -> None:
    full, _ = rig.demo(rows={"company": 3})
    empty, client = rig.demo(empty=True, rows={"company": 2})
    assert empty.tenant.schemas.keys() == full.tenant.schemas.keys()
    assert {name: count for name, count in empty.tenant.counts().items() if count} == {
        "company": 2,
        "gsuser": 60,
        "relationship_type": 4,
    }
    assert len(client.records("company", ["Name"])) == 2


def test_the_command_line_has_it_all(tmp_path: Path) -> None:
    script = """
import os, requests
url = os.environ["TARGET_GAINSIGHT_DOMAIN"]
counts = requests.get(url + "/sandbox/counts").json()["data"]
assert counts["company"] == 0 and counts["bare__gc"] == 0 and counts["gsuser"] == 60, counts
reply = requests.post(
    url + "/v1.0/admin/connector/job/bulkimport",
    headers={"accesskey": "bulk"}, data={"jobId": "J1"}, files={"file": ("a.csv", "Name\\na\\n")},
)
assert reply.status_code == 200, reply.text
"""
    options = ["--empty", "--object-schema", str(declared(tmp_path, DECLARED))]
    options += ["--bulk-access-key", "bulk", "--data-job", "J1=company:UPSERT:Name"]
    command = [sys.executable, "-m", "gainsight_sandbox", "run", *options, "--"]
    done = subprocess.run([*command, sys.executable, "-c", script], check=False, env=os.environ)
    assert done.returncode == 0


@pytest.mark.parametrize("text", ["J1", "J1=company", "=company:INSERT", "J1=company:UPSERT"])
def test_a_wrong_data_job_is_one_clear_error(text: str) -> None:
    result = CliRunner().invoke(main, ["run", "--data-job", text, "--", "true"])
    assert result.exit_code == 2
    assert "Error" in result.output
