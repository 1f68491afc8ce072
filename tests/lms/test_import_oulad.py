"""`manage.py import_oulad` and `engagement_report`: a small data set in full, the real one, and what is refused."""

import datetime
import gzip
import json
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from courses.models import Course, Enrollment, EnrollmentChange, Lesson, LessonProgress
from courses.services import drifted
from lms.oulad import store
from lms.oulad.reader import read
from lms.oulad.report import auc

FILES = {
    "courses": "code_module,code_presentation,module_presentation_length\nAAA,2014J,100\n",
    "assessments": "code_module,code_presentation,id_assessment,assessment_type,date,weight\n"
    "AAA,2014J,1,TMA,10,50\nAAA,2014J,2,CMA,20,50\nAAA,2014J,3,Exam,?,100\n",
    "studentInfo": "code_module,code_presentation,id_student,final_result\n"
    "AAA,2014J,7,Pass\nAAA,2014J,8,Withdrawn\nAAA,2014J,9,Fail\n",
    "studentRegistration": "code_module,code_presentation,id_student,date_registration,date_unregistration\n"
    "AAA,2014J,7,-30,?\nAAA,2014J,8,-10,12\nAAA,2014J,9,-5,?\n",
    "studentAssessment": "id_assessment,id_student,date_submitted,is_banked,score\n"
    "1,7,8,0,80\n2,7,21,0,?\n1,9,-1,1,55\n",
}


@pytest.fixture
def data(tmp_path) -> Path:
    for name, text in FILES.items():
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


def run(directory: Path) -> str:
    out = StringIO()
    call_command("import_oulad", str(directory), stdout=out, stderr=StringIO())
    return out.getvalue()


def day(number: int, **time) -> datetime.datetime:
    return datetime.datetime(2014, 10, 1, tzinfo=datetime.UTC) + datetime.timedelta(days=number, **time)


@pytest.mark.django_db
def test_presentations_become_courses_and_submissions_completed_lessons(data):
    assert run(data) == "Imported 1 courses, 3 people, 3 enrollments, 3 submissions.\n"
    course = Course.objects.get(slug="oulad-aaa-2014j")
    assert course.starts_at == day(0)
    assert list(Lesson.objects.order_by("position").values_list("kind", "required", "due_at")) == [
        ("assignment", True, day(11, seconds=-1)),
        ("quiz", True, day(21, seconds=-1)),
        ("quiz", False, None),
    ]
    rows = Enrollment.objects.order_by("user__email").values_list(
        "state", "progress", "enrolled_at", "completed_at", "last_activity_at"
    )
    assert list(rows) == [
        ("completed", Decimal("100.00"), day(-30, hours=12), day(100, hours=12), day(21, hours=12)),
        ("dropped", Decimal("0.00"), day(-10, hours=12), None, day(0)),
        ("expired", Decimal("50.00"), day(-5, hours=12), None, day(0)),
    ]
    progress = LessonProgress.objects.order_by("enrollment__user__email", "lesson__position")
    assert list(progress.values_list("fraction", "completed_at")) == [
        (0.8, day(8, hours=12)),
        (None, day(21, hours=12)),
        (0.55, day(-1, hours=12)),
    ]
    left = EnrollmentChange.objects.get(to_state="dropped")
    assert (left.from_state, left.at) == ("active", day(12, hours=12))
    assert drifted() == []
    assert not any(user.has_usable_password() for user in User.objects.all())


def stored() -> list[int]:
    return [model.objects.count() for model in (Course, User, Lesson, Enrollment, EnrollmentChange, LessonProgress)]


@pytest.mark.django_db
def test_a_second_import_changes_nothing(data):
    run(data)
    before = stored()
    assert run(data) == ("Imported 0 courses, 0 people, 0 enrollments, 0 submissions. 1 courses were there already.\n")
    assert stored() == before


@pytest.mark.django_db
def test_an_interrupted_import_keeps_whole_courses_and_goes_on_when_run_again(data, monkeypatch):
    for name, more in {
        "courses": "AAA,2014B,100\n",
        "assessments": "AAA,2014B,4,TMA,10,50\n",
        "studentInfo": "AAA,2014B,7,Fail\nAAA,2014B,5,Pass\n",
        "studentRegistration": "AAA,2014B,7,-30,?\nAAA,2014B,5,-3,?\n",
        "studentAssessment": "4,5,9,0,60\n",
    }.items():
        with (data / f"{name}.csv").open("a") as file:
            file.write(more)
    original, made = store._rows, []

    def stop_in_the_second(learner, enrollment, lessons):
        made.append(enrollment.course.slug)
        if made.count("oulad-aaa-2014b") == 2:
            raise KeyboardInterrupt
        return original(learner, enrollment, lessons)

    with monkeypatch.context() as patch:
        patch.setattr(store, "_rows", stop_in_the_second)
        with pytest.raises(CommandError, match="run it again to go on") as stopped:
            run(data)
    assert stopped.value.returncode == 130
    assert stored() == [1, 3, 3, 3, 6, 3]
    assert run(data) == ("Imported 1 courses, 1 people, 2 enrollments, 1 submissions. 1 courses were there already.\n")
    assert stored() == [2, 4, 4, 5, 10, 4]
    assert drifted() == []
    assert User.objects.get(email="student7@oulad.invalid").enrollments.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("courses", None, r"has no courses\.csv and no courses\.csv\.gz$"),
        ("assessments", "code_module,code_presentation\n", r"assessments\.csv has no column id_assessment$"),
        ("studentAssessment", FILES["studentAssessment"] + "1,7,soon,0,1\n", r"studentAssessment\.csv, line 5: "),
        (
            "studentAssessment",
            FILES["studentAssessment"] + "99,7,1,0,1\n",
            r"studentAssessment\.csv, line 5: assessments lacks 99$",
        ),
        (
            "studentRegistration",
            FILES["studentRegistration"] + "AAA,2014J,1,0,?\n",
            r"line 5: studentInfo lacks student 1$",
        ),
        ("studentInfo", FILES["studentInfo"] + "BBB,2014J,7,Pass\n", r"line 5: courses lacks BBB 2014J$"),
        (
            "studentInfo",
            FILES["studentInfo"] + "AAA,2014J,10,Unheard\n",
            r"studentInfo\.csv, line 5: 'Unheard' is no result$",
        ),
        ("courses", FILES["courses"].replace("2014J", "autumn"), "'autumn', not a year and B or J$"),
        (
            "studentAssessment",
            FILES["studentAssessment"] + "1,8\n",
            r"studentAssessment\.csv, line 5: too few columns$",
        ),
        ("studentAssessment", FILES["studentAssessment"] + "2,9,3,0,-4\n", r"studentAssessment\.csv, line 5: "),
    ],
)
def test_what_is_not_the_data_set_is_refused_in_one_line_and_nothing_is_written(data, name, text, message):
    path = data / f"{name}.csv"
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    with pytest.raises(CommandError, match=message) as refused:
        run(data)
    assert "\n" not in str(refused.value)
    assert (User.objects.count(), Course.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_a_damaged_archive_is_refused_in_one_line(data):
    (data / "studentInfo.csv").unlink()
    whole = gzip.compress(FILES["studentInfo"].encode())
    (data / "studentInfo.csv.gz").write_bytes(whole[:-12])
    with pytest.raises(CommandError, match=r"Nothing was imported: studentInfo\.csv\.gz cannot be read: "):
        run(data)


def test_the_area_under_the_curve_counts_pairs_and_halves_ties():
    assert auc([1, 2, 3, 4], [False, False, True, True]) == 1.0
    assert auc([4, 3, 2, 1], [False, False, True, True]) == 0.0
    assert auc([1, 1, 2, 2], [False, True, False, True]) == 0.5
    assert auc([1, 2, 2, 3], [False, False, True, True]) == 3.5 / 4
    with pytest.raises(ValueError, match="successes and failures"):
        auc([1, 2], [True, True])


def test_on_the_presentations_it_was_not_made_on_the_score_tells_more_than_the_draft(shared_data):
    out = StringIO()
    call_command("engagement_report", str(shared_data / "oulad"), json=True, stdout=out)
    moments = json.loads(out.getvalue())["moments"]
    assert [moment["share"] for moment in moments] == [0.3, 0.5]
    for moment in moments:
        area = moment["auc"]
        assert area["score"] > area["draft"] > area["submitted"]
        success = [found["success"] for found in moment["bands"].values()]
        assert success[0] < success[1] < success[2]
        assert sum(found["learners"] for found in moment["bands"].values()) == moment["learners"]


def test_the_whole_data_set_is_read(shared_data):
    data = read(shared_data / "oulad")
    assert len(data.learners) == 32_593
    assert sum(len(learner.submissions) for learner in data.learners.values()) == 173_912
