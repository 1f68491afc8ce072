"""A labelled corpus for the redaction policy: lines that hold one secret each, and ordinary lines that hold none.

The values come from Faker's locale providers, from the published formats of tokens, and from the standard library's own
encoders; nothing here reads the patterns under test. Tune on ``TUNING_SEED``, report on ``REPORT_SEED``.
"""

import base64
import hashlib
import hmac
import json
import random
import string
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from faker import Faker

TUNING_SEED = 11
REPORT_SEED = 20_261_123

LOCALES = (
    "en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "pt_BR", "sv_SE", "tr_TR", "cs_CZ",
    "ja_JP", "ru_RU", "en_IN", "zh_CN"
)  # fmt: skip
IBAN_LOCALES = (
    "de_DE", "en_GB", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "tr_TR", "de_AT", "fr_CH", "no_NO", "pt_PT"
)  # fmt: skip
ID_LOCALES = (
    "en_US", "en_GB", "fr_FR", "es_ES", "it_IT", "pl_PL", "sv_SE", "fi_FI", "pt_BR", "nl_NL", "no_NO", "cs_CZ"
)  # fmt: skip
BASE62 = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
BASE32 = string.ascii_uppercase + "234567"


@dataclass(frozen=True)
class Sample:
    """One line and the value in it that must not come out again."""

    kind: str
    line: str
    value: str

    def leaks_into(self, output: str) -> bool:
        """Whether half of the value, in one piece, is left in ``output``; of an address, the whole of it."""
        if self.kind in {"ipv4", "ipv6"}:
            return self.value in output
        window = max(4, (len(self.value) + 1) // 2)
        frame = self.line.replace(self.value, "\0")
        pieces = (self.value[start : start + window] for start in range(len(self.value) - window + 1))
        return any(piece in output and piece not in frame for piece in pieces)


class Generator:
    """Draws samples; the same seed gives the same corpus."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.fakers: dict[str, Faker] = {}
        for locale in (*LOCALES, *IBAN_LOCALES, *ID_LOCALES):
            if locale not in self.fakers:
                self.fakers[locale] = Faker(locale)
                self.fakers[locale].seed_instance(self.random.getrandbits(32))
        self.english = self.fakers["en_US"]

    def any_faker(self, locales: tuple[str, ...] = LOCALES) -> Faker:
        return self.fakers[self.random.choice(locales)]

    def text(self, alphabet: str, low: int, high: int | None = None) -> str:
        return "".join(self.random.choices(alphabet, k=self.random.randint(low, high or low)))

    def timestamp(self) -> str:
        moment = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=self.random.random() * 9e7)
        return self.random.choice(
            (
                moment.isoformat(),
                moment.strftime("%Y-%m-%d %H:%M:%S,") + f"{self.random.randrange(1000):03}",
                moment.strftime("%d/%b/%Y:%H:%M:%S +0000"),
                moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                str(int(moment.timestamp() * 1000)),
            )
        )

    # Values.

    def email(self) -> str:
        faker, rng = self.any_faker(), self.random
        address: str = rng.choice((faker.email, faker.company_email, faker.free_email, faker.ascii_email))()
        local, domain = address.split("@")
        form = rng.randrange(12)
        if form == 0:
            return f"{local}+{self.english.word()}@{domain}"
        if form == 1:
            return quote(address, safe="")
        if form == 2:
            host = rng.choice(
                ("bücher.example", "пример.рф", "例え.jp", "xn--bcher-kva.example", "ελλάδα.gr", "señal.es")
            )
            return f"{local}@{host}"
        if form == 3:
            return f'"{self.english.first_name()} {self.english.last_name()}"@{domain}'
        if form == 4:
            return address.upper()
        if form == 5:
            return f"{self.english.first_name()[0].lower()}o'{self.english.last_name().lower()}@{domain}"
        if form == 6:
            return f"{local}@mail.{self.english.word()}.{domain}"
        return address

    def phone(self) -> str:
        return str(self.any_faker().phone_number())

    def card(self) -> str:
        digits = str(self.english.credit_card_number())
        if self.random.random() < 0.4 and len(digits) in {15, 16}:
            cuts = (4, 8, 12, 16) if len(digits) == 16 else (4, 10, 15)
            separator = self.random.choice(" -")
            return separator.join(digits[a:b] for a, b in zip((0, *cuts), cuts, strict=False))
        return digits

    def iban(self) -> str:
        iban = str(self.any_faker(IBAN_LOCALES).iban())
        if self.random.random() < 0.4:
            return " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))
        return iban

    def national_id(self) -> str:
        return str(self.any_faker(ID_LOCALES).ssn())

    def ipv4(self) -> str:
        while True:
            address = str(self.english.ipv4())
            if not address.endswith(".0") and not address.startswith("127."):
                return address

    def ipv6(self) -> str:
        address = str(self.english.ipv6())
        form = self.random.randrange(4)
        if form == 0:
            return "2001:db8::" + self.text(HEX, 1, 4).lstrip("0").zfill(1) + ":" + self.text("123456789abcdef", 2)
        if form == 1:
            return address.upper()
        if form == 2:
            return "fe80::" + ":".join(self.text("123456789abcdef", 4) for _ in range(4))
        return address

    def jwt(self) -> str:
        def part(data: bytes) -> str:
            return base64.urlsafe_b64encode(data).decode().rstrip("=")

        header = (
            {"alg": "HS256", "typ": "JWT"}
            if self.random.random() < 0.7
            else {"typ": "JWT", "alg": "RS256", "kid": self.text(HEX, 8)}
        )
        claims = {"sub": self.random.randrange(10**6), "name": self.english.name(), "iat": 1_700_000_000}
        body = part(json.dumps(header).encode()) + "." + part(json.dumps(claims).encode())
        return body + "." + part(hmac.digest(self.text(HEX, 16).encode(), body.encode(), hashlib.sha256))

    def api_key(self) -> str:
        text = self.text
        return self.random.choice(
            (
                lambda: "AKIA" + text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16),
                lambda: "ghp_" + text(BASE62, 36),
                lambda: "github_pat_" + text(BASE62, 22) + "_" + text(BASE62, 59),
                lambda: "glpat-" + text(BASE62 + "_-", 20),
                lambda: "xoxb-" + text(string.digits, 12) + "-" + text(string.digits, 13) + "-" + text(BASE62, 24),
                lambda: "sk_live_" + text(BASE62, 24),
                lambda: "rk_test_" + text(BASE62, 24),
                lambda: "sk-proj-" + text(BASE62 + "_-", 80),
                lambda: "sk-ant-api03-" + text(BASE62 + "_-", 90),
                lambda: "AIza" + text(BASE62 + "_-", 35),
                lambda: "SG." + text(BASE62, 22) + "." + text(BASE62, 43),
                lambda: "npm_" + text(BASE62, 36),
                lambda: "pypi-AgEIcHlwaS5vcmc" + text(BASE62, 80),
                lambda: "hf_" + text(string.ascii_letters, 34),
                lambda: "dop_v1_" + text(HEX, 64),
                lambda: "shpat_" + text(HEX, 32),
                lambda: "hvs." + text(BASE62, 24),
                lambda: "GOCSPX-" + text(BASE62, 28),
                lambda: "ya29." + text(BASE62 + "_-", 60),
                lambda: "sntrys_" + text(BASE62, 60),
            )
        )()

    def password(self) -> str:
        return str(self.english.password(length=self.random.randint(8, 20), special_chars=False))

    # Lines.

    def frame(self, middle: str) -> str:
        """The middle inside what surrounds it in a log."""
        rng = self.random
        logger = rng.choice(("lms.access", "accounts.services", "celery.worker", "django.request", "outbox.relay"))
        form = rng.randrange(5)
        if form == 0:
            return f"{self.timestamp()} INFO {logger} {middle} request_id={self.text(HEX, 32)}"
        if form == 1:
            return f"[{self.timestamp()}] {logger}: {middle} ({rng.randrange(1000)} ms)"
        if form == 2:
            return json.dumps({"time": self.timestamp(), "logger": logger, "message": middle}, ensure_ascii=False)
        if form == 3:
            return f"{logger} {middle}, user_id={rng.randrange(10**6)} status={rng.choice((200, 201, 400, 404, 500))}"
        return middle

    def sample(self, kind: str) -> Sample:
        value, middle = self._middles()[kind]()
        line = self.frame(middle)
        if value not in line:
            # JSON escapes a quoted local part; the escaped form is then what must vanish.
            value = json.dumps(value, ensure_ascii=False)[1:-1]
        return Sample(kind, line, value)

    def _middles(self) -> dict[str, Callable[[], tuple[str, str]]]:
        return {
            "email": lambda: self._in(self.email(), EMAIL_CONTEXTS),
            "phone": lambda: self._in(self.phone(), PHONE_CONTEXTS),
            "card": lambda: self._in(self.card(), CARD_CONTEXTS),
            "iban": lambda: self._in(self.iban(), IBAN_CONTEXTS),
            "national_id": lambda: self._in(self.national_id(), ID_CONTEXTS),
            "ipv4": lambda: self._in(self.ipv4(), IP_CONTEXTS),
            "ipv6": lambda: self._in(self.ipv6(), IPV6_CONTEXTS),
            "jwt": lambda: self._in(self.jwt(), TOKEN_CONTEXTS),
            "api_key": lambda: self._in(self.api_key(), TOKEN_CONTEXTS),
            "dsn": self._dsn,
            "password": lambda: self._in(self.password(), PASSWORD_CONTEXTS),
            "cookie": lambda: self._in(self.text(BASE62, 32), COOKIE_CONTEXTS),
            "bearer": lambda: self._in(self.text(BASE62 + "-_", 24, 60), BEARER_CONTEXTS),
            "basic": self._basic,
            "private_key": self._private_key,
        }

    def _in(self, value: str, contexts: tuple[str, ...]) -> tuple[str, str]:
        return value, self.random.choice(contexts).replace("{}", value)

    def _dsn(self) -> tuple[str, str]:
        secret = self.text(BASE62 + "!$*~._-", 10, 20)
        user, host = self.english.user_name(), self.english.hostname()
        scheme = self.random.choice(
            ("postgres", "postgresql+psycopg", "redis", "amqp", "mongodb+srv", "mysql", "https", "smtp")
        )
        if self.random.random() < 0.2:
            secret = self.text(HEX, 32)
            return (
                secret,
                f"SENTRY init https://{secret}@o{self.random.randrange(10**6)}.ingest.sentry.io/{self.random.randrange(10**7)}",
            )
        url = f"{scheme}://{user}:{secret}@{host}:{self.random.randint(1000, 9999)}/{self.english.word()}"
        return secret, self.random.choice(DSN_CONTEXTS).replace("{}", url)

    def _basic(self) -> tuple[str, str]:
        value = base64.b64encode(f"{self.english.user_name()}:{self.password()}".encode()).decode()
        return self._in(value, ("Authorization: Basic {}", "header Basic {} rejected", "{'authorization': 'Basic {}'}"))

    def _private_key(self) -> tuple[str, str]:
        body = base64.b64encode(self.random.randbytes(90)).decode()
        name = self.random.choice(("RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", ""))
        return body, f"loaded -----BEGIN {name}PRIVATE KEY-----\\n{body}\\n-----END {name}PRIVATE KEY----- ok"

    # Lines that must come out as they went in.

    def ordinary(self) -> str:
        rng, faker = self.random, self.english
        words = " ".join(faker.words(rng.randint(2, 6)))
        return self.frame(rng.choice(self._ordinary_middles())(words))

    def _ordinary_middles(self) -> tuple[Callable[[str], str], ...]:
        rng, faker, text = self.random, self.english, self.text
        return (
            lambda w: f"{w} course={uuid.UUID(int=rng.getrandbits(128), version=4)} took {rng.random():.4f}s",
            lambda w: f"{w} sha256:{text(HEX, 64)} size={rng.randrange(10**9)}",
            lambda w: f"commit {text(HEX, 40)} {w} (+{rng.randrange(500)}, -{rng.randrange(500)})",
            lambda w: f"message {rng.randrange(10**18, 2 * 10**18)} relayed, {w}",
            lambda w: f"{w} started at {self.timestamp()} finished at {self.timestamp()}",
            lambda w: f"installed {faker.word()} {rng.randrange(20)}.{rng.randrange(30)}.{rng.randrange(99)} ({w})",
            lambda w: f"upgraded {faker.word()}=={rng.randrange(9)}.{rng.randrange(30)}rc{rng.randrange(9)} {w}",
            lambda w: f"wrote {faker.file_path(depth=rng.randint(1, 5))} {w}",
            lambda w: f"static {faker.file_name()} {faker.file_name(category='image')} img/logo@2x.png {w}",
            lambda w: (
                f"GET /api/v1/courses/{rng.randrange(9999)}/lessons/{rng.randrange(9999)}/ "
                f"{rng.choice((200, 304, 404))} {rng.randrange(99999)} {rng.random():.3f}"
            ),
            lambda w: f'"GET /static/app.{text(HEX, 8)}.js HTTP/1.1" 200 {rng.randrange(999)} "-" "{faker.chrome()}"',
            lambda w: (
                f"passing_score={rng.randrange(100)} token_count={rng.randrange(9999)} "
                f"session_count={rng.randrange(99)} author_id={rng.randrange(999)}"
            ),
            lambda w: f"SELECT id, title FROM courses_course WHERE id = %s AND rank > %s LIMIT {rng.randrange(100)}",
            lambda w: f'File "/srv/lms/courses/services.py", line {rng.randrange(900)}, in {faker.word()}',
            lambda w: (
                f"Task quizzes.tasks.grade[{uuid.UUID(int=rng.getrandbits(128), version=4)}] "
                f"succeeded in {rng.random() * 9}s: None"
            ),
            lambda w: f"worker pid={rng.randrange(99999)} rss={rng.randrange(10**9)} uptime={rng.randrange(10**7)} {w}",
            lambda w: (
                f"trace_id={text(HEX, 32)} span_id={text(HEX, 16)} route=/api/v1/{faker.word()}/{{id}} "
                f"duration_ms={rng.random() * 1000:.2f}"
            ),
            lambda w: f"course '{faker.catch_phrase()}' published by {faker.job().lower()}, {w}",
            lambda w: f"retry {rng.randrange(9)} of 9 in {rng.randrange(60)}s: redis {w}",
            lambda w: f"quiz {rng.randrange(9999)} attempt {rng.randrange(9)} scored {rng.randrange(100)}, passed=True",
            lambda w: (
                f"epoch={rng.randrange(1_600_000_000, 1_800_000_000)} ns={rng.randrange(16 * 10**17, 18 * 10**17)} "
                f"seq={rng.randrange(10**6)}"
            ),
            lambda w: f"backup lms-{self.timestamp()[:10]}-{text(HEX, 12)}.sql.gz {rng.randrange(10**10)} bytes, {w}",
            lambda w: f"etag W/\"{text(HEX, 16)}-{text(HEX, 8)}\" cache hit ratio {rng.random():.6f}",
            lambda w: f"{faker.sentence(12)}",
            lambda w: f"pytest tests/courses/test_services.py::test_{faker.word()} PASSED [{rng.randrange(100)}%]",
            lambda w: f"migrating courses.{rng.randrange(99):04}_{faker.word()}... OK; token_count={rng.randrange(9)}",
            lambda w: f"memory 0x{text(HEX, 12)} color #{text(HEX, 6)} mac {':'.join(text(HEX, 2) for _ in range(6))}",
            lambda w: f"certificate {text(BASE32, 4)}-{text(BASE32, 4)} issued, isbn {faker.isbn13()}",
        )  # fmt: skip


EMAIL_CONTEXTS = (
    "login failed for {}", "email={}", "to=<{}> status=sent", "user {} enrolled in 42",
    "GET /u?next=/&q={}&x=1", "ValueError: no such learner: '{}'", "sent to {}.", "({}) bounced", "mailto:{}",
    "{'who': '{}'}", "DETAIL: Key (email)=({}) already exists."
)  # fmt: skip
PHONE_CONTEXTS = (
    "phone: {}", "phone={}", "Tel. {}", "call me at {}", "SMS sent to {}", "mobile {} verified", "Telefon: {}",
    "téléphone : {}", "móvil: {}", "phone_number={}", "Handy {}", "whatsapp {} opted in", "fax: {}",
    "contact phone is {}", "{'phone': '{}'}", "telefono {}", "calling {} failed", "cell: {}"
)  # fmt: skip
CARD_CONTEXTS = (
    "card {} declined", "charging {} for 12.00 EUR", "pan={}", "payment with {} ok", "number: {}", "'{}'"
)  # fmt: skip
IBAN_CONTEXTS = (
    "iban {} saved", "refund to {}", "IBAN={}", "account: {} checked", "transfer {} failed", "'{}'"
)  # fmt: skip
ID_CONTEXTS = (
    "ssn {} stored", "SSN: {}", "national id {} checked", "passport no. {} expired", "tax id: {}",
    "national_id={}", "social security number {}", "identity number {} mismatch"
)  # fmt: skip
IP_CONTEXTS = (
    "from {} port 443", "client={}", "peer {}:8443 closed", "remote_addr={}", "blocked {} after 5 tries",
    "{} - - GET /login 302", "X-Forwarded-For: {}, 10.0.0.0", "http://{}/admin probed", "({})"
)  # fmt: skip
IPV6_CONTEXTS = (
    "from {} port 443", "client={}", "peer [{}]:8443 closed", "remote_addr={}", "blocked {} after 5 tries",
    "X-Forwarded-For: {}", "http://[{}]/admin probed", "({})"
)  # fmt: skip
TOKEN_CONTEXTS = (
    "using {} for upload", "token={}", "Authorization: Bearer {}", "key {} rejected", "?access_token={}&v=2",
    "'{}'", "export X={}", "invalid: {}", "https://api.example.com/v1?k={}"
)  # fmt: skip
DSN_CONTEXTS = (
    "connecting to {}", "DATABASE_URL={}", "could not reach {}: timeout", "broker '{}'", "dsn={} retries=3"
)  # fmt: skip
PASSWORD_CONTEXTS = (
    "password={}", "POST body {'password': '{}', 'next': '/'}", "dbPassword: {}", '{"password": "{}"}',
    "?user=x&password={}&y=1", "new_password1={}&csrf=1", "PGPASSWORD={} psql", "--password {} --verbose",
    '{\\"password\\": \\"{}\\", \\"a\\": 1}', "<password>{}</password>", "secret: {}", "pwd={};",
    "%7B%22password%22%3A%22{}%22%7D", "api_secret => {}", "('password', '{}')"
)  # fmt: skip
COOKIE_CONTEXTS = (
    "Cookie: sessionid={}; theme=dark", "cookie csrftoken={}", "Set-Cookie: sessionid={}; Path=/; HttpOnly",
    "csrfmiddlewaretoken={}&a=1", "{'sessionid': '{}'}", "X-CSRFToken: {}", "X-Session-Token: {}",
    "Cookie: theme=dark; csrftoken=abc; sessionid={}"
)  # fmt: skip
BEARER_CONTEXTS = (
    "Authorization: Bearer {}", "got Bearer {} from proxy", "{'Authorization': 'Bearer {}'}",
    "curl -H 'Authorization: Token {}'", "Proxy-Authorization: bearer {}"
)  # fmt: skip

KINDS = (
    "email", "phone", "card", "iban", "national_id", "ipv4", "ipv6", "jwt", "api_key", "dsn", "password",
    "cookie", "bearer", "basic", "private_key"
)  # fmt: skip


def samples(seed: int, per_kind: int) -> Iterator[Sample]:
    generator = Generator(seed)
    for kind in KINDS:
        for _ in range(per_kind):
            yield generator.sample(kind)


def ordinary_lines(seed: int, count: int) -> Iterator[str]:
    generator = Generator(seed)
    for _ in range(count):
        yield generator.ordinary()
