"""Small course exports made on the spot, as a directory or an archive, and importing them."""

import io
import tarfile
from pathlib import Path

from django.core import serializers
from django.core.management import call_command

from courses.models import Course, ImportedItem, Lesson, LessonFile, Section

SMALL = {
    "course.xml": '<course url_name="run1" org="Org" course="C1"/>',
    "course/run1.xml": '<course display_name="Tiny"><chapter url_name="ch1"/><wiki slug="x"/></course>',
    "chapter/ch1.xml": '<chapter display_name="One"><sequential url_name="s1"/></chapter>',
    "sequential/s1.xml": '<sequential display_name="Sub"><vertical url_name="v1"/></sequential>',
    "vertical/v1.xml": (
        '<vertical display_name="Unit"><html url_name="h1"/><problem url_name="p1"/>'
        '<html display_name="Inline"><p>written <b>here</b></p></html></vertical>'
    ),
    "html/h1.xml": '<html filename="h1" display_name="Reading"/>',
    "html/h1.html": '<p>Hello <a href="/jump_to_id/v1">there</a><script>alert(1)</script></p>',
    "problem/p1.xml": '<problem display_name="Sum"><!-- easy --><numericalresponse answer="4"/></problem>',
}


def write(directory: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return directory


def pack(path: Path, files: dict[str, str | bytes], *extra: tarfile.TarInfo) -> Path:
    """`extra` members come first and carry zeros of their declared size."""
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for info in extra:
            archive.addfile(info, io.BytesIO(bytes(info.size)) if info.isreg() else None)
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(f"course/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, *, size: int = 0, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, link
    return info


def run(*args: object) -> str:
    out = io.StringIO()
    call_command("import_course", *map(str, args), stdout=out, stderr=io.StringIO())
    return out.getvalue()


def everything() -> str:
    """Every row of what an import may touch, timestamps included."""
    return "".join(
        serializers.serialize("json", model.objects.order_by("pk"))
        for model in (Course, Section, Lesson, ImportedItem, LessonFile)
    )
