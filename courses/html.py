"""Sanitising the HTML of lessons: what a teacher writes may look like a page, but never act like one."""

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


def _keep(tag: str, attribute: str, value: str) -> str | None:
    address = value.strip()
    if address[:5].lower() == "data:":
        return value if tag == "img" and attribute == "src" and address.lower().startswith(INLINE_IMAGES) else None
    if tag == "iframe" and attribute == "src":
        parts = urlsplit(address)
        return value if parts.scheme in ("https", "") and parts.hostname in FRAME_HOSTS else None
    if attribute == "target":
        return "_blank" if value == "_blank" else None
    return value


_cleaner = nh3.Cleaner(
    tags=TAGS,
    attributes=ATTRIBUTES,
    attribute_filter=_keep,
    url_schemes=SCHEMES,
    filter_style_properties=STYLES,
    link_rel="noopener noreferrer",
)


def sanitise(html: str) -> str:
    """Well-formed HTML without scripts, handlers, forms, frames of unknown hosts, and unsafe addresses.

    Relative addresses stay as they are: an import's `/static/…` and `/jump_to_id/…` mean something to the reader.
    """
    return _cleaner.clean(html)
