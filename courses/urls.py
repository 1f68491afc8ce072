"""API of courses."""

from django.urls import path

from courses.api import files, teaching, views

urlpatterns = [
    path("courses", views.CourseList.as_view(), name="courses"),
    path("courses/<slug:slug>", views.CourseDetail.as_view(), name="course"),
    path("courses/<slug:slug>/outline", views.CourseOutline.as_view(), name="course-outline"),
    path("courses/<slug:slug>/enrollment", views.CourseEnrollment.as_view(), name="course-enrollment"),
    path("courses/<slug:slug>/publication", teaching.CoursePublication.as_view(), name="course-publication"),
    path("courses/<slug:slug>/staff", teaching.CourseStaffList.as_view(), name="course-staff"),
    path("courses/<slug:slug>/staff/<uuid:public_id>", teaching.CourseStaffDetail.as_view(), name="course-staff-one"),
    path("courses/<slug:slug>/sections", teaching.SectionCreation.as_view(), name="course-sections"),
    path("courses/<slug:slug>/learners", teaching.CourseLearners.as_view(), name="course-learners"),
    path("sections/<uuid:public_id>", teaching.SectionDetail.as_view(), name="section"),
    path("sections/<uuid:public_id>/lessons", teaching.SectionLessons.as_view(), name="section-lessons"),
    path("enrollments/<uuid:public_id>/approval", teaching.EnrollmentApproval.as_view(), name="enrollment-approval"),
    path("enrollments", views.EnrollmentList.as_view(), name="enrollments"),
    path("enrollments/<uuid:public_id>", views.EnrollmentDetail.as_view(), name="enrollment"),
    path("lessons/<uuid:public_id>", views.LessonDetail.as_view(), name="lesson"),
    path("lessons/<uuid:public_id>/watching", views.LessonWatching.as_view(), name="lesson-watching"),
    path("lessons/<uuid:public_id>/files", files.LessonFiles.as_view(), name="lesson-files"),
    path("files/<uuid:public_id>", files.FileDetail.as_view(), name="file"),
    path("lessons/<uuid:public_id>/completion", views.LessonCompletion.as_view(), name="lesson-completion"),
]
