"""Who may do what with certificates. Columns:
outsider, stranger, learner, other teacher, assistant, instructor, admin."""

from certificates import services
from certificates.models import IssueCause
from courses.models import Enrollment
from outbox import services as outbox
from tests.authorisation import Row, World

SERIAL, COURSE, ENROLLMENT = {"serial": "certificate"}, {"slug": "course"}, {"public_id": "enrollment"}

ROWS = {
    "certificates_list": Row("401 200 200 200 200 200 200"),
    # one's own, and for the staff of the course everybody's
    "certificates_retrieve": Row("401 404 200 404 200 200 200", SERIAL),
    "certificates_pdf": Row("401 404 200 404 200 200 200", SERIAL),
    "certificates_badge": Row("401 404 200 404 200 200 200", SERIAL),
    "courses_certificates_list": Row("401 403 403 403 200 200 200", COURSE),
    # claiming is for who learned there, granting for instructors of the course
    "courses_certificate_claim": Row("401 409 200 409 409 409 409", COURSE),
    "enrollments_certificate_grant": Row("401 404 404 404 403 200 200", ENROLLMENT, {"reason": "Oral exam"}),
}


def extend(world: World) -> None:
    enrollment = Enrollment.objects.get(public_id=world.ids["enrollment"])
    certificate = services.issue(
        enrollment=enrollment, cause=IssueCause.GRANTED, actor=world.people["admin"], note="Oral exam"
    )
    outbox.relay()
    world.ids["certificate"] = certificate.serial
