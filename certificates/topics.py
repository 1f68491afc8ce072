"""The outbox topics of certificates."""

RENDER = "certificates.render"
MAIL = "certificates.mail"
