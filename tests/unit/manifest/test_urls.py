"""Which URLs a credential may be sent to."""

from __future__ import annotations

import pytest

from reconciler.manifest.read.urls import UrlProblem, check_endpoint, check_remote, host_of
from tests.rigs.manifest import manifest, problem, problems


@pytest.mark.parametrize(
    "url",
    [
        "https://api.hetzner.cloud/v1",
        "https://pve.lan:8006",
        "https://10.0.0.1:8006/",
        "https://[2001:db8::1]:8006",
        *("http://localhost:80", "http://127.0.0.1:9/v1", "http://[::1]:8"),
        "acme://anything/at/all",
    ],
)
def test_what_may_be_spoken_to(url: str) -> None:
    check_endpoint(url, "acme")


@pytest.mark.parametrize(
    "url",
    [
        *("http://10.0.0.1", "http://pve.lan:8006", "http://localhost.example.com"),
        *("https://169.254.169.254/latest", "https://[fe80::1]/", "https://[fe80::1%25eth0]/"),
        *("https://[::ffff:169.254.169.254]/", "https://2852039166/", "https://0xa9.0xfe.0xa9.0xfe/"),
        *("https://metadata.google.internal/", "https://0.0.0.0/", "https://[::]/", "https://224.0.0.1/"),
        *("https://user:secret@host/", "https://user@host/", "ftp://host/", "file:///etc/passwd"),
        *("https://ho\x01st/", "https://ho st/", "https://host\n/", "https://host:0/", "https://host:99999/"),
        *("https://host/?token=1", "https://host/#x", "https://", "https://ho\\st/"),
    ],
)
def test_what_may_not(url: str) -> None:
    with pytest.raises(UrlProblem):
        check_endpoint(url, "hetzner")


@pytest.mark.parametrize("url", ["http://u:p@git.example.com/x.git", "https://169.254.169.254/x.git"])
def test_a_remote_that_would_show_a_password_or_is_none(url: str) -> None:
    with pytest.raises(UrlProblem):
        check_remote(url)


def test_a_remote_with_a_password_over_tls_and_one_by_ssh() -> None:
    for url in ("https://u:p@git.example.com/x.git", "ssh://git@host/x.git", "git@host:x.git"):
        check_remote(url)


def test_hosts_are_alike_whatever_the_port_and_the_case() -> None:
    assert host_of("https://PVE.lan.:8006/x") == host_of("https://pve.lan") == "pve.lan"


def test_the_place_is_said_and_no_password() -> None:
    text = manifest("ProviderEndpoint", "e", 'provider: p\nurl: "https://a:hidden@h/"')
    both = f"{manifest('Provider', 'p', 'type: hetzner')}---\n{text}"
    found = problems(both)
    assert found
    assert found[0].location is not None
    assert "hidden" not in str(found)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://ann:hunter2@host/v1", "a user or a password"),
        ("file:///etc/passwd", "no host"),
        ("https://a host/", "a blank"),
    ],
)
def test_what_is_wrong_is_said_in_words_with_what_is_allowed(url: str, words: str) -> None:
    found = problem(manifest("ProviderEndpoint", "e", f'provider: hetzner-main\nurl: "{url}"'))
    assert words in found.message
    assert "https://HOST" in str(found)
    assert "hunter2" not in str(found)
