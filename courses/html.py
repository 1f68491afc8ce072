"""Sanitising the HTML of lessons: what a teacher writes may look like a page, but never act like one."""

import re
from html import unescape
from urllib.parse import urlsplit

import nh3

TAGS = nh3.ALLOWED_TAGS | {"iframe", "figure", "figcaption", "video", "audio", "source", "track", "section", "main"}
ATTRIBUTES = {
    **{tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()},
    "*": {"class", "style", "dir", "lang", "title", "role", "aria-label", "aria-hidden"},
    "iframe": {"src", "width", "height", "allowfullscreen"},
    "video": {"src", "poster", "controls", "width", "height"},
    "audio": {"src", "controls"},
    "source": {"src", "type"},
    "track": {"src", "kind", "srclang", "label", "default"},
}
ATTRIBUTES["a"] = ATTRIBUTES.get("a", set()) | {"href", "target", "name"}
STYLES = {
    "background-color", "border", "border-collapse", "color", "display", "float", "font-style", "font-weight", "height",
    "list-style-type", "margin", "margin-bottom", "margin-left", "margin-right", "margin-top", "max-width", "padding",
    "text-align", "text-decoration", "vertical-align", "width",
}  # fmt: skip
SCHEMES = {"http", "https", "mailto", "tel", "data"}
FRAME_HOSTS = {"www.youtube.com", "www.youtube-nocookie.com", "youtube.com", "player.vimeo.com", "docs.google.com"}
INLINE_IMAGES = ("data:image/png;", "data:image/jpeg;", "data:image/gif;", "data:image/webp;")


def _host(address: str) -> str | None:
    """The host of an address that a frame may have: https, or the page's own scheme."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return parts.hostname if parts.scheme in ("https", "") else None


def _keep(tag: str, attribute: str, value: str) -> str | None:
    address = value.strip()
    if address[:5].lower() == "data:":
        return value if tag == "img" and attribute == "src" and address.lower().startswith(INLINE_IMAGES) else None
    if tag == "iframe" and attribute == "src":
        return value if _host(address) else None
    if attribute == "target":
        return "_blank" if value == "_blank" else None
    return value


_FRAME = re.compile(r"<iframe([^>]*)>[^<]*</iframe>")
_FRAME_ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')


def _cleaner_for(attributes: dict[str, set[str]]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=TAGS,
        attributes=attributes,
        attribute_filter=_keep,
        url_schemes=SCHEMES,
        filter_style_properties=STYLES,
        link_rel="noopener noreferrer",
    )


_cleaner = _cleaner_for(ATTRIBUTES)
_styleless = _cleaner_for({tag: names - {"style"} for tag, names in ATTRIBUTES.items()})


def sanitise(html: str) -> str:
    """Well-formed HTML without scripts, handlers, forms, frames of unknown hosts, and unsafe addresses.

    A frame of an unknown host becomes a link to it. Relative addresses stay as they are.
    """
    clean = _cleaner.clean(html)
    linked = _FRAME.sub(_frame, clean)
    return clean if linked == clean else _cleaner.clean(linked)


def without_styles(html: str) -> str:
    """Sanitised HTML without style attributes, for pages whose policy refuses inline styles."""
    return _styleless.clean(html)


def _frame(match: re.Match[str]) -> str:
    """`match` is a frame as the cleaner writes it: known attributes, values in double quotes and escaped."""
    attributes = dict(_FRAME_ATTRIBUTE.findall(match[1]))
    address = attributes.get("src", "")
    if not address:
        return ""
    if _host(unescape(address)) in FRAME_HOSTS:
        return match[0]
    text = attributes.get("title") or address
    return f'<a href="{address}" target="_blank" rel="noopener noreferrer">{text}</a>'
