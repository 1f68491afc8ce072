"""XML of exports: parsed without document types, entities, network or unbounded trees."""

from typing import Any

from lxml import etree

from courses.olx.blocks import OlxError


def parse_xml(text: str, name: str) -> etree._Element:
    """The root element. Raises OlxError for malformed XML and for any document type."""
    # The encoding is ours: a declared one could hide a document type from every check.
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise OlxError(f"{name!r} is not well-formed XML: {error.msg}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise OlxError(f"{name!r} has a document type, which is not accepted")
    return root


def inner_markup(element: etree._Element) -> str:
    """What stands between an element's tags."""
    parts = [element.text or ""]
    parts += [etree.tostring(child, encoding="unicode", method="html") for child in element]
    return "".join(parts)


def as_json(element: etree._Element) -> dict[str, Any]:
    """An element as {tag, attributes, text, children, tail}; empty members are left out."""
    node: dict[str, Any] = {"tag": element.tag}
    if element.attrib:
        node["attributes"] = {str(name): str(value) for name, value in element.attrib.items()}
    if element.text and element.text.strip():
        node["text"] = element.text
    children = [as_json(child) for child in element if isinstance(child.tag, str)]
    if children:
        node["children"] = children
    if element.tail and element.tail.strip():
        node["tail"] = element.tail
    return node


def block_data(element: etree._Element) -> dict[str, Any]:
    """The normalised form of a block: its attributes, the kinds of its responses in order, and its tree."""
    tags = [node.tag for node in element.iter() if isinstance(node.tag, str)]
    return {
        "attributes": {str(name): str(value) for name, value in element.attrib.items()},
        "responses": [tag for tag in tags if tag.endswith("response")],
        "tree": as_json(element),
    }
