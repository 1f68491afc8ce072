"""Questions of files and of imported courses, into quizzes."""

from collections.abc import Iterator

from django.db import transaction
from django.db.models import Max

from core.events import announce
from courses.models import Course, ImportedItem, Lesson, LessonKind
from courses.services import recount_course
from quizzes import signals
from quizzes.importers import Parsed, ParsedQuestion, QuestionFileError, olx, own_json
from quizzes.importers.xml import parse_xml
from quizzes.models import Question, QuestionPool, QuestionVersion, Quiz

PROBLEM = "problem"


@transaction.atomic
def store_questions(*, quiz: Quiz, parsed: Parsed) -> list[Question]:
    """Add every question of a file to the quiz, after those it has. Raises QuestionFileError when it holds none."""
    if not parsed.questions:
        raise QuestionFileError("no question in it can be imported")
    pools = {
        name: QuestionPool.objects.update_or_create(quiz=quiz, name=name, defaults={"draw": draw})[0]
        for name, draw in parsed.pools.items()
    }
    last = Question.objects.filter(quiz=quiz).aggregate(last=Max("position"))["last"] or 0
    questions = Question.objects.bulk_create(
        [
            Question(quiz=quiz, position=last + number, pool=pools.get(item.pool))
            for number, item in enumerate(parsed.questions, start=1)
        ],
        batch_size=1000,
    )
    versions = QuestionVersion.objects.bulk_create(
        [
            QuestionVersion(
                question=question,
                kind=item.kind,
                title=item.title,
                prompt=item.prompt,
                content=item.content,
                points=item.points,
                explanation=item.explanation,
            )
            for question, item in zip(questions, parsed.questions, strict=True)
        ],
        batch_size=1000,
    )
    for question, version in zip(questions, versions, strict=True):
        question.current = version
    Question.objects.bulk_update(questions, ["current"], batch_size=1000)
    announce(
        signals.questions_imported,
        Quiz,
        quiz=quiz,
        format=parsed.format,
        imported=len(parsed.questions),
        not_imported=len(parsed.skipped),
    )
    return questions


def export_questions(*, quiz: Quiz) -> str:
    """The quiz's questions as our own JSON; importing it gives the same questions again."""
    return own_json.dump(_as_parsed(quiz), {pool.name: pool.draw for pool in quiz.pools.order_by("pk")})


def _as_parsed(quiz: Quiz) -> Iterator[ParsedQuestion]:
    for question in quiz.questions.filter(current__isnull=False).select_related("current", "pool"):
        version = question.current
        assert version is not None
        yield ParsedQuestion(
            kind=version.kind,
            prompt=version.prompt,
            content=version.content,
            title=version.title,
            points=version.points,
            explanation=version.explanation,
            pool=question.pool.name if question.pool else "",
        )


@transaction.atomic
def adopt_problems(*, course: Course) -> dict[str, Parsed]:
    """Make a quiz of each imported problem that has none, in a lesson at the problem's place.

    Returns what each problem held, by its source key. A problem without a question that can be imported gets no lesson.
    """
    Course.objects.select_for_update(no_key=True).get(pk=course.pk)
    taken = set(
        Lesson.objects.filter(section__course=course, kind=LessonKind.QUIZ, quiz__questions__isnull=False).values_list(
            "section_id", "source_key"
        )
    )
    results: dict[str, Parsed] = {}
    for item in ImportedItem.objects.filter(course=course, kind=PROBLEM).select_related("section"):
        if (item.section_id, item.source_key) in taken:
            continue
        parsed = Parsed("olx")
        olx.add_problem(parsed, parse_xml(item.raw_xml.encode(), item.source_key), item.source_key)
        results[item.source_key] = parsed
        if parsed.questions:
            store_questions(quiz=_quiz_for(item), parsed=parsed)
    if any(parsed.questions for parsed in results.values()):
        recount_course(course=course)
    return results


def _quiz_for(item: ImportedItem) -> Quiz:
    lesson, _ = Lesson.objects.get_or_create(
        section=item.section,
        source_key=item.source_key,
        defaults={
            "kind": LessonKind.QUIZ,
            "title": item.title or "Problem",
            "position": item.position,
            "published": item.published,
            "subsection_key": item.subsection_key,
            "subsection_title": item.subsection_title,
            "unit_key": item.unit_key,
            "unit_title": item.unit_title,
        },
    )
    limit = item.data.get("attributes", {}).get("max_attempts", "")
    attempts = int(limit) if limit.isdecimal() and 0 < int(limit) < 1000 else None
    return Quiz.objects.get_or_create(lesson=lesson, defaults={"max_attempts": attempts})[0]
