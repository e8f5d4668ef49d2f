import ssl

import pytest
import requests
import urllib3

from gainsight_api.calls.transport import transport_error
from gainsight_api.errors import GainsightError, TransportError


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
