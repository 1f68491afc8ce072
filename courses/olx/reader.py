"""From the files of an export to a ParsedCourse.

A block is written where it stands or pointed to by `<tag url_name="x"/>`, which means `tag/x.xml`. Chapters become
sections; sequentials and verticals are the places inside of them; html and video blocks become lessons; every other
block is kept as it is. What `drafts/` holds is read too, as unpublished.
Source: the OLX chapters of the Open edX educator documentation, and the exports themselves.
"""

import re
from dataclasses import replace
from typing import Any

import nh3
from lxml import etree

from courses.olx.archive import Export
from courses.olx.blocks import OlxError, ParsedCourse, ParsedFile, ParsedItem, ParsedLesson, ParsedSection, Place
from courses.olx.links import normalised
from courses.olx.policy import as_bool, as_date, course_settings, read_grading_policy, read_policy
from courses.olx.video import parse_video
from courses.olx.xml import block_data, inner_markup, parse_xml

DEEPEST = 32
LONGEST_TITLE = 250
LONGEST_KEY = 200
LONGEST_TAG = 50
_NOT_BLOCKS = {"wiki"}


def read_course(export: Export) -> ParsedCourse:
    """Raises OlxError when anything the course refers to is missing, malformed or present twice."""
    return _Reader(export).course()


class _Reader:
    def __init__(self, export: Export) -> None:
        self.export = export
        self.seen: set[str] = set()
        self.places: dict[str, tuple[ParsedSection, Place]] = {}
        self.drafts = False

    def course(self) -> ParsedCourse:
        pointer = self._parse("course.xml")
        if pointer.tag != "course":
            raise OlxError("'course.xml' doesn't hold a course")
        run = pointer.get("url_name", "")
        element = pointer
        if not len(pointer) and run:
            element = self._parse(f"course/{run}.xml")
        names = [pointer.get(name) or element.get(name, "") for name in ("org", "course")]
        attributes = {**element.attrib, **read_policy(self.export, run)}
        self.parsed = ParsedCourse(
            source_key=f"course-v1:{'+'.join([*names, run])}"[:LONGEST_KEY],
            title=_short(attributes.get("display_name")) or names[1] or run,
            language=str(attributes.get("language") or "")[:20],
            settings=course_settings(attributes) | {"grading_policy": read_grading_policy(self.export, run)},
            summary=self._about("short_description"),
            description=self._about("overview"),
        )
        self.parsed.files = [
            ParsedFile(name, self.export.root / name)
            for name in self.export.under("static")
            if not any(part.startswith(".") for part in name.split("/"))
        ]
        self.files = {normalised(file.source_key.removeprefix("static/")): file for file in self.parsed.files}
        for index, child in enumerate(_elements(element)):
            if child.tag == "chapter":
                self._section(child, f"course/{index}")
            elif child.tag not in _NOT_BLOCKS:
                self._block(child, f"course/{index}", self._outside_chapters(), Place(), 1)
        self._read_drafts()
        return self.parsed

    def _parse(self, name: str) -> etree._Element:
        return parse_xml(self.export.text(name), name)

    def _about(self, name: str) -> str:
        path = f"about/{name}.html"
        if path not in self.export:
            return ""
        text = self.export.text(path)
        if name == "overview":
            return text
        return re.sub(r"\s+", " ", nh3.clean_text(nh3.clean(text, tags=set()))).strip() if "<" in text else text.strip()

    def _section(self, pointer: etree._Element, where: str) -> None:
        element, key = self._load(pointer, where)[:2]
        section = ParsedSection(source_key=key, title=_title(element) or "Untitled")
        place = _dated(Place(), element)
        self.parsed.sections.append(section)
        self._count("chapter")
        self.places[key] = (section, place)
        self._children(element, key, section, place, 1)

    def _outside_chapters(self) -> ParsedSection:
        """The section for blocks that stand in the course itself."""
        section, _ = self.places.setdefault("course", (ParsedSection("course", self.parsed.title), Place()))
        if section not in self.parsed.sections:
            self.parsed.sections.append(section)
        return section

    def _children(self, element: etree._Element, key: str, section: ParsedSection, place: Place, depth: int) -> None:
        if depth > DEEPEST:
            raise OlxError(f"blocks are nested deeper than {DEEPEST}")
        for index, child in enumerate(_elements(element)):
            self._block(child, f"{key}/{index}", section, place, depth)

    def _block(self, pointer: etree._Element, where: str, section: ParsedSection, place: Place, depth: int) -> None:
        element, key, raw = self._load(pointer, where)
        tag, title = str(element.tag), _title(element)
        self._count(tag)
        place = _dated(place, element)
        if tag == "sequential":
            place = replace(place, subsection_key=key, subsection_title=title)
        elif tag == "vertical":
            place = replace(place, unit_key=key, unit_title=title)
        self.places[key] = (section, place)
        if tag in ("sequential", "vertical"):
            self._children(element, key, section, place, depth + 1)
        elif tag == "html":
            section.blocks.append(self._lesson(element, key, title, place))
        elif tag == "video" and (video := parse_video(element, self._static)):
            title = title or place.unit_title or "Video"
            section.blocks.append(ParsedLesson(key, title, "", place, published=not self.drafts, video=video))
        else:
            section.blocks.append(self._item(element, key, title, place, raw))
            for index, child in enumerate(_elements(element)):
                if self._path(child) in self.export:
                    self._block(child, f"{key}/{index}", section, place, depth + 1)

    def _lesson(self, element: etree._Element, key: str, title: str, place: Place) -> ParsedLesson:
        if filename := element.get("filename"):
            html = self.export.text(self._draft_path(f"html/{filename.replace(':', '/')}.html"))
        else:
            html = inner_markup(element)
        title = title or place.unit_title or place.subsection_title or "Untitled"
        return ParsedLesson(key, title, html, place, published=not self.drafts)

    def _item(self, element: etree._Element, key: str, title: str, place: Place, raw: str) -> ParsedItem:
        data = block_data(element)
        if not self.drafts:
            self.parsed.responses.update(data["responses"])
        return ParsedItem(key, str(element.tag), title, raw, data, place, published=not self.drafts)

    def _static(self, name: str) -> ParsedFile | None:
        file = self.files.get(normalised(name.removeprefix("/static/")))
        if file is None:
            self.parsed.warnings.append(f"the transcript {name!r} is not in the export")
        return file

    def _load(self, pointer: etree._Element, where: str) -> tuple[etree._Element, str, str]:
        """The block's own element, its key and its XML. Each block of an export stands in one place."""
        tag, url_name = str(pointer.tag), pointer.get("url_name")
        if len(tag) > LONGEST_TAG or not tag.isprintable():
            raise OlxError(f"a block's tag {tag[:LONGEST_TAG]!r} is too long")
        path = self._path(pointer)
        if path:
            raw = self.export.text(path)
            element = parse_xml(raw, path)
            if element.tag != tag:
                raise OlxError(f"{path!r} holds a {element.tag!r}")
        else:
            element, raw = pointer, etree.tostring(pointer, encoding="unicode", with_tail=False)
        key = f"{tag}@{url_name or where}"
        if self.drafts:
            key = f"draft/{key}"
        if len(key) > LONGEST_KEY:
            raise OlxError(f"the name of a block, {key[:LONGEST_TITLE]!r}, is too long")
        if key in self.seen:
            raise OlxError(f"block {key!r} stands in more than one place")
        self.seen.add(key)
        return element, key, raw

    def _path(self, pointer: etree._Element) -> str:
        """The file that `pointer` points to, empty for a block written where it stands."""
        if pointer.keys() != ["url_name"] or len(pointer) or (pointer.text or "").strip():
            return ""
        return self._draft_path(f"{pointer.tag}/{pointer.get('url_name', '').replace(':', '/')}.xml")

    def _draft_path(self, path: str) -> str:
        return f"drafts/{path}" if self.drafts and f"drafts/{path}" in self.export else path

    def _count(self, tag: str) -> None:
        (self.parsed.draft_counts if self.drafts else self.parsed.counts)[tag] += 1

    def _read_drafts(self) -> None:
        """Drafts that name their parent hang below it; the others are reached from those."""
        self.drafts = True
        found: list[tuple[str, int, str, etree._Element]] = []
        for name in self.export.under("drafts", ".xml"):
            element = self._parse(name)
            parent = re.search(r"\+type@([^+]+)\+block@(.+)$", element.get("parent_url", ""))
            if parent:
                index = element.get("index_in_children_list", "0")
                order = int(index) if index.isdecimal() else 0
                found.append((f"{parent[1]}@{parent[2]}", order, name, element))
        for parent_key, _, name, element in sorted(found, key=lambda draft: draft[:3]):
            home = self.places.get(f"draft/{parent_key}") or self.places.get(parent_key)
            if home is None:
                self.parsed.warnings.append(f"{name!r} belongs to {parent_key!r}, which the course doesn't have")
                continue
            element.set("url_name", name.rsplit("/", 1)[1].removesuffix(".xml"))
            self._block(element, name, *home, depth=1)


def _elements(parent: etree._Element) -> list[etree._Element]:
    return [child for child in parent if isinstance(child.tag, str)]


def _dated(place: Place, element: etree._Element) -> Place:
    """What a block sets itself replaces what it would inherit."""
    own: dict[str, Any] = {"available_at": as_date(element.get("start")), "due_at": as_date(element.get("due"))}
    if as_bool(element.get("graded")):
        own["assignment_type"] = element.get("format", "")[:100]
    return replace(place, **{name: date for name, date in own.items() if date})


def _title(element: etree._Element) -> str:
    return _short(element.get("display_name"))


def _short(text: Any) -> str:
    title = " ".join(str(text or "").split())
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + "…"
