"""Addresses inside of a course's HTML that only mean something in the system it came from."""

import re
from collections.abc import Callable
from html import escape, unescape
from urllib.parse import unquote

_ATTRIBUTE = re.compile(r'\b(src|href|poster)="([^"]*)"')
_FILE = re.compile(r"^(?:/static/|/asset-v1:[^/]*\+type@asset\+block@|/c4x/[^/]+/[^/]+/asset/)([^?#]+)")
_BLOCK = re.compile(r"(?:/jump_to_id/([^/?#]+)|/jump_to/block-v1:[^/]*\+block@([^/?#]+))")

Resolve = Callable[[str], str | None]


def file_named(address: str) -> str | None:
    """The name of the course file that an address means, normalised."""
    match = _FILE.match(unquote(address))
    return normalised(match[1]) if match else None


def block_named(address: str) -> str | None:
    """The url_name of the block that an address jumps to."""
    match = _BLOCK.search(unquote(address)) if address.startswith("/") else None
    return (match[1] or match[2]) if match else None


def normalised(name: str) -> str:
    """A file's name as links write it: everything but letters, digits, `_`, `.` and `-` becomes `_`."""
    return re.sub(r"[^\w.-]", "_", name.replace("/", "_"))


def rewrite(html: str, resolve_file: Resolve, resolve_block: Resolve) -> tuple[str, list[str]]:
    """Sanitised HTML with such addresses replaced, and the addresses that resolved to nothing."""
    missing: list[str] = []

    def replace(match: re.Match[str]) -> str:
        address = unescape(match[2])
        if (name := file_named(address)) is not None:
            target = resolve_file(name)
        elif (name := block_named(address)) is not None:
            target = resolve_block(name)
        else:
            return match[0]
        if target is None:
            missing.append(address)
            return match[0]
        return f'{match[1]}="{escape(target)}"'

    return _ATTRIBUTE.sub(replace, html), missing
