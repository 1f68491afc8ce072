"""The certificate as a PDF: tagged and accessible (PDF/UA-1, PDF/A-2a), the same bytes for the same content."""

import datetime
import json
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import qrcode
import qrcode.image.svg
import typst
from django.conf import settings

TEMPLATE = Path(__file__).with_name("template.typ")
FONT_PACKAGES = ("fontpkg_noto_sans", "fontpkg_noto_sans_arabic", "fontpkg_heebo", "cvttf_NotoSansCJK_Regular")
FIRST_FAMILIES = ("Noto Sans", "Noto Sans Arabic", "Heebo", "Noto Sans CJK TC")
STANDARDS: list["typst.PDFStandard"] = ["a-2a", "ua-1"]


class RenderError(Exception):
    """The PDF could not be made. `reason` is one of REASONS."""

    REASONS = ("fonts_missing", "template", "storage", "unexpected")

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason = reason


@dataclass(frozen=True)
class Content:
    """What a certificate says. `address` is where it is checked."""

    person: str
    course: str
    issuer: str
    serial: str
    address: str
    completed_at: datetime.datetime
    issued_at: datetime.datetime


@dataclass(frozen=True)
class Rendered:
    """`complete` is false when no font has some letter: then the file can't conform to PDF/A and PDF/UA."""

    data: bytes
    complete: bool


def render(content: Content) -> Rendered:
    """Raises RenderError."""
    compiler = typst.Compiler(TEMPLATE, font_paths=_fonts(tuple(settings.CERTIFICATE_FONTS)))
    values = {"values": json.dumps(_values(content))}
    try:
        return Rendered(_compile(compiler, values, content, STANDARDS), complete=True)
    except typst.TypstError as error:
        if "could not be displayed" not in str(error):
            raise RenderError("template", str(error)) from error
    try:
        return Rendered(_compile(compiler, values, content, []), complete=False)
    except typst.TypstError as error:
        raise RenderError("template", str(error)) from error


def _compile(
    compiler: typst.Compiler, values: dict[str, str], content: Content, standards: list["typst.PDFStandard"]
) -> bytes:
    # A fixed timestamp: the time of rendering would make every rendering differ.
    moment = content.issued_at.replace(microsecond=0)
    data = compiler.compile(sys_inputs=values, format="pdf", pdf_standards=standards, timestamp=moment)
    assert isinstance(data, bytes)
    return data


def _values(content: Content) -> dict[str, object]:
    image = qrcode.make(content.address, image_factory=qrcode.image.svg.SvgPathImage)
    return {
        "title": f"Certificate of completion: {content.course}",
        "issuer": content.issuer,
        "person": {"text": content.person, "rtl": is_rtl(content.person)},
        "course": {"text": content.course, "rtl": is_rtl(content.course)},
        "completed": _day(content.completed_at),
        "issued": _day(content.issued_at),
        "serial": content.serial,
        "address": content.address,
        "qr": image.to_string().decode(),
        "fonts": _families(tuple(settings.CERTIFICATE_FONTS)),
    }


def is_rtl(text: str) -> bool:
    """The direction of the first letter that has one (Unicode Bidirectional Algorithm, rules P2 and P3)."""
    for letter in text:
        direction = unicodedata.bidirectional(letter)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def _day(moment: datetime.datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"


@lru_cache(maxsize=2)
def _fonts(directories: tuple[str, ...]) -> typst.Fonts:
    packaged = []
    for name in FONT_PACKAGES:
        spec = find_spec(name)
        if spec is None or not spec.submodule_search_locations:
            raise RenderError("fonts_missing", f"the package {name} is not installed")
        packaged.append(spec.submodule_search_locations[0])
    missing = [directory for directory in directories if not Path(directory).is_dir()]
    if missing:
        raise RenderError("fonts_missing", f"LMS_CERTIFICATE_FONTS: {missing[0]} is not a directory")
    return typst.Fonts(False, False, [*packaged, *directories])


def _families(directories: tuple[str, ...]) -> list[str]:
    found = _fonts(directories).families()
    return [*FIRST_FAMILIES, *sorted(set(found) - set(FIRST_FAMILIES))]
