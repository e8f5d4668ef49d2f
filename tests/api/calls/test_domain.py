import pytest

from gainsight_api.calls.domain import base_url, is_loopback, url_on
from gainsight_api.errors import ConfigError


@pytest.mark.parametrize(
    ("domain", "url"),
    [
        ("acme", "https://acme.gainsightcloud.com/"),
        ("https://acme", "https://acme.gainsightcloud.com/"),
        ("acme.gainsightcloud.com", "https://acme.gainsightcloud.com/"),
        ("https://acme.gainsightcloud.com", "https://acme.gainsightcloud.com/"),
        ("https://acme.gainsightcloud.com/", "https://acme.gainsightcloud.com/"),
        ("  acme.gainsightcloud.com\n", "https://acme.gainsightcloud.com/"),
        ("HTTPS://Acme.GainsightCloud.COM", "https://acme.gainsightcloud.com/"),
        ("acme.us2.gainsightcloud.com", "https://acme.us2.gainsightcloud.com/"),
        ("gainsight.acme-corp.co.uk", "https://gainsight.acme-corp.co.uk/"),
        ("https://xn--mller-kva.example", "https://xn--mller-kva.example/"),
        ("acme.example:8443", "https://acme.example:8443/"),
        ("acme:8443", "https://acme.gainsightcloud.com:8443/"),
        (f"{'a' * 63}.example", f"https://{'a' * 63}.example/"),
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787/"),
        ("http://127.8.8.8:8787", "http://127.8.8.8:8787/"),
        ("http://localhost:8787", "http://localhost:8787/"),
        ("HTTP://LOCALHOST:8787", "http://localhost:8787/"),
        ("http://[::1]:8787", "http://[::1]:8787/"),
        ("https://localhost", "https://localhost/"),
        ("localhost", "https://localhost/"),
    ],
)
def test_a_host_in_every_accepted_form_becomes_the_root_url(domain: str, url: str) -> None:
    assert base_url(domain) == url


@pytest.mark.parametrize(
    ("domain", "why"),
    [
        ("", "not a host name"),
        ("   ", "not a host name"),
        ("https://", "more than a host"),
        ("user:hidden@acme.example", "more than a host"),
        ("https://hidden@acme.example", "more than a host"),
        ("@acme.example", "more than a host"),
        ("acme.example/v1", "more than a host"),
        ("acme.example//", "more than a host"),
        ("acme.example?hidden=1", "more than a host"),
        ("acme.example#hidden", "more than a host"),
        ("http://127.0.0.1:8787/path", "more than a host"),
        ("http://acme.example", "must be https"),
        ("http://acme", "must be https"),
        ("http://10.0.0.1:8787", "must be https"),
        ("http://[2001:db8::1]", "must be https"),
        ("http://localhost.acme.example", "must be https"),
        ("http://127.0.0.1.acme.example", "must be https"),
        ("http://0.0.0.0:8787", "must be https"),
        ("ftp://acme.example", "must be https"),
        ("acme..example", "not a host name"),
        ("-acme.example", "not a host name"),
        ("acme-.example", "not a host name"),
        ("acme.example.", "not a host name"),
        ("ac me.example", "not a host name"),
        ("ac_me.example", "not a host name"),
        ("acmé.example", "not a host name"),
        ("acme.example\\hidden", "not a host name"),
        (f"{'a' * 64}.example", "not a host name"),
        (f"{'a.' * 130}example", "not a host name"),
        ("acme.example:hidden", "not a host name"),
        ("acme.example:99999", "not a host name"),
        ("https://[::1", "not a host name"),
        ("https://[2001:db8::1]", "not a host name"),
    ],
)
def test_whatever_is_not_a_host_is_refused_without_being_quoted(domain: str, why: str) -> None:
    with pytest.raises(ConfigError, match=f"^setting `domain` .*{why}") as caught:
        base_url(domain)
    assert "hidden" not in str(caught.value)
    assert len(domain) < 3 or domain not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_this_machine_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "acme", "10.0.0.1", "0.0.0.0", "::", "localhost.example"])
def test_other_machines_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)


ROOT = "https://acme.gainsightcloud.com/"


@pytest.mark.parametrize(
    "url",
    [
        "https://acme.gainsightcloud.com/x/y?z=1",
        "https://ACME.GainsightCloud.com/x/y?z=1",
        "HTTPS://acme.gainsightcloud.com:443/x/y?z=1",
        "/x/y?z=1",
        "x/y?z=1",
        "x/y?z=1#part",
    ],
)
def test_the_tenants_host_may_be_written_in_other_ways(url: str) -> None:
    assert url_on(ROOT, url) == "https://acme.gainsightcloud.com/x/y?z=1"
