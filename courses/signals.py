"""What happens in courses, in the past tense, sent after commit. Arguments beside `sender` in the comments.

`enrollment` comes with its user and course loaded.
"""

from django.dispatch import Signal

course_published = Signal()  # course
course_archived = Signal()  # course
course_imported = Signal()  # course, created (bool), changed (bool)

enrollment_created = Signal()  # enrollment, source (a value of EnrollmentSource)
enrollment_requested = Signal()  # enrollment: waits for approval
enrollment_declined = Signal()  # enrollment: left the waiting list, by themselves or by staff
enrollment_expired = Signal()  # enrollment: the course ended
enrollment_dropped = Signal()  # enrollment
enrollment_resumed = Signal()  # enrollment: came back after dropping or expiring

lesson_completed = Signal()  # enrollment, lesson: sent once per enrollment and lesson
course_completed = Signal()  # enrollment: sent once per enrollment

file_uploaded = Signal()  # file (None when refused), bytes, outcome (a value of courses.files.transfer.Outcome)
file_downloaded = Signal()  # file, bytes, outcome: once per transfer that sent a body
