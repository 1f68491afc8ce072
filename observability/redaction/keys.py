"""Which names announce a sensitive value, in any spelling: snake, camel, dash, dotted, prefixed, glued."""

import re
from functools import lru_cache
from itertools import pairwise
from typing import Literal

KeyClass = Literal["secret", "personal"]


def as_words(listing: str) -> frozenset[str]:
    """The words of a listing."""
    return frozenset(listing.split())


def _sequences(listing: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(sequence.split()) for sequence in listing.split(","))


# A word in this set makes the whole name a credential; a glued word counts by its ending ("dbpassword").
_SECRET_WORDS = as_words(
    "password passwd passphrase passcode pwd pword passwort contraseña senha secret token jwt credential cred "
    "authorization auth authentication cookie session sessionid sessionkey sid phpsessid jsessionid csrf csrftoken "
    "csrfmiddlewaretoken xsrf apikey secretkey privatekey accesskey authkey signature sig hmac otp totp hotp pin "
    "pincode cvv cvv2 cvc cvc2 csc dsn bearer pass mfa"
)
_SECRET_SEQUENCES = _sequences(
    "api key,access key,secret key,private key,encryption key,signing key,account key,master key,license key,"
    "ssh key,hash key,shared key,storage key,service key,deploy key,verification code,recovery code,reset code,"
    "login code,backup code,security code,one time code,otp code,auth code,authorization code,confirmation code"
    "connection string"
)
_PERSONAL_WORDS = as_words(
    "email mail phone telephone telefon mobile cellphone msisdn fax whatsapp ssn nino passport iban cardnumber "
    "creditcard firstname lastname fullname surname forename nickname username birthday birthdate dob birthplace "
    "street postcode zipcode latitude longitude geolocation aadhaar cpf curp pesel personnummer"
)
_PERSONAL_SEQUENCES = _sequences(
    "e mail,first name,last name,full name,middle name,given name,family name,maiden name,display name,real name,"
    "legal name,user name,birth date,date of birth,place of birth,national id,national insurance,tax id,"
    "social security,identity number,id number,card number,credit card,debit card,cc number,account number,"
    "bank account,home address,street address,postal address,mailing address,billing address,shipping address,"
    "postal code,zip code,next of kin"
)
# Word endings strong enough to be recognised inside a longer lower-case word.
SECRET_STEMS = ("password", "passwd", "passphrase", "secret", "token", "apikey", "cookie", "credential", "sessionid",
                "secretkey", "privatekey", "accesskey")  # fmt: skip
# A name that ends so speaks about the value instead of holding it ("token_count", "email_verified").
_ABOUT_WORDS = as_words(
    "count counts counter total size length len type kind ttl age expiry expires expired expiration expire max min "
    "valid invalid validity enabled disabled required optional status state error errors score policy strength "
    "changed updated created deleted rotated modified at field fields form view class backend backends model version "
    "algorithm algo format limit limits rate seconds duration duration_ms ms time timeout timestamp date index "
    "position validation validator validators verified confirmed sent template method scheme provider result results "
    "engine serializer store storage domain samesite httponly secure missing reset resets login logins attempts "
    "middleware manager handler helper service services url_name page pages expired_at refreshed present supported "
    "usage budget bucket per name names ok check checks failed failures"
)
_NAME_HEADS = frozenset({"first", "last", "full", "middle", "given", "family", "maiden", "display", "real", "legal",
                         "user", "birth"})  # fmt: skip
_QUESTION_WORDS = as_words("is has have can should use uses require requires need needs allow allows with no")
_QUANTITY_WORDS = as_words("max min num number total count prompt completion remaining used input output cached avg")
_STRONG_WORDS = as_words(
    "password passwd passphrase passcode pwd pword passwort contraseña senha secret token credential cred "
    "authorization cookie csrftoken csrfmiddlewaretoken apikey secretkey privatekey accesskey sessionid "
    "phpsessid jsessionid cvv cvc otp"
)

# The words whose presence makes a text worth a closer look: every single word, and for a sequence its rarest word.
KEY_WORDS = frozenset(
    _SECRET_WORDS
    | _PERSONAL_WORDS
    | {sequence[0] if sequence[-1] == "id" else sequence[-1] for sequence in _SECRET_SEQUENCES | _PERSONAL_SEQUENCES}
    | {"".join(sequence) for sequence in _SECRET_SEQUENCES | _PERSONAL_SEQUENCES}
    | {"emails", "phones", "cookies", "tokens", "secrets", "passwords", "credentials", "creds", "codes", "keys"}
    | {"address"}
)

_SPLIT = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z\u00df-\u00ff]+|[0-9]+")


def key_words(name: str) -> tuple[str, ...]:
    """Lower-case words of a name: ``"X-Api-Key"``, ``"xApiKey"`` and ``"x_api_key"`` give the same three."""
    return tuple(word.lower() for word in _SPLIT.findall(name[-128:]))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _speaks_about(words: tuple[str, ...]) -> bool:
    last = words[-1]
    if words[0] in _QUESTION_WORDS and len(words) > 1:
        return True
    if last in {"name", "names"}:
        return len(words) > 1 and words[-2] not in _NAME_HEADS
    if last in _ABOUT_WORDS:
        return len(words) > 1
    return last == "tokens" and words[0] in _QUANTITY_WORDS


@lru_cache(maxsize=4096)
def classify_key(name: str, extra_keys: frozenset[str] = frozenset()) -> KeyClass | None:
    """Class of the value a name announces: a credential, a personal detail, or neither.

    ``extra_keys`` are further names, each written in any spelling; they classify as personal.
    """
    words = tuple(word for word in key_words(name) if not word.isdigit())
    if not words:
        return None
    if extra_keys and _contains_any(words, extra_keys):
        return "personal"
    if _speaks_about(words):
        return None
    singular = tuple(_singular(word) for word in words)
    joined = set(pairwise(singular)) | set(zip(singular, singular[1:], singular[2:], strict=False))
    if not _SECRET_WORDS.isdisjoint(singular) or not _SECRET_SEQUENCES.isdisjoint(joined):
        return "secret"
    if any(word.endswith(SECRET_STEMS) for word in singular):
        return "secret"
    if not _PERSONAL_WORDS.isdisjoint(singular) or not _PERSONAL_SEQUENCES.isdisjoint(joined):
        return "personal"
    if singular[-1] == "address" and (len(singular) == 1 or singular[-2] in {"user", "customer", "learner", "person"}):
        return "personal"
    return None


def is_strong_key(name: str) -> bool:
    """Whether a name announces a credential even in prose, where ``name: value`` may be an ordinary sentence."""
    words = tuple(_singular(word) for word in key_words(name) if not word.isdigit())
    return bool(words) and (
        not _STRONG_WORDS.isdisjoint(words)
        or words[-1].endswith(SECRET_STEMS)
        or (len(words) > 1 and words[-2:] in _SECRET_SEQUENCES)
    )


def _contains_any(words: tuple[str, ...], extra_keys: frozenset[str]) -> bool:
    glued = "".join(words)
    for extra in extra_keys:
        wanted = key_words(extra)
        if "".join(wanted) == glued:
            return True
        if any(words[start : start + len(wanted)] == wanted for start in range(len(words) - len(wanted) + 1)):
            return True
    return False


def is_sensitive_key(name: str | bytes) -> bool:
    """Whether a mapping key, header, cookie or parameter of this name holds a credential or a personal detail.

    ``passing_score``, ``token_count``, ``author`` and ``session_count`` are not; ``dbPassword``, ``X-Api-Key``,
    ``new_password1`` and ``first-name`` are.
    """
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
    return classify_key(text) is not None
