"""Tokens, proxies and CA from the process environment."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from crawler.errors import UsageError
from crawler.fetch.environment import NetworkEnvironment, may_carry_token


def test_nothing_set() -> None:
    assert NetworkEnvironment.from_mapping({}) == NetworkEnvironment()


def test_an_empty_variable_counts_as_unset() -> None:
    names = ("GITHUB_TOKEN", "GH_TOKEN", "HF_TOKEN", "HTTPS_PROXY", "http_proxy", "NO_PROXY", "SSL_CERT_FILE")
    assert NetworkEnvironment.from_mapping(dict.fromkeys(names, " ")) == NetworkEnvironment()


@pytest.mark.parametrize(
    ("variables", "tokens"),
    [
        ({"GITHUB_TOKEN": "a"}, ("a",)),
        ({"GITHUB_TOKEN": " a , b,,a "}, ("a", "b")),
        ({"GH_TOKEN": "c"}, ("c",)),
        ({"GITHUB_TOKEN": "", "GH_TOKEN": "c"}, ("c",)),
        ({"GITHUB_TOKEN": "a", "GH_TOKEN": "c"}, ("a",)),
    ],
    ids=["one", "pool", "gh", "empty-first", "both"],
)
def test_github_tokens(variables: dict[str, str], tokens: tuple[str, ...]) -> None:
    assert NetworkEnvironment.from_mapping(variables).github_tokens == tokens


def test_nothing_secret_in_the_repr() -> None:
    environment = NetworkEnvironment.from_mapping(
        {"GITHUB_TOKEN": "secret1", "HF_TOKEN": "secret2", "HTTPS_PROXY": "http://user:secret3@proxy:1"}
    )
    assert "secret" not in repr(environment)
    assert environment.hugging_face_token == "secret2"


@pytest.mark.parametrize(
    ("no_proxy", "url", "is_direct"),
    [
        ("", "https://example.org/", False),
        ("*", "https://example.org/", True),
        ("example.org", "https://example.org/", True),
        ("example.org", "https://www.example.org/", True),
        (".example.org", "https://www.example.org/", True),
        ("*.example.org", "https://www.example.org/", True),
        ("EXAMPLE.org , other", "https://Example.Org./", True),
        ("example.org", "https://notexample.org/", False),
        ("example.org:8443", "https://example.org:8443/", True),
        ("example.org:8443", "https://example.org/", False),
        ("example.org:443", "https://example.org/", True),
        ("10.0.0.0/8", "http://10.1.2.3/", True),
        ("10.0.0.0/8", "http://11.1.2.3/", False),
        ("::1", "http://[::1]:8080/", True),
        ("[::1]:8080", "http://[::1]:8080/", True),
        ("[::1]:8081", "http://[::1]:8080/", False),
        (",,", "https://example.org/", False),
    ],
)
def test_no_proxy(no_proxy: str, url: str, is_direct: bool) -> None:
    environment = NetworkEnvironment.from_mapping(
        {"HTTPS_PROXY": "http://proxy:3128", "http_proxy": "proxy:3128", "NO_PROXY": no_proxy}
    )
    assert environment.proxy_for(url) == (None if is_direct else "http://proxy:3128")


def test_each_scheme_has_its_proxy() -> None:
    environment = NetworkEnvironment.from_mapping(
        {"https_proxy": "http://one:1", "HTTPS_PROXY": "http://two:2"}
    )
    assert environment.proxy_for("https://example.org/") == "http://one:1"
    assert environment.proxy_for("http://example.org/") is None


@pytest.mark.parametrize(
    "value", ["socks5://user:hidden@host:1", "http://", "http://hidden:x", "ftp://host", "hidden here"]
)
def test_an_unusable_proxy_is_named_without_its_value(value: str) -> None:
    with pytest.raises(UsageError) as caught:
        NetworkEnvironment.from_mapping({"HTTPS_PROXY": value})
    assert caught.value.where == "HTTPS_PROXY"
    assert "hidden" not in str(caught.value)


def test_a_ca_file_replaces_all_others(tmp_path: Path) -> None:
    import trustme

    pem = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(pem))
    context = NetworkEnvironment.from_mapping({"SSL_CERT_FILE": str(pem)}).ssl_context()
    assert len(context.get_ca_certs()) == 1
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_without_a_ca_file_there_are_roots() -> None:
    assert len(NetworkEnvironment().ssl_context().get_ca_certs()) > 50


@pytest.mark.parametrize("content", [None, "no certificate"], ids=["missing", "garbage"])
def test_an_unreadable_ca_file_is_one_clear_line(tmp_path: Path, content: str | None) -> None:
    pem = tmp_path / "ca.pem"
    if content is not None:
        pem.write_text(content)
    with pytest.raises(UsageError, match=r"ca\.pem"):
        NetworkEnvironment(ca_file=str(pem)).ssl_context()


@pytest.mark.parametrize(
    ("endpoint", "allowed"),
    [
        ("https://api.github.com", True),
        ("https://github.example.org/api/v3", True),
        ("http://github.example.org/api/v3", False),
        ("http://10.0.0.8/api/v3", False),
        ("http://127.0.0.1:8080/api.github.com", True),
        ("http://[::1]:8080/api.github.com", True),
        ("http://localhost:8080", True),
        ("http://127.0.0.1.example.org", False),
    ],
)
def test_a_token_goes_over_tls_or_nowhere(
    endpoint: str, allowed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    assert may_carry_token(endpoint, "GITHUB_TOKEN") is allowed
    assert bool(caplog.records) is not allowed


@pytest.mark.parametrize(
    ("url", "variables", "expected"),
    [
        pytest.param("http://a.example/", {"HTTPS_PROXY": "http://p:1"}, True, id="named for https only"),
        pytest.param("https://a.example/", {"HTTP_PROXY": "http://p:1"}, True, id="named for http only"),
        pytest.param("https://a.example/", {"HTTPS_PROXY": "http://p:1"}, False, id="through the proxy"),
        pytest.param("http://a.example/", {}, False, id="no proxy at all"),
        pytest.param("http://127.0.0.1/", {"HTTPS_PROXY": "http://p:1"}, False, id="this machine"),
        pytest.param(
            "http://a.example/", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "a.example"}, False, id="exempt"
        ),
    ],
)
def test_what_is_asked_past_the_proxy(url: str, variables: dict[str, str], expected: bool) -> None:
    assert NetworkEnvironment.from_mapping(variables).is_past_the_proxy(url) is expected
