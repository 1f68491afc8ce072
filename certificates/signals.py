"""What happens to certificates, in the past tense, sent after commit. Arguments beside `sender` in the comments.

`certificate` comes with its user and course loaded.
"""

from django.dispatch import Signal

certificate_issued = Signal()  # certificate: sent once per person and course
certificate_reissued = Signal()  # certificate (the new one), previous, reason (a value of ReissueReason)
certificate_revoked = Signal()  # certificate, reason (a value of RevocationReason)
certificate_rendered = Signal()  # certificate, complete (bool: every letter had a font)
render_failed = Signal()  # certificate, reason (one of pdf.RenderError.REASONS); sent at once, nothing commits
certificate_verified = Signal()  # outcome (a value of verification.Outcome)
