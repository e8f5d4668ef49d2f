"""Lists of deleted records: the article's request, and the readings of its reply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api import DataError, DeletedLists, Deletion
from tests.api.conftest import enveloped

if TYPE_CHECKING:
    from tests.api.conftest import Connect, Reply, Server

CTA = "call_to_action"
DATE = "2026-02-19T08:24:35.253Z"


def row(number: int, **values: Any) -> dict[str, Any]:
    return {"Gsid": f"1S01{number}", "ModifiedDate": DATE, "IsClosed": False, **values}


def rows_of(*numbers: int) -> Reply:
    return enveloped({"result": True, "data": [row(number) for number in numbers]})


def read(server: Server, connected: Connect, *answers: Reply, page_rows: int = 2) -> list[str]:
    server.answers(*answers)
    lists = DeletedLists(connected(server.url), page_rows)
    return [each.record_id for page in lists.deletions(CTA) for each in page]


def test_a_list_is_asked_for_as_the_article_has_it_until_a_page_is_empty(
    server: Server, connected: Connect
) -> None:
    assert read(server, connected, rows_of(1, 2), rows_of()) == ["1S011", "1S012"]
    calls = server.requests
    assert {f"{call.method} {call.path}" for call in calls} == {"POST /v2/cockpit/cta/deleted/list"}
    bodies = [call.payload() for call in calls]
    assert [body["pageNumber"] for body in bodies] == [1, 2]
    assert bodies[0]["select"] == ["ModifiedDate"]
    (condition,) = bodies[0]["where"]["conditions"]
    assert condition.keys() == {"fieldName", "alias", "operator", "value"}


def test_a_list_of_several_pages_is_read_until_nothing_in_it_is_new(
    server: Server, connected: Connect
) -> None:
    # 1 leaves the list before the second page is asked for, and so 3 is on neither.
    moving = [rows_of(1, 2), rows_of(4), rows_of()]
    still = [rows_of(2, 3), rows_of(4), rows_of()]
    found = read(server, connected, *moving, *still, *still)
    assert found == ["1S011", "1S012", "1S014", "1S013"]
    assert len(server.requests) == 9


def test_a_list_that_never_rests_is_an_error(server: Server, connected: Connect) -> None:
    readings = [[rows_of(n), rows_of(n + 1), rows_of()] for n in range(1, 20, 2)]
    with pytest.raises(DataError, match="moves faster"):
        read(server, connected, *(page for reading in readings for page in reading))


@pytest.mark.parametrize("page_rows", [2, 3])
@pytest.mark.parametrize("again", [(1, 2), (2, 1), (2,)])
def test_a_list_that_heeds_no_page_number_is_an_error_in_whatever_order(
    server: Server, connected: Connect, page_rows: int, again: tuple[int, ...]
) -> None:
    pages = [rows_of(1, 2), rows_of(*again), rows_of()]
    with pytest.raises(DataError, match="the same records on every page"):
        read(server, connected, *pages, page_rows=page_rows)


@pytest.mark.parametrize(
    ("record", "moment"),
    [
        (row(1), DATE),
        (row(1, DeletedOn=1708331075253), 1708331075253),
        (row(1, deletedDate="2026-02-20T00:00:00Z"), "2026-02-20T00:00:00Z"),
        ({"gsid": "1S011", "modifieddate": DATE}, DATE),
        ({"RecordId": "1S011"}, None),
    ],
)
def test_the_moment_is_that_of_the_deletion_where_the_list_says_it(
    server: Server, connected: Connect, record: dict[str, Any], moment: Any
) -> None:
    server.answers(enveloped({"result": True, "data": {"records": [record]}}), rows_of())
    ((found,),) = DeletedLists(connected(server.url)).deletions(CTA)
    assert found == Deletion("1S011", moment)


@pytest.mark.parametrize("data", [None, {"total": 0}, "none", [{"Name": "x"}], ["x"]])
def test_what_is_no_list_of_records_is_no_empty_list(
    server: Server, connected: Connect, data: Any
) -> None:
    with pytest.raises(DataError, match="deleted call_to_action"):
        read(server, connected, enveloped({"result": True, "data": data}))
