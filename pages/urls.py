"""Pages for people with a browser. Forms change things, links never do."""

from django.urls import include, path

from pages import assignments, certificates, learning, login, quizzes

app_name = "pages"
urlpatterns = [
    path("", learning.catalogue, name="catalogue"),
    path("account/login", login.log_in, name="login"),
    path("logout", login.log_out, name="logout"),
    path("courses/<slug:slug>", learning.course, name="course"),
    path("courses/<slug:slug>/enroll", learning.enroll, name="enroll"),
    path("courses/<slug:slug>/leave", learning.leave, name="leave"),
    path("lessons/<uuid:public_id>", learning.lesson, name="lesson"),
    path("lessons/<uuid:public_id>/complete", learning.complete, name="complete"),
    path("progress", learning.progress, name="progress"),
    path("", include("pages.teaching_urls")),
    path("quizzes/<uuid:public_id>", quizzes.quiz, name="quiz"),
    path("quizzes/<uuid:public_id>/start", quizzes.start, name="start"),
    path("attempts/<uuid:public_id>", quizzes.attempt, name="attempt"),
    path("attempts/<uuid:public_id>/save", quizzes.save, name="save-attempt"),
    path("attempts/<uuid:public_id>/hand-in", quizzes.hand_in, name="hand-in"),
    path("assignments/<uuid:public_id>", assignments.assignment, name="assignment"),
    path("courses/<slug:slug>/certificate", certificates.claim, name="claim-certificate"),
    path("progress/certificates/<str:serial>", certificates.certificate, name="certificate"),
]
