"""Pages for people with a browser. Forms change things, links never do."""

from django.urls import include, path

from pages import learning, login

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
]
