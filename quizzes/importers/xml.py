"""XML of question files: no document types, no entities, no network, no unbounded trees."""

import html
import re

from lxml import etree

from quizzes.importers.items import QuestionFileError

LARGEST_BYTES = 16 * 1024 * 1024
_TAGS = re.compile(r"<[^>]*>")


def parse_xml(data: bytes, name: str) -> etree._Element:
    """The root, namespaces removed from its elements. Raises QuestionFileError for what isn't acceptable."""
    if len(data) > LARGEST_BYTES:
        raise QuestionFileError(f"{name}: larger than {LARGEST_BYTES} bytes")
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise QuestionFileError(f"{name}: not well-formed XML: {error.msg}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise QuestionFileError(f"{name}: document types are not accepted")
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = etree.QName(element).localname
    etree.cleanup_namespaces(root)
    return root


def inner_html(element: etree._Element | None) -> str:
    """What stands between an element's tags, as HTML."""
    if element is None:
        return ""
    parts = [html.escape(element.text or "", quote=False)]
    parts += [etree.tostring(child, encoding="unicode", method="html") for child in element]
    return "".join(parts).strip()


def plain(markup: str) -> str:
    return " ".join(html.unescape(_TAGS.sub(" ", markup)).split())


def text_of(element: etree._Element | None) -> str:
    return " ".join("".join(map(str, element.itertext())).split()) if element is not None else ""
