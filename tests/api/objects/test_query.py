from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gainsight_api.errors import DataError, NotFoundError, RequestError
from gainsight_api.filters.build import Condition, Operator
from gainsight_api.objects.query import Query
from gainsight_api.objects.read import Read
from gainsight_api.quota import Budget
from gainsight_sandbox import QueryEmpty, QueryShape, Quirks
from tests.api.conftest import Connect, MakeTenant, Server, enveloped, ok

if TYPE_CHECKING:
    from gainsight_api.calls.session import Session

COMPANIES = Read("company", ("Gsid", "Name"), order_by=("Gsid",), limit=10)
NONE = Read("company", ("Gsid",), where=Condition("Name", Operator.EQ, ("no such",)), limit=10)


def test_a_query_is_written_as_the_article_shows_it(session: Session, server: Server) -> None:
    server.answers(ok({"records": []}))
    where = Condition("Name", Operator.GT, ("A",))
    Query(session).page(Read("relationship", ("Name", "Arr"), where, ("Name",), 100, 5000))
    (request,) = server.requests
    assert request.path == "/v1/data/objects/query/relationship"
    assert request.payload() == {
        "select": ["Name", "Arr"],
        "where": {
            "conditions": [{"name": "Name", "alias": "A", "value": ["A"], "operator": "GT"}],
            "expression": "A",
        },
        "orderBy": {"Name": "asc"},
        "limit": 100,
        "offset": 5000,
    }
    assert session.quota.remaining(Budget.SYNC).windows[0].used == 1


@pytest.mark.parametrize("shape", QueryShape)
def test_records_are_found_in_both_shapes(
    connected: Connect, tenant: MakeTenant, shape: QueryShape
) -> None:
    sandbox = tenant(Quirks(query_shape=shape), rows={"company": 12})
    records = Query(connected(sandbox.url)).page(COMPANIES)
    assert len(records) == 10
    expected = sorted(str(row["Gsid"]) for row in sandbox.tenant.rows("company"))[:10]
    assert [record["Gsid"] for record in records] == expected


def test_fields_have_the_names_that_were_selected_in_whatever_case_they_come(
    session: Session, server: Server
) -> None:
    odd = {"gsid": "1", "NAME": "other", "Name": "exact", "more": 1}
    server.answers(ok([odd, {"GSID": "2", "name": "n"}]))
    first, second = Query(session).page(COMPANIES)
    assert (first["Gsid"], first["Name"]) == ("1", "exact")
    assert (second["Gsid"], second["Name"]) == ("2", "n")


@pytest.mark.parametrize("plain", [{"Gsid": "1", "Name": "n"}, {"Gsid": "1"}])
def test_each_record_is_looked_at_for_names_in_another_case(
    session: Session, server: Server, plain: dict[str, str]
) -> None:
    server.answers(ok([plain, {"GSID": "2", "name": "n"}]))
    assert Query(session).page(COMPANIES) == [plain, {"Gsid": "2", "Name": "n"}]


@pytest.mark.parametrize("as_200", [False, True])
@pytest.mark.parametrize("shape", QueryShape)
@pytest.mark.parametrize("empty", QueryEmpty)
def test_nothing_found_is_an_empty_list_however_it_is_said(
    connected: Connect, tenant: MakeTenant, empty: QueryEmpty, shape: QueryShape, *, as_200: bool
) -> None:
    quirks = Quirks(query_empty=empty, query_shape=shape, errors_as_200=as_200)
    sandbox = tenant(quirks, rows={"company": 3})
    assert Query(connected(sandbox.url)).page(NONE) == []


@pytest.mark.parametrize("data", [[], {"records": []}])
def test_an_empty_reply_is_an_empty_list(session: Session, server: Server, data: object) -> None:
    server.answers(ok(data))
    assert Query(session).page(COMPANIES) == []


WITHOUT_LIST = pytest.mark.parametrize("data", [None, {}, {"records": None}])


@WITHOUT_LIST
@pytest.mark.parametrize("of_none", [[], {"records": []}])
def test_no_list_is_an_error_of_a_tenant_that_sends_empty_lists(
    session: Session, server: Server, data: object, of_none: object
) -> None:
    server.answers(ok(data), ok(data), ok(of_none), ok([{"Gsid": "1"}]))
    with pytest.raises(DataError, match="query of company has no list of records"):
        Query(session).page(COMPANIES)


@WITHOUT_LIST
def test_no_list_is_an_error_where_no_other_query_gives_one(
    session: Session, server: Server, data: object
) -> None:
    server.answers(ok(data))
    with pytest.raises(DataError, match="query of company has no list of records"):
        Query(session).page(COMPANIES)
    assert len(server.requests) == 5


@WITHOUT_LIST
def test_an_object_without_a_record_is_empty_where_the_users_come_as_a_list(
    session: Session, server: Server, data: object
) -> None:
    server.answers(*[ok(data)] * 4, ok([{"Gsid": "1"}]))
    assert Query(session).page(COMPANIES) == []
    assert server.requests[-1].path.endswith("/query/gsuser")


@WITHOUT_LIST
def test_no_list_is_an_empty_one_of_a_tenant_that_never_sends_an_empty_one(
    session: Session, server: Server, data: object
) -> None:
    server.answers(ok(data), ok(data), ok(data), ok([{"Gsid": "1"}]), ok(data), ok(data))
    query = Query(session)
    assert query.page(COMPANIES) == []
    assert query.page(COMPANIES) == []  # and is not asked for it again
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    "data", ["text", 5, True, {"records": "text"}, {"records": {"a": 1}}, {"rows": [{"a": 1}]}]
)
def test_a_reply_of_another_shape_is_an_error_and_not_an_empty_table(
    session: Session, server: Server, data: object
) -> None:
    server.answers(ok(data))
    with pytest.raises(DataError, match="query of company holds no records") as caught:
        Query(session).page(COMPANIES)
    assert "text" not in str(caught.value)


@pytest.mark.parametrize("as_200", [False, True])
def test_a_field_that_does_not_exist_is_refused_by_its_code(
    connected: Connect, tenant: MakeTenant, *, as_200: bool
) -> None:
    sandbox = tenant(Quirks(errors_as_200=as_200), rows={"company": 3})
    with pytest.raises(RequestError, match="deleted or does not exist") as caught:
        Query(connected(sandbox.url)).page(Read("company", ("Name1",), limit=10))
    assert caught.value.code == "P_5005"
    assert "Name1" not in str(caught.value)


def test_an_object_that_does_not_exist_is_not_an_empty_table(
    session: Session, server: Server
) -> None:
    server.answers(enveloped({"result": False, "title": "OBJECT_NOT_FOUND"}, 404))
    with pytest.raises(NotFoundError):
        Query(session).page(COMPANIES)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a b", "a%20b"),
        ("a/../b", "a%2F..%2Fb"),
        ("a?b#c", "a%3Fb%23c"),
        ("größe", "gr%C3%B6%C3%9Fe"),
    ],
)
def test_an_objects_name_cannot_become_another_address(
    session: Session, server: Server, name: str, path: str
) -> None:
    server.answers(enveloped({"result": False}, 404))
    with pytest.raises(NotFoundError):
        Query(session).page(Read(name, ("Gsid",)))
    assert server.requests[0].path == f"/v1/data/objects/query/{path}"
