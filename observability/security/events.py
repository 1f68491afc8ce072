"""What can be reported. Closed: dashboards, alerts and the table know these words and no others."""

from enum import StrEnum


class SecurityEvent(StrEnum):
    LOGIN_SUCCEEDED = "login_succeeded"
    LOGIN_FAILED = "login_failed"  # a password that is wrong, or an address that nobody has
    LOCKOUT = "lockout"  # refused before the secret was looked at: too many wrong ones
    THROTTLED = "throttled"  # any other 429
    UNAUTHORISED = "unauthorised"  # 401
    FORBIDDEN = "forbidden"  # 403
    PASSWORD_RESET_ASKED = "password_reset_asked"
    PASSWORD_RESET_USED = "password_reset_used"
    PASSWORD_CHANGED = "password_changed"
    EMAIL_VERIFIED = "email_verified"
    EMAIL_REJECTED = "email_rejected"  # a verification key that is wrong, forged or too old
    MFA_ENABLED = "mfa_enabled"
    MFA_DISABLED = "mfa_disabled"
    MFA_FAILED = "mfa_failed"
    RECOVERY_CODE_USED = "recovery_code_used"
    TOKEN_REUSED = "token_reused"  # a secret that works once, or had been revoked, was shown again
    PERMISSION_CHANGED = "permission_changed"
    PERSONAL_DATA_EXPORTED = "personal_data_exported"
    # Suspicions: conclusions from several events.
    BRUTE_FORCE = "brute_force"  # one account, many sources
    PASSWORD_SPRAYING = "password_spraying"  # one source, many accounts; credential stuffing looks the same
    ENUMERATION = "enumeration"  # one source, many different paths refused
    BULK_DOWNLOAD = "bulk_download"  # one person, many different files
    QUIZ_FROM_TWO_ADDRESSES = "quiz_from_two_addresses"
    QUIZ_TOO_FAST = "quiz_too_fast"  # answered faster than read


SUSPICIONS = frozenset(
    {
        SecurityEvent.BRUTE_FORCE,
        SecurityEvent.PASSWORD_SPRAYING,
        SecurityEvent.ENUMERATION,
        SecurityEvent.BULK_DOWNLOAD,
        SecurityEvent.QUIZ_FROM_TWO_ADDRESSES,
        SecurityEvent.QUIZ_TOO_FAST,
    }
)
# Rare, done by somebody who is known, and asked about later: each is a row.
AUDITED = SUSPICIONS | {
    SecurityEvent.PASSWORD_RESET_USED,
    SecurityEvent.PASSWORD_CHANGED,
    SecurityEvent.MFA_ENABLED,
    SecurityEvent.MFA_DISABLED,
    SecurityEvent.RECOVERY_CODE_USED,
    SecurityEvent.PERMISSION_CHANGED,
    SecurityEvent.PERSONAL_DATA_EXPORTED,
}
# Anybody can cause these as often as they like: a row for the first, the tenth, the hundredth ... of a source.
AGGREGATED = frozenset(
    {
        SecurityEvent.LOGIN_FAILED,
        SecurityEvent.LOCKOUT,
        SecurityEvent.THROTTLED,
        SecurityEvent.FORBIDDEN,
        SecurityEvent.PASSWORD_RESET_ASKED,
        SecurityEvent.EMAIL_REJECTED,
        SecurityEvent.MFA_FAILED,
        SecurityEvent.TOKEN_REUSED,
    }
)
# What somebody did who was let in: routine. All others are refusals or rare changes, logged as warnings.
ROUTINE = frozenset(
    {
        SecurityEvent.LOGIN_SUCCEEDED,
        SecurityEvent.UNAUTHORISED,
        SecurityEvent.PASSWORD_RESET_ASKED,
        SecurityEvent.PASSWORD_RESET_USED,
        SecurityEvent.PASSWORD_CHANGED,
        SecurityEvent.EMAIL_VERIFIED,
        SecurityEvent.MFA_ENABLED,
    }
)
FAILED_LOGINS = frozenset({SecurityEvent.LOGIN_FAILED, SecurityEvent.LOCKOUT, SecurityEvent.MFA_FAILED})
