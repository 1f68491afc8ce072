"""Where the alerts' `runbook_url` leads: the documents for whoever is on call, served by the product itself.

Neither database nor Redis is asked, and nobody has to log in: they are read while these are away.
"""

import functools
import re

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt

DOCUMENTS = ("runbooks", "outages", "operations", "troubleshooting", "deployment", "verification")
_LINK = re.compile(r"([a-z]+)\.md(#[\w-]+)?")


def runbooks(request: HttpRequest, name: str = "runbooks") -> HttpResponse:
    """Raises Http404 for a document that isn't one of DOCUMENTS."""
    if name not in DOCUMENTS:
        raise Http404
    title, body = page(name)
    response = render(None, "runbooks.html", {"title": title, "body": body, "documents": DOCUMENTS})
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@functools.cache
def page(name: str) -> tuple[str, SafeString]:
    """Title and HTML of a document; raw HTML in it is shown as text. Raises OSError where docs/ wasn't shipped."""
    parser = MarkdownIt("js-default")
    tokens = parser.parse((settings.BASE_DIR / "docs" / f"{name}.md").read_text())
    title = ""
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "heading_open" and following is not None:
            text = "".join(part.content for part in following.children or ())
            title = title or text
            token.attrSet("id", fragment(text))
        for part in token.children or ():
            if part.type == "link_open":
                target = _target(str(part.attrs.pop("href")))
                part.attrs |= {"href": target} if target else {}
    # No text of anybody else goes into it: the file is part of the release.
    return title, SafeString(parser.renderer.render(tokens, parser.options, {}))  # nosec B703


def fragment(heading: str) -> str:
    """By what GitHub makes a heading reachable."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _target(link: str) -> str:
    """Where a document's link leads on the site; "" where nothing is."""
    if found := _LINK.fullmatch(link):
        return reverse("runbooks", args=[found[1]]) + (found[2] or "") if found[1] in DOCUMENTS else ""
    return link if ":" in link or link.startswith("#") else ""
