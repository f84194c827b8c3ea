"""Which hosts may be asked for a picture: public ones, judged by the address that is really connected to.

Takes names and addresses, gives connections. An entry's addresses come from the web: none of them may reach this
machine, its neighbours or a cloud's metadata, whatever a name resolves to at the moment, and wherever a redirect
leads. A proxy that the environment names is reached as it is; it connects for us, so an address is judged before it
is asked for.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

import httpcore

from apod_pipeline.extras.pictures.settings import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))  # NAT64: an IPv4 address


class Forbidden(Exception):
    """An address that nothing is asked of."""


class Guard:
    """Judges addresses.

    Args:
        allowed: networks that are no public ones and may be asked all the same.
    """

    def __init__(self, allowed: Sequence[Network] = ()) -> None:
        self._allowed = allowed

    def see(self, url: str) -> None:
        """Nothing, where an address may be asked as far as its own words tell.

        Raises:
            Forbidden: it is not of the web, or names an address that is not public.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
            raise Forbidden("not an address of the web")
        try:
            address = ipaddress.ip_address(parts.hostname)
        except ValueError:
            return  # a name: judged when it is connected to
        self._see(address)

    def resolved(self, host: str, port: int) -> list[str]:
        """The addresses of a host that may be connected to.

        Raises:
            Forbidden: one of them is not public. A host that is both here and there is no public one.
            OSError: it is not known.
        """
        told = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in told))
        for one in found:
            self._see(ipaddress.ip_address(one.partition("%")[0]))
        return found

    def _see(self, address: Address) -> None:
        meant = meant_by(address)
        if not (self._is_allowed(address) or self._is_allowed(meant) or is_public(meant)):
            raise Forbidden(f"{address} is not a public address")

    def _is_allowed(self, address: Address) -> bool:
        return any(address in network for network in self._allowed if network.version == address.version)


def meant_by(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for; any other is itself."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address.sixtofour:
            return address.sixtofour
        if address.teredo:
            return address.teredo[1]
        if any(address in network for network in _TRANSLATED):
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(address: Address) -> bool:
    """Whether an address is the public internet's: no private, link-local, metadata, multicast or reserved one."""
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


class GuardedNetwork(httpcore.NetworkBackend):
    """The network with a guard at its door: a name is resolved once, judged, and that very address connected to.

    Args:
        guard: judges.
        proxies: hosts that the environment names: they are connected to as they are.
    """

    def __init__(self, guard: Guard, proxies: Iterable[str] = ()) -> None:
        self._guard, self._proxies, self._network = guard, frozenset(proxies), httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to an address that was judged, or to a proxy that was set."""
        if host in self._proxies:
            return self._network.connect_tcp(host, port, timeout, local_address, socket_options)
        try:
            addresses = self._guard.resolved(host, port)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        last: Exception | None = None
        for address in addresses:
            try:
                return self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last or httpcore.ConnectError(f"{host} has no address")

    def connect_unix_socket(self, *_: object, **__: object) -> httpcore.NetworkStream:
        """None: a socket of this machine is no place for a picture."""
        raise Forbidden("a socket of this machine is no place for a picture")

    def sleep(self, seconds: float) -> None:
        """As httpcore has it."""
        self._network.sleep(seconds)
