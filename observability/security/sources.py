"""Where a security event comes from: how it is told apart, and how it is shown."""

import hashlib
import ipaddress
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from observability.conf import conf
from observability.policy import current_policy
from observability.redaction.policy import IpPolicy
from observability.redaction.validators import truncate_ip

IPV6_PREFIX = 64  # what one subscriber usually holds


def source_of(request: Any) -> str:
    """The client's address by the setting CLIENT_ADDRESS, else the peer's."""
    if conf.CLIENT_ADDRESS:
        return str(import_string(conf.CLIENT_ADDRESS)(request))
    return str(request.META.get("REMOTE_ADDR") or "")


def network(address: str) -> str:
    """What counts as one source: an IPv4 address, the /64 of an IPv6 address, any other text as it is."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), IPV6_PREFIX), strict=False))


def keyed(text: str) -> str:
    """16 hex digits that tell one text from another, and nothing else to those without SECRET_KEY."""
    secret = hashlib.sha256(b"security" + str(settings.SECRET_KEY).encode()).digest()
    return hashlib.blake2b(text.encode(errors="replace"), key=secret, digest_size=8).hexdigest()


def shown(address: str) -> str:
    """The source as the log line and the table show it, by the setting SECURITY_SOURCE.

    Whatever the setting: what is no address is never shown. Raises ValueError for an unknown setting.
    """
    try:
        ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    policy = IpPolicy(conf.SECURITY_SOURCE)
    if policy is IpPolicy.KEEP:
        return address
    if policy is IpPolicy.TRUNCATE:
        return truncate_ip(address) or ""
    return f"[ip:{current_policy().digest(address)}]"
