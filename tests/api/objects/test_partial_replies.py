"""What replies say of each record, in all forms in which they have been seen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gainsight_api.calls.replies import Reply, answer
from gainsight_api.errors import GatewayError, RequestError
from gainsight_api.objects.partial_replies import PartialReply, partial_reply
from gainsight_api.objects.records import FieldError

TEXT = "Missing mandatory fields for create - CompanyId"
CODE = "COCKPIT_9700"
READ = (FieldError(CODE, TEXT),)


def read(
    status: int = 200, *, result: bool = True, names: tuple[str, ...] = ("1", "2"), **envelope: Any
) -> PartialReply:
    body = json.dumps({"result": result, "requestId": "r1", **envelope}).encode()
    return partial_reply(names, lambda: answer(Reply(status, body), now=0.0).data)


@pytest.mark.parametrize("part", ["failure", "failures"])
@pytest.mark.parametrize(
    ("entry", "errors"),
    [
        (f"{CODE}: {TEXT}", READ),
        (TEXT, (FieldError(None, TEXT),)),
        ({"errorCode": CODE, "errorMessage": TEXT}, READ),
        ({"errorCode": CODE, "message": TEXT}, READ),
        ({"message": f"{CODE}: {TEXT}"}, READ),
        ([{"errorCode": CODE, "message": TEXT}], READ),
        ([{"errorCode": CODE, "message": TEXT}, "more"], (*READ, FieldError(None, "more"))),
        (None, (FieldError(None, ""),)),
    ],
)
def test_a_failure_is_read_in_any_form(part: str, entry: Any, errors: tuple[FieldError]) -> None:
    for failed in ({"2": entry}, [{"2": entry}]):
        reply = read(data={"success": [{"1": "1S01"}], part: failed})
        assert reply == PartialReply({"1": "1S01"}, {"2": errors})


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        [],
        "done",
        {"success": None, "failure": None},
        {"success": [{"1": None}], "failure": []},
        {"success": {"1": []}},
        {"success": ["1"]},
    ],
)
def test_a_reply_that_names_no_record_confirms_none(data: Any) -> None:
    assert read(data=data) == PartialReply({}, {})


def test_a_record_that_is_named_in_both_parts_is_not_confirmed() -> None:
    reply = read(data={"success": {"1": "x"}, "failures": {"1": TEXT}})
    assert (reply.confirmed, list(reply.failures)) == ({}, ["1"])


def test_a_refusal_that_names_records_says_that_nothing_is_written() -> None:
    reply = read(400, result=False, errorCode=CODE, data={"success": [], "failure": [{"2": TEXT}]})
    assert (reply.nothing_written, list(reply.failures), reply.request_id) == (True, ["2"], "r1")
    doubtful = read(400, result=False, data={"success": {"1": "x"}, "failure": [{"2": TEXT}]})
    assert (doubtful.refused, doubtful.nothing_written) == (True, False)


@pytest.mark.parametrize("message", ["errorMessage", "message"])
def test_failures_may_be_objects_that_say_whose_they_are(message: str) -> None:
    failed = [{"referenceId": 2, message: TEXT, "errorCode": CODE}]
    reply = read(data={"success": [{"1": "1S01"}], "failure": failed})
    assert reply == PartialReply({"1": "1S01"}, {"2": READ})
    done = [{"referenceId": "1", "gsid": "1S01"}, {"referenceId": "2", "gsid": None}]
    assert read(data={"success": done}).confirmed.keys() == {"1"}


def test_failures_of_a_refused_call_of_one_record_are_of_that_one() -> None:
    for failed, errors in (
        ([{"row 7": f"{CODE}: {TEXT}"}], READ),
        ([{"errorMessage": TEXT}, {"errorMessage": "more"}], (*READ, FieldError(CODE, "more"))),
    ):
        data = {"success": [], "failure": failed}
        reply = read(400, result=False, errorCode=CODE, data=data, names=("1",))
        assert reply.failures == {"1": errors}


def test_a_refusal_that_names_none_is_an_error() -> None:
    with pytest.raises(RequestError) as caught:
        read(400, result=False, errorCode=CODE, data=None)
    assert caught.value.code == CODE


def test_a_code_of_the_gateway_is_no_verdict_on_a_record() -> None:
    with pytest.raises(GatewayError):
        read(data={"failure": [{"1": "GS_APIG_2404: slow down"}]})
