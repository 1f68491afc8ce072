"""The PDF: what it says, that everybody can read it, that it never changes."""

import datetime
import io
from dataclasses import replace

import pikepdf
import pypdf
import pytest

from certificates import pdf

DAY = datetime.datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=datetime.UTC)
CONTENT = pdf.Content(
    person="Zoë Müller-Łukasz",
    course="Cells & <Tissues>",
    issuer="Example School",
    serial="ABCDE-FGHJK-MNPQR-STVWX-YZ012",
    address="https://lms.example.com/certificates/ABCDE-FGHJK-MNPQR-STVWX-YZ012",
    completed_at=DAY,
    issued_at=DAY + datetime.timedelta(days=1),
)


def text_of(data: bytes) -> list[str]:
    pages = pypdf.PdfReader(io.BytesIO(data)).pages
    assert len(pages) == 1
    return pages[0].extract_text().splitlines()


def test_it_says_who_did_what_when_and_where_to_check():
    assert text_of(pdf.render(CONTENT).data) == [
        "Certificate of completion",
        "This certifies that",
        "Zoë Müller-Łukasz",
        "has completed the course",
        "Cells & <Tissues>",
        "on 1 March 2026",
        "Issued by Example School on 2 March 2026",
        "Serial number ABCDE-FGHJK-MNPQR-STVWX-YZ012",
        "Check it at https://lms.example.com/certificates/ABCDE-FGHJK-MNPQR-STVWX-YZ012",
    ]


def test_the_same_content_gives_the_same_bytes_and_other_content_others():
    first, again = pdf.render(CONTENT), pdf.render(CONTENT)
    assert first == again
    assert pdf.render(replace(CONTENT, person="Zoë")).data != first.data


def structure(element: pikepdf.Object) -> list[tuple[str, str]]:
    """Tags in reading order, with the alternative text of figures."""
    found = []
    children = element.get("/K", [])
    for child in children if isinstance(children, pikepdf.Array) else [children]:
        if isinstance(child, pikepdf.Dictionary) and "/S" in child:
            found.append((str(child["/S"]), str(child.get("/Alt", ""))))
            found += structure(child)
    return found


def test_a_screen_reader_finds_title_language_headings_and_what_the_image_is():
    with pikepdf.open(io.BytesIO(pdf.render(CONTENT).data)) as document:
        assert str(document.Root.Lang) == "en"
        assert bool(document.Root.MarkInfo.Marked)
        assert bool(document.Root.ViewerPreferences.DisplayDocTitle)
        with document.open_metadata() as metadata:
            assert metadata["dc:title"] == "Certificate of completion: Cells & <Tissues>"
            assert metadata["pdfuaid:part"] == "1"
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "A")
        tags = structure(document.Root.StructTreeRoot)
    assert [tag for tag, _ in tags if tag.startswith("/H")] == ["/H1", "/H2", "/H2"]
    assert [alt for tag, alt in tags if tag == "/Figure"] == [
        "QR code of the address where this certificate is checked"
    ]
    assert sum(tag == "/Link" for tag, _ in tags) == 2


@pytest.mark.parametrize(
    ("name", "font"),
    [
        ("Ελένη Παπαδοπούλου", "NotoSans"),
        ("Дарья Ёлкина", "NotoSans"),
        ("محمد عبد الله", "NotoSansArabic"),
        ("علی\u200cرضا", "NotoSansArabic"),
        ("יוסי כהן", "Heebo"),
        ("王小明", "NotoSansCJK"),
        ("山田 太郎", "NotoSansCJK"),
        ("김민준", "NotoSansCJK"),
        ("क्षत्रिय", "NotoSans"),
    ],
)
def test_names_of_many_scripts_have_every_letter(name, font):
    rendered = pdf.render(replace(CONTENT, person=name))
    assert rendered.complete
    with pikepdf.open(io.BytesIO(rendered.data)) as document:
        fonts = {str(font.BaseFont).split("+")[1] for font in document.pages[0].Resources.Font.values()}
    assert any(found.startswith(font) for found in fonts), fonts


def test_direction_follows_the_first_letter_that_has_one():
    assert [pdf.is_rtl(text) for text in ("Ada", "عمر", "יוסי", "1. عمر", "Ada עמר", "王", "123", "")] == [
        False, True, True, True, False, False, False, False,
    ]  # fmt: skip


def test_a_name_is_text_never_markup():
    hostile = '#panic("x") *b* _i_ $x$ <label> @ref [c] \\ // #sys.inputs'
    assert text_of(pdf.render(replace(CONTENT, person=hostile)).data)[2] == hostile


def test_letters_without_a_font_still_give_a_certificate_and_say_so():
    rendered = pdf.render(replace(CONTENT, person="Ada ꧁"))
    assert not rendered.complete
    assert text_of(rendered.data)[2].startswith("Ada")


def test_the_longest_names_fit_on_one_page():
    for letter in ("W", "王"):
        text_of(pdf.render(replace(CONTENT, person=letter * 150, course=f"{letter * 9} " * 25)).data)


def test_a_missing_folder_of_fonts_is_a_named_failure(settings):
    settings.CERTIFICATE_FONTS = ["/nowhere/fonts"]
    with pytest.raises(pdf.RenderError) as failure:
        pdf.render(CONTENT)
    assert failure.value.reason == "fonts_missing"
