import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gainsight_api.calls.replies import Reply, answer, identifier, parsed
from gainsight_api.errors import (
    AuthError,
    ForbiddenError,
    GainsightError,
    GatewayError,
    NoDataError,
    NotFoundError,
    RateLimitedError,
    RequestError,
    RetriableError,
    ServerError,
    TooLargeError,
)
from gainsight_api.objects.records import is_about_data

SPOKEN = "record value 471147114711, SELECT Name FROM company"


def error_in(status: int, body: object, **headers: str) -> GainsightError | None:
    """The error of a reply, if it has one; no body is a page."""
    page = b"<html>hidden</html>"
    reply = Reply(status, page if body is None else json.dumps(body).encode(), headers)
    try:
        answer(reply, now=0.0)
    except GainsightError as error:
        return error
    return None


def refusal(code: str | None, **more: Any) -> dict[str, Any]:
    """An envelope as the articles print it, with all its wordings."""
    return {
        "result": False,
        "errorCode": code,
        "errorDesc": SPOKEN,
        "localizedErrorDesc": SPOKEN,
        "requestId": "5e3f7040-2a6d-42f2-bdf1-fe9e02faa665",
        "data": None,
        "message": SPOKEN,
        "localizedMessage": SPOKEN,
        **more,
    }


NOT_FOUND = {
    "result": False,
    "title": "OBJECT_NOT_FOUND",
    "detail": SPOKEN,
    "errorDesc": SPOKEN,
    "instance": "2021-02-03 10:31:28 UTC",
}


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (401, refusal("GS_APIG_2401"), AuthError, "`access_key`"),
        (200, refusal("GS_APIG_2401"), AuthError, "`auth_header`"),
        (400, refusal("GSOBJ_1024"), AuthError, "`access_key`"),
        (403, refusal("GS_APIG_2402"), AuthError, "IP address"),
        (200, refusal("GS_APIG_2402"), AuthError, "allow-list"),
        (403, refusal("GSOBJ_1009"), RequestError, "no right"),
        (403, refusal("UNHEARD_OF"), ForbiddenError, "rights of the credential"),
        (401, refusal(None), AuthError, "`domain`"),
        (401, None, ServerError, "`access_key`"),
        (403, None, ServerError, "`access_key`"),
        (200, refusal("P_5005"), RequestError, "deleted or does not exist"),
        (400, refusal("P_5005"), RequestError, "deleted or does not exist"),
        (200, refusal("GSOBJ_ESS_9104"), RequestError, "no field was selected"),
        (400, refusal("GSOBJ_ESS_9150"), RequestError, "not valid"),
        (400, refusal("GSOBJ_1012"), RequestError, "no such active item"),
        (400, refusal("GSOBJ_1003"), RequestError, "could not be deleted"),
        (500, refusal("GSOBJ_1003"), ServerError, "failed to answer"),
        (200, refusal("GSOBJ_1XXX"), NoDataError, "no record matches"),
        (400, refusal("GSOBJ_1011"), NoDataError, "no record matches"),
        (404, NOT_FOUND, NotFoundError, "no such object"),
        (200, NOT_FOUND, NotFoundError, "no such object"),
        (404, refusal(None), NotFoundError, "nothing at this address"),
        (410, refusal(None), NotFoundError, "nothing at this address"),
        (404, None, ServerError, "not JSON"),
        (410, None, ServerError, "not JSON"),
        (405, None, ServerError, "not JSON"),
        (200, None, ServerError, "not JSON"),
        (413, None, TooLargeError, "larger than"),
        (413, refusal("GSOBJ_1001"), TooLargeError, "larger than"),
        (429, None, RateLimitedError, "rate limit"),
        (429, refusal(None), RateLimitedError, "rate limit"),
        (200, refusal("GU_2400"), RateLimitedError, "rate limit"),
        (500, None, ServerError, "failed to answer"),
        (503, refusal(None), ServerError, "failed to answer"),
        (400, refusal("UNHEARD_OF"), RequestError, "code UNHEARD_OF"),
        (200, refusal(None), RequestError, "refused the call"),
        (400, None, ServerError, "not JSON"),
        (400, [SPOKEN], ServerError, "no envelope"),
        (408, refusal("GSOBJ_1002"), ServerError, "failed to answer"),
        (421, refusal("GSOBJ_1002"), ServerError, "failed to answer"),
        (425, refusal("GSOBJ_1002"), ServerError, "failed to answer"),
    ],
)
def test_every_documented_refusal_has_its_type(
    status: int, body: object, kind: type[GainsightError], says: str
) -> None:
    error = error_in(status, body)
    assert type(error) is kind
    assert says in str(error)
    assert error.status == status


@pytest.mark.parametrize(
    "body",
    [
        {"result": True, "errorCode": None, "data": [1]},
        {"result": True},
        {"result": True, "data": {"jobId": "1", "jobStatus": "FAILED", "errorCode": "P_5005"}},
    ],
)
def test_what_is_no_refusal_is_no_error(body: object) -> None:
    assert error_in(200, body) is None


@pytest.mark.parametrize(("status", "arrived"), [(429, False), (500, True), (503, True)])
def test_a_call_refused_for_its_rate_was_certainly_not_carried_out(
    status: int,
    arrived: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    error = error_in(status, None)
    assert isinstance(error, RetriableError)
    assert error.may_have_arrived is arrived


def test_an_error_carries_code_request_id_and_status() -> None:
    error = error_in(400, refusal("GSOBJ_1012"))
    assert error is not None
    assert (error.code, error.status) == ("GSOBJ_1012", 400)
    assert error.request_id == "5e3f7040-2a6d-42f2-bdf1-fe9e02faa665"
    assert str(error) == (
        "a picklist has no such active item (code GSOBJ_1012, HTTP 400, "
        "request 5e3f7040-2a6d-42f2-bdf1-fe9e02faa665)"
    )


@pytest.mark.parametrize(
    "body",
    [
        refusal("P_5005"),
        refusal("UNHEARD_OF"),
        refusal(SPOKEN),
        refusal(None, title=SPOKEN),
        refusal(None, requestId=SPOKEN),
        refusal("A" * 81),
        {"result": False, "errorCode": [SPOKEN], "title": {SPOKEN: 1}, "requestId": 5},
        NOT_FOUND,
    ],
)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 413, 429, 500])
def test_gainsights_own_wording_is_never_taken_over(status: int, body: object) -> None:
    error = error_in(status, body)
    assert error is not None
    for text in (str(error), repr(error)):
        assert "471147114711" not in text
        assert "A" * 81 not in text


@pytest.mark.parametrize("text", ["P_5005", "GSOBJ_1XXX", "a-b.c:d", "A" * 80])
def test_a_code_is_an_identifier(text: str) -> None:
    assert identifier(text) == text


@pytest.mark.parametrize("value", [None, "", "two words", "line\n", "A" * 81, 5, ["a"], "é"])
def test_other_values_are_no_identifiers(value: object) -> None:
    assert identifier(value) is None


@pytest.mark.parametrize("status", [200, 201, 400, 404, 410, 500])
@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "text",
        5,
        {"data": []},
        {"message": "Service under maintenance"},
        {"result": None, "data": None},
        {"result": "true", "data": []},
        {"result": 1, "data": []},
        {"title": "Not Found", "status": 404},
        {"title": "OBJECT_NOT_FOUND"},
        {"errorCode": "GSOBJ_1011"},
        {"errorDesc": "No data found for given criteria"},
    ],
)
def test_json_that_is_no_envelope_is_no_answer(status: int, body: object) -> None:
    assert type(error_in(status, body)) is ServerError


@pytest.mark.parametrize("data", [None, [], {}])
def test_a_success_with_an_error_code_and_nothing_else_is_no_answer(data: object) -> None:
    body = {"result": True, "errorCode": "GSOBJ_1008", "data": data}
    assert type(error_in(200, body)) is ServerError
    assert error_in(200, body | {"data": [1]}) is None


@pytest.mark.parametrize("code", ["GS_APIG_2404", "GU_2400"])
@pytest.mark.parametrize("status", [200, 400, 403, 429, 500])
def test_a_limit_is_known_by_its_code_under_any_status(status: int, code: str) -> None:
    assert type(error_in(status, refusal(code))) is RateLimitedError
    assert type(error_in(status, {"errorCode": code})) is RateLimitedError


@pytest.mark.parametrize("code", ["GS_APIG_2403", "GS_APIG_1000", "GS_APIG_9999"])
@pytest.mark.parametrize("status", [200, 400, 403, 404])
def test_a_code_of_the_gateway_is_no_verdict(status: int, code: str) -> None:
    error = error_in(status, refusal(code))
    assert type(error) is GatewayError
    assert not isinstance(error, RequestError)


@pytest.mark.parametrize("status", [400, 500])
def test_an_inner_fault_of_the_gateway_may_pass(status: int) -> None:
    assert type(error_in(status, refusal("GU_1101"))) is ServerError


@pytest.mark.parametrize("status", [408, 413, 421, 425, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("body", [None, refusal("GSOBJ_1002"), refusal("OBJECT_NOT_FOUND")])
def test_some_statuses_are_never_a_verdict(status: int, body: object) -> None:
    error = error_in(status, body)
    assert error is not None
    assert not isinstance(error, RequestError)


@pytest.mark.parametrize("status", [200, 400, 404])
@pytest.mark.parametrize("where", ["errorDesc", "message"])
@pytest.mark.parametrize(
    "said",
    [
        "No data found for given criteria",
        "no data found for given criteria.",
        "No entity matches the given criteria, please re-check your request.",
    ],
)
@pytest.mark.parametrize("code", [None, "GSOBJ_1022", "UNHEARD_OF"])
def test_nothing_found_is_known_by_its_sentence(
    status: int, where: str, said: str, code: str | None
) -> None:
    body = {"result": False, "errorCode": code, where: said, "data": None}
    assert type(error_in(status, body)) is NoDataError


@pytest.mark.parametrize(
    "code", ["GSOBJ_PEOPLE1001", "GSOBJ_VCRUDR7", "COCKPIT_9700", "COCKPIT_1", "GS_TL_10_0207"]
)
def test_a_code_about_a_person_cta_or_activity_is_a_verdict_under_any_status_that_may_be_one(
    code: str,
) -> None:
    for status in (200, 400, 401, 403, 404, 422):
        error = error_in(status, refusal(code))
        assert type(error) is RequestError
        assert is_about_data(error)
    for status, kind in ((429, RateLimitedError), (413, TooLargeError), (500, ServerError)):
        assert type(error_in(status, refusal(code))) is kind
    assert type(error_in(408, refusal(code))) is ServerError


def test_a_request_id_is_taken_from_a_header_where_the_body_has_none() -> None:
    for name in ("x-gs-request-id", "x-request-id"):
        error = error_in(400, {"result": False}, **{name: "request-7"})
        assert error is not None
        assert error.request_id == "request-7"


def test_half_a_surrogate_pair_is_read_as_the_replacement_character() -> None:
    body = rb'{"result": true, "data": ["Acme \ud83d", "\ude00!", "\ud83d\ude00", "\\ud83d", "\n"]}'
    read = answer(Reply(200, body), now=0.0)
    assert read.data == ["Acme \ufffd", "\ufffd!", "\U0001f600", "\\ud83d", "\n"]
    assert read.repaired
    assert not answer(Reply(200, b'{"result": true}'), now=0.0).repaired


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"result": true, "data": "Caf\xe9"}', "not UTF-8"),
        (b'{"result": true, "data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "cannot|can be"),
        (b"", "not JSON"),
        (gzip.compress(b"{}", mtime=0), "not UTF-8"),
    ],
)
def test_bytes_that_do_not_read_are_no_answer(body: bytes, says: str) -> None:
    with pytest.raises(ServerError, match=says):
        answer(Reply(200, body), now=0.0)


@given(
    status=st.integers(100, 599),
    body=st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.text() | st.integers(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["result", "errorCode", "title", "data", "message", "errorDesc"])
                | st.text(),
                inner | st.sampled_from(["GSOBJ_1011", "GS_APIG_2404"]),
            )
        ),
    ).map(lambda value: json.dumps(value).encode()),
)
def test_whatever_comes_is_an_answer_or_an_error_of_the_tree(status: int, body: bytes) -> None:
    value, _, _ = parsed(body)
    said = isinstance(value, dict) and isinstance(value.get("result"), bool)
    try:
        answer(Reply(status, body), now=0.0)
    except RequestError:
        assert said
        assert status < 500
    except GainsightError:
        pass
    else:
        assert said
        assert value["result"] is True
