"""Where a request comes from: the one answer that limits, sessions, logs and security events share.

Nothing else reads X-Forwarded-For. `resolve` and `network_key` are pure; `client_address` reads the settings.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

UNKNOWN = "0.0.0.0"  # a peer whose address can't be read: all of them share one limit
LOCAL = "127.0.0.1"  # the peer of a Unix socket has no address, and can only be a process of this host
LONGEST_ENTRY = 64
IPV6_LIMIT_PREFIX = 64  # what one subscriber usually holds
MAPPED_PREFIX = 96


def parse_address(text: str) -> Address | None:
    """The address in one header entry, with or without port, brackets, quotes or zone; None when there is none.

    IPv4-mapped IPv6 becomes IPv4.
    """
    text = text.strip().strip('"')
    if not text or len(text) > LONGEST_ENTRY:
        return None
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def parse_networks(entries: Iterable[str]) -> tuple[Network, ...]:
    """The networks among `entries`; what isn't one is left out (a system check names it)."""
    networks: list[Network] = []
    for entry in entries:
        try:
            network = ipaddress.ip_network(entry.strip(), strict=False)
        except ValueError:
            continue
        if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= MAPPED_PREFIX:
            mapped = network.network_address.ipv4_mapped
            if mapped is not None:
                network = ipaddress.IPv4Network((mapped, network.prefixlen - MAPPED_PREFIX))
        networks.append(network)
    return tuple(networks)


def resolve(peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """The client's address. Never raises.

    `peer` is the address of the TCP connection ('' for a Unix socket), `forwarded_for` the X-Forwarded-For header.
    A peer outside of `trusted` is the client, whatever it claims. Otherwise the client is the right-most valid entry
    outside of `trusted`; when every valid entry is trusted, the left-most of them; with no valid entry, the peer.
    """
    address = parse_address(peer or LOCAL)
    if address is None:
        return UNKNOWN
    if not _within(address, trusted):
        return str(address)
    for entry in reversed(forwarded_for.split(",")):
        claimed = parse_address(entry)
        if claimed is None:
            continue
        address = claimed
        if not _within(claimed, trusted):
            break
    return str(address)


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def network_key(address: str) -> str:
    """What limits count by: an IPv4 address as it is, an IPv6 address as its /64, anything else as UNKNOWN."""
    parsed = parse_address(address)
    if parsed is None:
        return UNKNOWN
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(ipaddress.IPv6Network((int(parsed), IPV6_LIMIT_PREFIX), strict=False))


@lru_cache(maxsize=8)
def _trusted(entries: tuple[str, ...]) -> tuple[Network, ...]:
    return parse_networks(entries)


def client_address(request: HttpRequest) -> str:
    """The client's address of this request, always a valid address. Trusted peers: settings.TRUSTED_PROXIES."""
    return resolve(
        request.META.get("REMOTE_ADDR") or "",
        request.META.get("HTTP_X_FORWARDED_FOR") or "",
        _trusted(tuple(settings.TRUSTED_PROXIES)),
    )
