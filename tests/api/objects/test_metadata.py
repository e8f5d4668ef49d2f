from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import AuthError, DataError, NotFoundError, ServerError
from gainsight_api.objects.metadata import (
    Field,
    GainsightObject,
    LookupTarget,
    Metadata,
    ObjectSummary,
    Option,
)
from gainsight_sandbox import DataType, ObjectSchema
from gainsight_sandbox import Field as SandboxField
from gainsight_sandbox import Option as SandboxOption
from tests.api.conftest import Connect, MakeTenant, Reply, Server, enveloped, ok

if TYPE_CHECKING:
    from gainsight_api.calls.session import Session
    from gainsight_sandbox import Sandbox

NOT_FOUND = enveloped({"result": False, "title": "OBJECT_NOT_FOUND"}, 404)
REFUSED = enveloped({"result": False, "errorCode": "GSOBJ_1008", "errorDesc": "471147114711"}, 400)


@pytest.fixture
def metadata(session: Session) -> Metadata:
    return Metadata(session)


def described(*names: str) -> Reply:
    return ok([{"objectName": name, "fields": [{"fieldName": "Gsid"}]} for name in names])


def field(metadata: Metadata, server: Server, **item: Any) -> Field:
    """How a field of a describe reply is read."""
    server.answers(ok([{"objectName": "company", "fields": [{"fieldName": "F", **item}]}]))
    return metadata.describe(["company"])["company"].fields["F"]


def wide(tenant: MakeTenant, number: int) -> tuple[Sandbox, list[str]]:
    """A tenant of many objects."""
    sandbox = tenant(demo=False)
    names = [f"object_{n}__gc" for n in range(number)]
    for name in names:
        sandbox.tenant.add_object(ObjectSchema(name, (SandboxField("Gsid", DataType.GSID),)))
    return sandbox, names


# The list of objects.


def test_objects_are_listed_in_the_apis_order(metadata: Metadata, server: Server) -> None:
    server.answers(
        ok(
            [
                {
                    "objectName": "company",
                    "label": "Company",
                    "objectType": "STANDARD",
                    "keyPrefix": "1P02",
                    "readable": True,
                    "createable": True,
                },
                {"objectName": "a__gc", "label": None, "readable": False, "createable": False},
                {"objectName": "email_logs"},
            ]
        )
    )
    assert metadata.objects() == [
        ObjectSummary("company", "Company", readable=True, createable=True),
        ObjectSummary("a__gc", "a__gc", readable=False, createable=False),
        ObjectSummary("email_logs", "email_logs", readable=True, createable=True),
    ]
    (request,) = server.requests
    assert (request.method, request.path) == (
        "POST",
        "/v1/meta/services/objects",
    )


REFUSED_LIST = enveloped({"result": False, "errorCode": "GSOBJ_1023"}, 400)


def test_a_tenant_without_the_whole_list_is_asked_for_another(
    metadata: Metadata, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    company = ok([{"objectName": "company"}])
    server.answers(REFUSED_LIST, company)
    assert [found.name for found in metadata.objects()] == ["company"]
    assert server.requests[-1].path == "/v1/meta/services/objects/list?em=false"
    assert not caplog.records
    server.answers(REFUSED_LIST, REFUSED_LIST, company)
    assert [found.name for found in metadata.objects()] == ["company"]
    assert "there may be more" in caplog.records[-1].message


def test_a_list_without_objects_is_not_believed_while_another_has_some(
    metadata: Metadata, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers(ok([]), ok([{"objectName": "company"}]))
    assert [found.name for found in metadata.objects()] == ["company"]
    assert not caplog.records
    server.answers(ok([]))
    assert metadata.objects() == []
    assert "no object" in caplog.records[-1].message


@pytest.mark.parametrize("data", [None, [], [{"objectName": "other"}]])
def test_an_object_that_the_reply_leaves_out_is_named(
    metadata: Metadata, server: Server, caplog: pytest.LogCaptureFixture, data: object
) -> None:
    server.answers(ok(data))
    assert list(metadata.describe(["company", "gsuser"])) == []
    assert "object gsuser cannot be described, and is left out" in caplog.text


def test_an_object_that_fails_its_description_leaves_the_others_theirs(
    metadata: Metadata, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    described = ok([{"objectName": "company", "fields": []}])
    failed = [enveloped({"result": False}, 500)] * 9
    server.answers(*failed, described, *failed)
    assert list(metadata.describe(["company", "gsuser"])) == ["company"]
    assert "object gsuser cannot be described, and is left out" in caplog.text
    server.answers(enveloped({"result": False}, 500))
    with pytest.raises(ServerError):
        metadata.describe(["company", "gsuser"])


def test_objects_whose_names_differ_in_case_alone_keep_apart(
    metadata: Metadata, server: Server
) -> None:
    fields = [{"fieldName": "Gsid"}], [{"fieldName": "Id"}]
    both = [
        {"objectName": "Health__gc", "fields": fields[0]},
        {"objectName": "health__gc", "fields": fields[1]},
    ]
    server.answers(ok(both))
    described = metadata.describe(["Health__gc", "health__gc"])
    assert list(described["Health__gc"].fields) == ["Gsid"]
    assert list(described["health__gc"].fields) == ["Id"]


def test_a_tenants_objects_are_listed(connected: Connect, tenant: MakeTenant) -> None:
    sandbox = tenant()
    names = [summary.name for summary in Metadata(connected(sandbox.url)).objects()]
    assert names == list(sandbox.tenant.schemas)
    assert "company" in names


@pytest.mark.parametrize("entry", [None, "company", 5, [], {}, {"objectName": ""}])
def test_entries_without_a_name_are_passed_over(
    metadata: Metadata, server: Server, entry: object
) -> None:
    server.answers(ok([entry, {"objectName": "company"}]))
    assert [summary.name for summary in metadata.objects()] == ["company"]


@pytest.mark.parametrize("data", [None, {}, {"objects": []}, "company"])
def test_a_list_that_is_none_is_an_error(metadata: Metadata, server: Server, data: object) -> None:
    server.answers(ok(data))
    with pytest.raises(DataError, match="list of objects is not a list"):
        metadata.objects()


# Describing.


def test_an_object_is_described_with_its_fields(metadata: Metadata, server: Server) -> None:
    server.answers(
        ok([{"objectName": "company", "label": "Company", "fields": [{"fieldName": "Gsid"}]}])
    )
    assert metadata.describe(["company"]) == {
        "company": GainsightObject("company", "Company", {"Gsid": Field("Gsid", "Gsid", "STRING")})
    }
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v1/meta/services/objects/describe")
    payload = request.payload()
    assert payload["objectNames"] == ["company"]
    assert payload["populatePickListOptions"] == "true"
    assert payload["removeHidden"] == "false"
    assert {type(value) for name, value in payload.items() if name != "objectNames"} == {str}


def test_many_objects_take_a_call_for_every_25(connected: Connect, tenant: MakeTenant) -> None:
    sandbox, names = wide(tenant, 51)
    described = Metadata(connected(sandbox.url)).describe(names)
    assert list(described) == names
    sizes = [len(entry.payload()["objectNames"]) for entry in sandbox.log]
    assert sizes == [25, 25, 1]


def test_a_name_that_fails_a_call_costs_no_other_its_description(
    connected: Connect, tenant: MakeTenant, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox, names = wide(tenant, 27)
    described = Metadata(connected(sandbox.url)).describe([*names[:3], "no_such", *names[3:]])
    assert list(described) == names
    sizes = [len(entry.payload()["objectNames"]) for entry in sandbox.log]
    assert sizes == [25, 3, *[1] * 25]
    warnings = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert warnings[0].startswith(
        "object no_such cannot be described, and is left out: there is no"
    )


def test_each_name_is_asked_for_alone_only_once(metadata: Metadata, server: Server) -> None:
    server.answers(NOT_FOUND)
    assert metadata.describe(["a", "b", "a"]) == {}
    asked = [request.payload()["objectNames"] for request in server.requests]
    assert asked == [["a", "b"], ["a"], ["b"]]


@pytest.mark.parametrize("refusal", [NOT_FOUND, REFUSED])
def test_a_lone_name_is_asked_for_once(
    metadata: Metadata, server: Server, caplog: pytest.LogCaptureFixture, refusal: Reply
) -> None:
    server.answers(refusal)
    assert metadata.describe(["no_such"]) == {}
    assert len(server.requests) == 1
    assert "object no_such cannot be described" in caplog.text
    assert "471147114711" not in caplog.text


def test_what_a_shared_call_leaves_out_is_asked_for_alone(
    metadata: Metadata, server: Server
) -> None:
    server.answers(described("a", "c"), described("b"))
    assert list(metadata.describe(["a", "b", "c"])) == ["a", "b", "c"]
    assert len(server.requests) == 2


@pytest.mark.parametrize("reply", [described("company", "c"), NOT_FOUND, REFUSED])
def test_a_shared_call_gives_what_it_has_and_asks_no_more(
    metadata: Metadata, server: Server, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    server.answers(reply)
    found = metadata.describe_together(["Company", "b"])
    assert list(found) == (["Company"] if reply.status == 200 else [])
    assert len(server.requests) == 1
    assert not caplog.records


def test_names_are_found_in_any_case(metadata: Metadata, server: Server) -> None:
    server.answers(described("company"))
    found = metadata.describe(["Company"])
    assert list(found) == ["Company"]
    assert found["Company"].name == "company"


def test_no_names_take_no_call(metadata: Metadata, server: Server) -> None:
    assert metadata.describe([]) == {}
    assert server.requests == []


def test_a_refused_credential_is_not_taken_for_a_missing_object(
    metadata: Metadata, server: Server
) -> None:
    server.answers(enveloped({"result": False, "errorCode": "GS_APIG_2401"}, 401))
    with pytest.raises(AuthError):
        metadata.describe(["a", "b"])
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "data",
    [None, "text", 5, [], {}, [None, "text", 5], [{}], [{"objectName": None}], {"fields": "x"}],
)
def test_a_reply_of_another_shape_describes_nothing(
    metadata: Metadata, server: Server, data: object
) -> None:
    server.answers(ok(data))
    assert metadata.describe(["company"]) == {}


@pytest.mark.parametrize("fields", [None, "text", 5, {}, {"Gsid": {}}, [None, "x", [], {}]])
def test_fields_of_another_shape_are_none(
    metadata: Metadata, server: Server, fields: object
) -> None:
    server.answers(ok({"objectName": "company", "fields": fields}))
    assert metadata.describe(["company"])["company"].fields == {}


# Fields.


def test_a_field_is_read_with_all_that_the_connectors_use(
    metadata: Metadata, server: Server
) -> None:
    options = [
        {"value": "1I00", "label": "Customer", "active": True},
        {"value": "1I01", "label": "Partner", "active": False},
    ]
    assert field(
        metadata,
        server,
        fieldName="F",
        label="A field",
        dataType="picklist",
        options=options,
        meta={
            "description": "What it is",
            "hidden": True,
            "createable": False,
            "updateable": False,
            "required": True,
            "length": 255,
            "decimalPlaces": 2,
            "lookupDetail": {
                "lookupName": "Csm__gr",
                "lookupObjects": [{"objectName": "gsuser"}, {"objectName": "person"}],
            },
            "properties": {"PICKLIST_CATEGORY_ID": "1I00C"},
        },
    ) == Field(
        name="F",
        label="A field",
        data_type="PICKLIST",
        description="What it is",
        hidden=True,
        createable=False,
        updateable=False,
        required=True,
        decimal_places=2,
        lookup=LookupTarget("Csm__gr", ("gsuser", "person")),
        category_id="1I00C",
        options=(Option("1I00", "Customer", active=True), Option("1I01", "Partner", active=False)),
    )


@pytest.mark.parametrize(
    "meta",
    [
        None,
        {},
        [],
        "text",
        {"properties": None, "lookupDetail": None, "length": None},
        {"properties": "text", "lookupDetail": "text", "length": "text", "decimalPlaces": True},
        {"properties": ["x"], "lookupDetail": {}, "hidden": "true", "required": None},
        {"lookupDetail": {"lookupName": None, "lookupObjects": [{"objectName": "gsuser"}]}},
    ],
)
def test_what_a_field_does_not_say_has_the_harmless_default(
    metadata: Metadata, server: Server, meta: object
) -> None:
    assert field(metadata, server, meta=meta) == Field("F", "F", "STRING")


@pytest.mark.parametrize("targets", [None, [], "gsuser", [None, {}, {"objectName": None}]])
def test_a_lookup_may_not_say_where_it_leads(
    metadata: Metadata, server: Server, targets: object
) -> None:
    meta = {"lookupDetail": {"lookupName": "Csm__gr", "lookupObjects": targets}}
    assert field(metadata, server, meta=meta).lookup == LookupTarget("Csm__gr", ())


@pytest.mark.parametrize("options", [None, [], {}, "text", [None, "x", {}, {"value": None}]])
def test_a_picklist_may_list_no_items(metadata: Metadata, server: Server, options: object) -> None:
    assert field(metadata, server, dataType="PICKLIST", options=options).options == ()


def test_an_unheard_of_data_type_is_kept(metadata: Metadata, server: Server) -> None:
    assert field(metadata, server, dataType="WhoID").data_type == "WHOID"


def test_a_tenants_fields_are_read(connected: Connect, tenant: MakeTenant) -> None:
    sandbox = tenant(rows={"company": 1})
    found = Metadata(connected(sandbox.url)).describe(["company"])["company"]
    schema = sandbox.tenant.schema("company")
    assert list(found.fields) == [item.name for item in schema.fields]
    for item in schema.fields:
        read = found.fields[item.name]
        assert read.data_type == item.data_type
        assert read.hidden is item.hidden
        assert read.lookup == (
            LookupTarget(str(item.lookup_name), (item.lookup,)) if item.lookup else None
        )
        assert [option.id for option in read.options] == [option.value for option in item.options]
    assert any(item.lookup for item in schema.fields)
    assert any(item.options for item in schema.fields)


# Dropdowns.


def test_a_dropdowns_items_are_read(connected: Connect, tenant: MakeTenant) -> None:
    sandbox = tenant(demo=False)
    options = (SandboxOption("Open", "1I00"), SandboxOption("Closed", "1I01", active=False))
    status = SandboxField("Status", DataType.PICKLIST, options=options, category_id="1I00 C/A")
    sandbox.tenant.add_object(ObjectSchema("cta", (SandboxField("Gsid", DataType.GSID), status)))
    metadata = Metadata(connected(sandbox.url))
    items = [Option("1I00", "Open", active=True), Option("1I01", "Closed", active=False)]
    assert list(metadata.describe(["cta"])["cta"].fields["Status"].options) == items


def test_deleted_items_are_left_out(metadata: Metadata, server: Server) -> None:
    server.answers(
        ok(
            {
                "categoryDetails": {"name": "Status"},
                "childItems": [
                    {"gsid": "1", "name": "Open", "active": True, "deleted": False},
                    {"gsid": "2", "name": "Gone", "active": True, "deleted": True},
                    {"gsid": "3", "name": None, "active": False},
                    {"name": "no id"},
                    None,
                ],
            }
        )
    )
    assert metadata.dropdown("1I00 C/A") == [
        Option("1", "Open", active=True),
        Option("3", "", active=False),
    ]
    assert server.requests[0].path == "/v1/meta/services/dropdowns/1I00%20C%2FA"


@pytest.mark.parametrize("data", [None, [], "text", {}, {"childItems": None}, {"childItems": {}}])
def test_a_dropdown_of_another_shape_has_no_items(
    metadata: Metadata, server: Server, data: object
) -> None:
    server.answers(ok(data))
    assert metadata.dropdown("1I00C") == []


def test_a_dropdown_that_does_not_exist_is_an_error(metadata: Metadata, server: Server) -> None:
    server.answers(enveloped({"result": False}, 404))
    with pytest.raises(NotFoundError):
        metadata.dropdown("1I00C")
