"""The rules of each format, on small files of our own."""

import zipfile
from decimal import Decimal

import pytest

from quizzes import scoring
from quizzes.importers import QuestionFileError, gift, olx, own_json, read_questions, trivia


def write(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def only(parsed):
    assert [item.reason for item in parsed.skipped] == []
    (question,) = parsed.questions
    return question


def earns(question, response):
    return scoring.fraction(question.kind, question.content, response)


def test_gift_missing_word_and_weights():
    question = only(gift.parse("::T::Jesus was from {~A ~%25%B#near =C#yes} indeed."))
    assert (question.title, question.prompt) == ("T", "Jesus was from _____ indeed.")
    assert [(c["text"], c["weight"], c["feedback"]) for c in question.content["choices"]] == [
        ("A", "0", ""),
        ("B", "0.25", "near"),
        ("C", "1", "yes"),
    ]


def test_gift_escapes_and_general_feedback():
    question = only(gift.parse("Which \\{a\\}\\: equals 5? {~ \\= 2 + 2 = \\= 2 + 3 ####See p. 5 \\#1}"))
    assert question.prompt == "Which {a}: equals 5?"
    assert [choice["text"] for choice in question.content["choices"]] == ["= 2 + 2", "= 2 + 3"]
    assert question.explanation == "See p. 5 #1"


def test_gift_true_false_feedback_goes_wrong_then_right():
    question = only(gift.parse("42?{FALSE#wrong#right}"))
    assert question.content == {"correct": False, "feedback": {"true": "wrong", "false": "right"}}


def test_gift_numbers():
    question = only(gift.parse("When?{#\n=1822:0 #exact\n=%50%1822:2 #close\n~#no}"))
    assert [earns(question, text) for text in ("1822", "1824", "1830")] == [1, Decimal("0.5"), 0]
    assert [earns(only(gift.parse("Pick {#1..5}")), text) for text in ("1", "5", "5.1")] == [1, 1, 0]


def test_gift_wildcards_stand_for_any_text():
    question = only(gift.parse("Best?{=Frog =%50%Cat* =%0%*}"))
    assert [earns(question, text) for text in ("frog", "catfish", "dog")] == [1, Decimal("0.5"), 0]


def test_gift_markup_of_plain_texts_is_shown_not_run():
    assert only(gift.parse("Is <b>1</b> < 2?{T}")).prompt == "Is &lt;b&gt;1&lt;/b&gt; &lt; 2?"
    assert only(gift.parse("[html]<p>a<script>x()</script></p>{T}")).prompt == "<p>a</p>"


def test_gift_reports_what_is_malformed():
    parsed = gift.parse("Broken }{ here\n\nBad {#abc}\n\n{}\n\nGood {T}")
    assert [question.kind for question in parsed.questions] == ["true_false"]
    assert [(item.kind, item.source) for item in parsed.skipped] == [
        ("malformed", "line 1"),
        ("numerical", "line 3"),
        ("essay", "line 5"),
    ]


MOODLE = """<quiz>
<question type="category"><category><text>top</text></category></question>
<question type="multichoice"><name><text>MC</text></name><questiontext format="html"><text>Two?</text></questiontext>
  <defaultgrade>2.5</defaultgrade><single>false</single>
  <answer fraction="50"><text>a</text></answer><answer fraction="50"><text>b</text></answer>
  <answer fraction="-100"><text>c</text><feedback><text>no</text></feedback></answer></question>
<question type="shortanswer"><questiontext><text>Word?</text></questiontext><usecase>1</usecase>
  <answer fraction="100"><text>Cat*</text></answer></question>
<question type="numerical"><questiontext><text>Length?</text></questiontext>
  <answer fraction="100"><text>2</text><tolerance>0.1</tolerance></answer>
  <units><unit><multiplier>1</multiplier><unit_name>m</unit_name></unit>
  <unit><multiplier>100</multiplier><unit_name>cm</unit_name></unit></units></question>
<question type="matching"><questiontext><text>Match</text></questiontext>
  <subquestion><text>Paris</text><answer><text>France</text></answer></subquestion>
  <subquestion><text>Rome</text><answer><text>Italy</text></answer></subquestion>
  <subquestion><text></text><answer><text>Spain</text></answer></subquestion></question>
<question type="truefalse"><questiontext><text>Yes?</text></questiontext>
  <answer fraction="0"><text>true</text></answer><answer fraction="100"><text>false</text></answer></question>
<question type="gapselect"><questiontext><text>The [[2]] and the [[1]].</text></questiontext>
  <selectoption><text>dog</text><group>1</group></selectoption>
  <selectoption><text>cat</text><group>1</group></selectoption></question>
<question type="cloze"><questiontext><text>{1:SA:=x}</text></questiontext></question>
<question type="essay"><questiontext><text>Write.</text></questiontext></question>
<question type="numerical"><questiontext><text>Bad</text></questiontext>
  <answer fraction="100"><text>x</text></answer></question>
</quiz>"""


def test_moodle_xml(tmp_path):
    parsed = read_questions(write(tmp_path, "m.xml", MOODLE))
    kinds = [question.kind for question in parsed.questions]
    assert kinds == ["multiple_choice", "short_text", "numerical", "matching", "true_false", "fill_in", "essay"]
    assert [item.kind for item in parsed.skipped] == ["category", "cloze", "numerical"]
    choice, text, number, matching, truth, gaps, _ = parsed.questions
    assert (choice.title, choice.points) == ("MC", Decimal("2.5"))
    assert [earns(choice, picked) for picked in (["c1", "c2"], ["c1"], ["c1", "c3"])] == [1, Decimal("0.5"), 0]
    assert [earns(text, typed) for typed in ("Catfish", "catfish")] == [1, 0]
    assert [earns(number, typed) for typed in ("2.05 m", "205 cm", "205")] == [1, 1, 0]
    assert (len(matching.content["items"]), len(matching.content["options"])) == (2, 3)
    assert truth.content["correct"] is False
    assert gaps.prompt == "The [[g2]] and the [[g1]]."
    assert earns(gaps, {"g2": "cat", "g1": "dog"}) == 1


def test_olx_takes_several_responses_apart_and_shares_the_weight():
    parsed = olx.parse(
        b"""<problem display_name="P" weight="3"><p>Intro</p>
        <stringresponse answer="a+" type="ci regexp"><label>Text?</label><textline/></stringresponse>
        <p>Next</p><optionresponse><optioninput options="('x','y')" correct="y"/></optionresponse>
        <solution><p>Because.</p></solution>
        <numericalresponse answer="[1,2]"><label>Range?</label></numericalresponse></problem>"""
    )
    text, menu, number = parsed.questions
    assert [question.points for question in parsed.questions] == [1, 1, 1]
    assert text.prompt == "<p>Intro</p>\n<p>Text?</p>"
    assert earns(text, "AAA") == 1
    assert (menu.prompt, menu.explanation) == ("<p>Next</p>", "<p>Because.</p>")
    assert [choice["weight"] for choice in menu.content["choices"]] == ["0", "1"]
    assert [earns(number, typed) for typed in ("1", "2.5")] == [1, 0]


def test_trivia_reads_each_line_in_its_own_encoding():
    data = "#Q Café?\n^ Ja\nA Ja\nB Nein\n\n".encode() + "#Q Where\non Süd?\n^ É\nA É\nB x\n".encode("cp1252")
    parsed = trivia.parse(data)
    assert [question.prompt for question in parsed.questions] == ["Café?", "Where on Süd?"]
    assert parsed.questions[1].content["choices"][0]["text"] == "É"


def test_trivia_without_a_right_option_is_reported():
    parsed = trivia.parse(b"#Q Which?\n^ C\nA A\nB B\n")
    assert [(item.kind, item.source, item.reason) for item in parsed.skipped] == [
        ("question", "line 1", "no choice is right")
    ]


def test_json_round_trips(tmp_path):
    questions = read_questions(write(tmp_path, "m.xml", MOODLE)).questions
    text = own_json.dump(questions, {})
    again = own_json.parse(text.encode())
    assert own_json.dump(again.questions, again.pools) == text
    assert [(q.kind, q.content, q.points) for q in again.questions] == [
        (q.kind, q.content, q.points) for q in questions
    ]


def test_json_of_others_is_refused():
    for data in (b"[]", b"{", b'{"format": "lms-questions", "version": 2, "questions": []}', b"[" * 100_000):
        with pytest.raises(QuestionFileError):
            own_json.parse(data)


ITEM = '<assessmentItem identifier="i" title="T"><itemBody><p>x</p>{}</itemBody></assessmentItem>'


def test_a_zip_is_read_within_limits(tmp_path, monkeypatch):
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/item.xml", ITEM.format('<drawingInteraction responseIdentifier="R"/>'))
        archive.writestr(
            "imsmanifest.xml", '<manifest><resource href="a/item.xml"/><resource href="b.xml"/></manifest>'
        )
    assert [item.kind for item in read_questions(path).skipped] == ["drawingInteraction", "manifest", "missing file"]
    monkeypatch.setattr("quizzes.importers.qti_package.LARGEST_MEMBER", 50)
    with pytest.raises(QuestionFileError, match="too large"):
        read_questions(path)
    monkeypatch.setattr("quizzes.importers.qti_package.MOST_MEMBERS", 1)
    with pytest.raises(QuestionFileError, match="more than 1 files"):
        read_questions(path)


def test_a_zip_that_reaches_outside_is_refused(tmp_path):
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../item.xml", "<x/>")
    with pytest.raises(QuestionFileError, match="not a plain relative name"):
        read_questions(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xml", '<!DOCTYPE quiz [<!ENTITY a "b">]><quiz>&a;</quiz>'),
        ("a.xml", '<!DOCTYPE quiz SYSTEM "file:///etc/passwd"><quiz/>'),
        ("a.xml", "<quiz>"),
        ("a.zip", b"PK not a zip"),
        ("a.gift", b"\xff\xfe\x00"),
        ("a.json", "{}"),
        ("a.docx", b"x"),
    ],
)
def test_files_that_cannot_be_read_are_refused(tmp_path, name, content):
    with pytest.raises(QuestionFileError):
        read_questions(write(tmp_path, name, content))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(QuestionFileError, match="there is no file"):
        read_questions(tmp_path / "nothing.gift")
