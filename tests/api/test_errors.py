import ssl
from typing import Any

import pytest
import requests
import urllib3

from gainsight_api.errors import (
    AuthError,
    GainsightError,
    NoDataError,
    NotFoundError,
    RateLimitedError,
    RequestError,
    RetriableError,
    ServerError,
    TransportError,
    error_in,
    identifier,
    transport_error,
)

SPOKEN = "record value 4711, SELECT Name FROM company"


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
        (401, None, AuthError, "`domain`"),
        (403, None, AuthError, "`access_key`"),
        (200, refusal("P_5005"), RequestError, "deleted or does not exist"),
        (400, refusal("P_5005"), RequestError, "deleted or does not exist"),
        (200, refusal("GSOBJ_ESS_9104"), RequestError, "no field was selected"),
        (400, refusal("GSOBJ_ESS_9150"), RequestError, "not valid"),
        (400, refusal("GSOBJ_1012"), RequestError, "no such active item"),
        (500, refusal("GSOBJ_1003"), RequestError, "could not be deleted"),
        (200, refusal("GSOBJ_1XXX"), NoDataError, "no record matches"),
        (400, refusal("GSOBJ_1011"), NoDataError, "no record matches"),
        (404, NOT_FOUND, NotFoundError, "no such object"),
        (200, NOT_FOUND, NotFoundError, "no such object"),
        (404, refusal(None), NotFoundError, "nothing at this address"),
        (404, None, NotFoundError, "nothing at this address"),
        (410, None, NotFoundError, "nothing at this address"),
        (429, None, RateLimitedError, "rate limit"),
        (429, refusal(None), RateLimitedError, "rate limit"),
        (200, refusal("GU_2400"), RateLimitedError, "rate limit"),
        (500, None, ServerError, "failed to answer"),
        (503, refusal(None), ServerError, "failed to answer"),
        (400, refusal("UNHEARD_OF"), RequestError, "code UNHEARD_OF"),
        (200, refusal(None), RequestError, "refused the call"),
        (400, None, RequestError, "refused the call"),
        (400, [SPOKEN], RequestError, "refused the call"),
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
        {"data": []},
        {"result": True, "data": {"jobId": "1", "jobStatus": "FAILED", "errorCode": "P_5005"}},
        None,
        [],
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
@pytest.mark.parametrize("status", [200, 400, 401, 404, 429, 500])
def test_gainsights_own_wording_is_never_taken_over(status: int, body: object) -> None:
    error = error_in(status, body)
    assert error is not None
    for text in (str(error), repr(error)):
        assert "4711" not in text
        assert "A" * 81 not in text


@pytest.mark.parametrize("text", ["P_5005", "GSOBJ_1XXX", "a-b.c:d", "A" * 80])
def test_a_code_is_an_identifier(text: str) -> None:
    assert identifier(text) == text


@pytest.mark.parametrize("value", [None, "", "two words", "line\n", "A" * 81, 5, ["a"], "é"])
def test_other_values_are_no_identifiers(value: object) -> None:
    assert identifier(value) is None


def refused(reason: Exception) -> requests.ConnectionError:
    pool = urllib3.HTTPSConnectionPool("hidden.example")
    return requests.ConnectionError(urllib3.exceptions.MaxRetryError(pool, "/hidden", reason))


def new_connection(kind: type[urllib3.exceptions.NewConnectionError]) -> Exception:
    connection = urllib3.connection.HTTPConnection("hidden.example")
    if kind is urllib3.exceptions.NameResolutionError:
        return urllib3.exceptions.NameResolutionError("hidden.example", connection, OSError())  # type: ignore[arg-type]
    return kind(connection, "hidden")


@pytest.mark.parametrize(
    ("exc", "says", "may_have_arrived"),
    [
        (requests.ConnectTimeout("hidden"), "`domain`", False),
        (requests.ReadTimeout("hidden"), "too long", True),
        (requests.ConnectionError("hidden"), "broke off", True),
        (requests.exceptions.ChunkedEncodingError("hidden"), "broke off", True),
        (requests.exceptions.SSLError("hidden: wrong version"), "`domain`", True),
        (refused(new_connection(urllib3.exceptions.NewConnectionError)), "`domain`", False),
        (refused(new_connection(urllib3.exceptions.NameResolutionError)), "not known", False),
        (refused(urllib3.exceptions.ProtocolError("hidden")), "broke off", True),
    ],
)
def test_a_failed_connection_says_whether_the_call_may_have_arrived(
    exc: requests.RequestException,
    says: str,
    may_have_arrived: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    error = transport_error(exc)
    assert isinstance(error, TransportError)
    assert error.may_have_arrived is may_have_arrived
    assert says in str(error)
    assert "hidden" not in str(error)


def test_a_certificate_that_is_not_accepted_is_not_worth_another_try() -> None:
    cause = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] hidden")
    pool = urllib3.HTTPSConnectionPool("hidden.example")
    reason = urllib3.exceptions.MaxRetryError(pool, "/", urllib3.exceptions.SSLError(cause))
    error = transport_error(requests.exceptions.SSLError(reason))
    assert type(error) is GainsightError
    assert str(error) == "the tenant's TLS certificate was not accepted: check `domain`"
