"""What happens to people, in the past tense, sent after commit. Arguments beside `sender` in the comments."""

from enum import StrEnum

from django.dispatch import Signal


class LoginFailure(StrEnum):
    PASSWORD = "password"  # wrong, or nobody has that address: on purpose not told apart
    CODE = "code"  # a wrong second factor
    PASSKEY = "passkey"  # a signature that proves nothing
    LIMITED = "limited"  # too many failures before; what was sent was not looked at


class SecretKind(StrEnum):
    VERIFICATION_LINK = "verification_link"
    RESET_LINK = "reset_link"
    CODE = "code"  # of the authenticator, or a recovery code
    SERVICE_TOKEN = "service_token"  # revoked before


user_signed_up = Signal()  # user
email_verified = Signal()  # user
logged_in = Signal()  # user, source (client address)
# reason: a LoginFailure, source (client address), account (keyed hash of the e-mail address, "" when none was named)
login_failed = Signal()
# user, method ("password", "code" or "passkey"): somebody logged in confirmed a sensitive step
confirmation_failed = Signal()
logged_out = Signal()  # user
password_reset_requested = Signal()  # user
password_changed = Signal()  # user, how: "change" or "reset"
mfa_changed = Signal()  # user, method, change: "added", "removed" or "renewed"
recovery_code_used = Signal()  # user
email_rejected = Signal()  # a verification key that is wrong or too old
secret_reused = Signal()  # kind: a SecretKind, user (None: not known)
role_changed = Signal()  # user, previous, by (None: a command)
user_deactivated = Signal()  # user, by
user_activated = Signal()  # user, by
service_token_issued = Signal()  # user: its owner, by
service_token_revoked = Signal()  # user: its owner, by
throttled = Signal()  # limit: a name in settings.LIMITS, source (client address)
personal_data_exported = Signal()  # user
person_erased = Signal()  # user, already without identity
person_seen = Signal()  # user: a request was theirs; sent at once and for each, so receivers must cost nothing
