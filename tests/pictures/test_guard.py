"""Which hosts may be asked: public ones, whatever they are called."""

from __future__ import annotations

import ipaddress

import pytest

from apod_pipeline.extras.pictures.guard import Forbidden, Guard, is_public, meant_by
from apod_pipeline.extras.pictures.settings import networks

INSIDE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104 - nobody listens there
    "10.1.2.3",
    "172.16.0.9",
    "172.31.255.1",
    "192.168.1.1",
    "169.254.169.254",
    "169.254.0.1",
    "100.64.0.1",
    "192.0.2.7",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a00:1::",
    "2001:db8::1",
]
OUTSIDE = ["8.8.8.8", "1.1.1.1", "151.101.1.69", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_that_are_not_public(address):
    """This machine, its neighbours, a cloud's metadata and what is reserved are not public, however written."""
    assert not is_public(meant_by(ipaddress.ip_address(address)))
    written = f"[{address}]" if ":" in address else address
    with pytest.raises(Forbidden, match="not a public address"):
        Guard().see(f"http://{written}/picture.jpg")


@pytest.mark.parametrize("address", OUTSIDE)
def test_public_addresses(address):
    """What is public is let through, also in IPv6's words for an IPv4 address."""
    assert is_public(meant_by(ipaddress.ip_address(address)))
    Guard().see(f"https://{f'[{address}]' if ':' in address else address}/picture.jpg")


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1"])
def test_names_are_judged_by_what_they_resolve_to(host):
    """A name or an odd spelling of this machine's address is judged when it is resolved."""
    with pytest.raises(Forbidden):
        Guard().resolved(host, 80)
    assert Guard(networks("loopback")).resolved(host, 80)


@pytest.mark.parametrize(
    "address", ["ftp://example.org/a.jpg", "file:///etc/passwd", "http://me:secret@example.org/a.jpg", "http:///a.jpg"]
)
def test_what_is_no_address_of_the_web(address):
    """Other schemes, and addresses with a password, are not asked; what is said does not hold the password."""
    with pytest.raises(Forbidden) as said:
        Guard().see(address)
    assert "secret" not in str(said.value)


def test_networks_that_are_allowed():
    """A network that is set may be asked, also where it is written as IPv6; its neighbours may not."""
    guard = Guard(networks("10.2.0.0/16"))
    guard.see("http://10.2.3.4/a.jpg")
    guard.see("http://[::ffff:10.2.3.4]/a.jpg")
    with pytest.raises(Forbidden):
        guard.see("http://10.3.0.1/a.jpg")


@pytest.mark.parametrize("text", ["everything", "10.0.0.0/99", "10.1.1.1/8"])
def test_networks_that_are_none(text):
    """What is no network is said to be none."""
    with pytest.raises(ValueError, match="must be `loopback` or networks"):
        networks(text)
