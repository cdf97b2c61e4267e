"""Texts with a format: their one spelling, and the refusal of what is none."""

from __future__ import annotations

import pytest

from reconciler.manifest.read.formats import FormatProblem, checked_text
from reconciler.model.values import Format
from tests.rigs.manifest import PUBLIC_KEY


@pytest.mark.parametrize(
    ("written", "form", "canonical"),
    [
        ("2001:DB8::/32", Format.CIDR, "2001:db8::/32"),
        ("0.0.0.0/0", Format.CIDR, "0.0.0.0/0"),
        ("2001:0db8:0::1", Format.IP, "2001:db8::1"),
        ("192.168.1.5/24", Format.INTERFACE, "192.168.1.5/24"),
        ("dhcp", Format.INTERFACE, "dhcp"),
        ("bc-24-11-00-00-01", Format.MAC, "BC:24:11:00:00:01"),
        ("Web-1.Example.COM", Format.HOSTNAME, "web-1.example.com"),
        (f"{PUBLIC_KEY} jane@laptop", Format.SSH_PUBLIC_KEY, PUBLIC_KEY),
        (f"{PUBLIC_KEY} ssh-laptop of jane\n\n", Format.SSH_PUBLIC_KEY, PUBLIC_KEY),
        ("two\r\nlines\n", Format.TEXT, "two\nlines"),
        (" as it is ", Format.PLAIN, " as it is "),
    ],
)
def test_a_text_has_one_spelling(written: str, form: Format, canonical: str) -> None:
    assert checked_text(written, form) == canonical


@pytest.mark.parametrize(
    ("written", "form", "words"),
    [
        ("10.0.0.0/33", Format.CIDR, "no address range"),
        ("fe80::1/64", Format.CIDR, "host bits"),
        ("2001:db8::1", Format.CIDR, "one address"),
        ("10.0.0.256", Format.IP, "no IP address"),
        ("10.0.0.1/24", Format.IP, "no IP address"),
        ("10.0.0.5", Format.INTERFACE, "prefix length"),
        ("2001:db8::5", Format.INTERFACE, "prefix length"),
        ("dhcp6", Format.INTERFACE, "no address"),
        ("BC:24:11:00:00", Format.MAC, "no MAC address"),
        ("BC:24-11:00:00:01", Format.MAC, "no MAC address"),
        ("web_1..example", Format.HOSTNAME, "no host name"),
        ("-web", Format.HOSTNAME, "no host name"),
        (PUBLIC_KEY.split()[1], Format.SSH_PUBLIC_KEY, "no OpenSSH public key"),
        (PUBLIC_KEY[:-3], Format.SSH_PUBLIC_KEY, "damaged"),
        (PUBLIC_KEY.replace("ssh-ed25519", "ssh-rsa"), Format.SSH_PUBLIC_KEY, "damaged"),
        (f"{PUBLIC_KEY}\n{PUBLIC_KEY}", Format.SSH_PUBLIC_KEY, "2 keys"),
        (f"{PUBLIC_KEY} jane\n{PUBLIC_KEY} bob\n", Format.SSH_PUBLIC_KEY, "2 keys"),
        (f"{PUBLIC_KEY} jane {PUBLIC_KEY}", Format.SSH_PUBLIC_KEY, "second key"),
        (f"{PUBLIC_KEY}\nand more", Format.SSH_PUBLIC_KEY, "one line"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", Format.SSH_PUBLIC_KEY, "private key"),
    ],
)
def test_what_is_not_of_the_format_is_refused(written: str, form: Format, words: str) -> None:
    with pytest.raises(FormatProblem, match=words):
        checked_text(written, form)
