"""API of quizzes."""

from django.urls import path

from quizzes.api import assignments, taking, teaching

urlpatterns = [
    path("quizzes", taking.QuizList.as_view(), name="quizzes"),
    path("quizzes/<uuid:public_id>", taking.QuizDetail.as_view(), name="quiz"),
    path("quizzes/<uuid:public_id>/attempts", taking.QuizAttempts.as_view(), name="quiz-attempts"),
    path("quizzes/<uuid:public_id>/questions", teaching.QuizQuestions.as_view(), name="quiz-questions"),
    path("quizzes/<uuid:public_id>/pools", teaching.QuizPools.as_view(), name="quiz-pools"),
    path("quizzes/<uuid:public_id>/export", teaching.QuizExport.as_view(), name="quiz-export"),
    path("quizzes/<uuid:public_id>/statistics", teaching.QuizStatistics.as_view(), name="quiz-statistics"),
    path("quizzes/<uuid:public_id>/accommodations", teaching.QuizAccommodations.as_view(), name="quiz-accommodations"),
    path("questions/<uuid:public_id>", teaching.QuestionDetail.as_view(), name="question"),
    path("questions/<uuid:public_id>/regrade", teaching.QuestionRegrade.as_view(), name="question-regrade"),
    path("attempts/<uuid:public_id>", taking.AttemptDetail.as_view(), name="attempt"),
    path("attempts/<uuid:public_id>/submission", taking.AttemptSubmission.as_view(), name="attempt-submission"),
    path("attempts/<uuid:public_id>/answers/<int:position>", taking.AttemptAnswer.as_view(), name="attempt-answer"),
    path("attempts/<uuid:public_id>/answers/<int:position>/files", taking.AnswerFiles.as_view(), name="answer-files"),
    path("attempts/<uuid:public_id>/answers/<int:position>/claim", teaching.AnswerClaim.as_view(), name="answer-claim"),
    path("attempts/<uuid:public_id>/answers/<int:position>/grade", teaching.AnswerGrade.as_view(), name="answer-grade"),
    path("answer-files/<uuid:public_id>", taking.AnswerFileDetail.as_view(), name="answer-file"),
    path("grading-queue", teaching.GradingQueue.as_view(), name="grading-queue"),
    path("assignments", assignments.AssignmentList.as_view(), name="assignments"),
    path("assignments/<uuid:public_id>", assignments.AssignmentDetail.as_view(), name="assignment"),
    path("assignments/<uuid:public_id>/submissions", assignments.Submissions.as_view(), name="submissions"),
    path("submissions/<uuid:public_id>", assignments.SubmissionDetail.as_view(), name="submission"),
    path("submissions/<uuid:public_id>/claim", assignments.SubmissionClaim.as_view(), name="submission-claim"),
    path("submissions/<uuid:public_id>/grade", assignments.SubmissionGrade.as_view(), name="submission-grade"),
    path("submission-files/<uuid:public_id>", assignments.SubmissionFileDetail.as_view(), name="submission-file"),
    path("exam-day", teaching.ExamDayView.as_view(), name="exam-day"),
]
