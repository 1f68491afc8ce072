"""Pages for those who teach."""

from django.urls import path

from pages import grading, teaching

answer = "teaching/answers/<uuid:public_id>/<int:position>"
submission = "teaching/submissions/<uuid:public_id>"
urlpatterns = [
    path("teaching", teaching.teaching, name="teaching"),
    path("teaching/workload", teaching.workload, name="workload"),
    path("teaching/courses/<slug:slug>/gradebook", teaching.gradebook, name="gradebook"),
    path("teaching/courses/<slug:slug>/analytics", teaching.course_analytics, name="analytics"),
    path("teaching/quizzes/<uuid:public_id>", teaching.statistics, name="statistics"),
    path("teaching/quizzes/<uuid:public_id>/count", teaching.count_again, name="count-again"),
    path("teaching/queue", grading.queue, name="queue"),
    path("teaching/queue/next", grading.next_item, name="grade-next"),
    path("teaching/attempts/<uuid:public_id>", grading.attempt, name="learner-attempt"),
    path(answer, grading.answer, name="grade-answer"),
    path(f"{answer}/claim", grading.claim_answer, name="claim-answer"),
    path(f"{answer}/release", grading.release_answer, name="release-answer"),
    path(f"{answer}/override", grading.override_answer, name="override-answer"),
    path(submission, grading.submission, name="grade-submission"),
    path(f"{submission}/claim", grading.claim_submission, name="claim-submission"),
    path(f"{submission}/release", grading.release_submission, name="release-submission"),
    path(f"{submission}/override", grading.override_submission, name="override-submission"),
]
