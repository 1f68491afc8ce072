"""Where credentials stand in a text: named values, URL user information, tokens known by their form."""

import base64
import re
from collections.abc import Iterator

from observability.redaction.keys import classify_key, is_strong_key

Span = tuple[int, int, str]

_KEY_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.$"
_OPENING = r"(?:[bru]?\\{0,8}+[\"']|%(?:25)*2[27]|&quot;|&#34;|\\u0022)"
# `closed` is not possessive: Python before 3.11.5 forgets what a possessive group of alternatives has matched.
_SEPARATOR = re.compile(
    r"(?P<rest>[\w.\-]{0,64}+)"
    r"(?P<closed>(?:\\{0,8}+[\"'\])]|%(?:25)*(?:2[27]|5[Dd])|&quot;|&#34;|\\u0022){0,6})\s{0,8}+"
    r"(?P<separator>=>|:=|={1,2}|:(?!//|:)|%(?:25)*3[ADad]|>|,|(?<=\s))\s{0,8}+"
)
_SCHEME = r"(?:bearer|basic|token|jwt|apikey|api-key|digest|negotiate|ntlm|hawk|oauth|aws4-hmac-sha256|dpop|key|ssws)"
_BARE = (
    r"(?:[^\s\"'<>\\,;&|(){}\[\]]++|\\(?![nrt\"'])|[({\[]|"
    r"[,;&|)}\]](?!:?(?:\s|\Z)|[\"'\\,;&|)}\]]|(?:amp;)?[\w.\-\[\]]{1,64}(?:=|:|%3[Dd])))+"
)
_BARE_VALUE = re.compile(rf"(?:(?i:{_SCHEME})\s{{1,4}}(?=[\w\"'+/=.~-]{{4}}))?{_BARE}")
_ENCODED_VALUE = re.compile(r"[^\s\"'<>&]*?(?=%(?:25)*(?:26|2[Cc]|7[Dd])|[\s\"'<>&]|\Z)")
_SCHEME_PARAMETERS = re.compile(r"(?:digest|hawk|oauth|aws4-hmac-sha256)\s[^\r\n]*", re.IGNORECASE)
_COOKIE_VALUE = re.compile(
    r"[^\s;,\"'=]+=(?:\"[^\"\r\n]*\"|[^\s;,\"']*)(?:;\s*[^\s;,\"'=]+(?:=[^;\"'\r\n]*?(?=;|[\s,\"']|\Z))?)*"
)
_HARMLESS_VALUE = re.compile(
    r"(?:none|null|nil|true|false|undefined|\*+|<[^<>]*>|\[filtered\]|"
    r"%(?:\(\w+\))?[-#0 +]*\d*(?:\.\d+)?[srdifx]|\{[\w.!:]*\})\Z",
    re.IGNORECASE,
)
_CLOSERS = {"{": "}", "[": "]", "(": ")"}
_BRACKET = re.compile(r"[{}\[\]()]")
_QUOTE = re.compile(_OPENING)
_QUOTE_STARTS = frozenset("\"'\\%&bru")
_FORMAT_FIELD = re.compile(r"\{[\w.!:]{0,64}\}")
_BALANCE_LIMIT = 4096


def find_named_value(text: str, word_start: int, word_end: int, extra_keys: frozenset[str]) -> Span | None:
    """The value that belongs to the key of which ``text[word_start:word_end]`` is one word."""
    match = _SEPARATOR.match(text, word_end)
    if match is None:
        return None
    start = _key_start(text, word_start)
    kind = _kind_of(text, start, match, extra_keys)
    if kind is None:
        return None
    begin, end = _value_span(text, match.end(), text[start : match.end("rest")].lower())
    value = text[begin:end]
    if not value.strip() or _HARMLESS_VALUE.match(value):
        return None
    return begin, end, kind


def _key_start(text: str, word_start: int) -> int:
    head = text[max(0, word_start - 64) : word_start]
    start = word_start - (len(head) - len(head.rstrip(_KEY_CHARACTERS)))
    before = text[start - 1] if start else ""
    if before == "%" and start + 2 <= word_start:
        return start + 2
    if before == "\\" and text[start : start + 1] in {"n", "r", "t"} and start < word_start:
        return start + 1
    return start


def _kind_of(text: str, start: int, match: re.Match[str], extra_keys: frozenset[str]) -> str | None:
    name = text[start : match.end("rest")]
    separator, quoted = match["separator"], bool(match["closed"])
    if not separator:
        applies = name.startswith("--") and not quoted and text[match.end() : match.end() + 1] not in {"-", ""}
    elif separator == ">":
        applies = not quoted and start > 0 and text[start - 1] == "<"
    elif separator == ",":
        # A pair in a printed tuple, ("password", "x"), not a list of field names.
        applies = quoted and re.search(r"\([bru]?\\*[\"']\Z", text[max(0, start - 8) : start]) is not None
        applies = applies and _QUOTE.match(text, match.end()) is not None
    elif separator == ":" and not quoted:
        applies = is_strong_key(name) or bool(extra_keys and classify_key(name, extra_keys))
    else:
        applies = True
    kind = classify_key(name, extra_keys) if applies else None
    # "phone==1.2" pins a version; a compared credential stays one.
    return None if kind == "personal" and separator == "==" else kind


def _value_span(text: str, start: int, name: str) -> tuple[int, int]:
    first = text[start : start + 1]
    if first in _QUOTE_STARTS:
        quote = _QUOTE.match(text, start)
        if quote is not None:
            begin = quote.end()
            return begin, _closing(text, quote[0].lstrip("bru"), begin)
    if first in _CLOSERS and not _FORMAT_FIELD.match(text, start):
        end = _balanced(text, start)
        bare = _BARE_VALUE.match(text, end)
        return start, bare.end() if bare else end
    if "auth" in name:
        parameters = _SCHEME_PARAMETERS.match(text, start)
        if parameters is not None:
            return start, parameters.end()
    elif "cookie" in name:
        cookies = _COOKIE_VALUE.match(text, start)
        if cookies is not None:
            return start, cookies.end()
    if text[start - 3 : start].lower().endswith(("%3d", "%3a")):
        encoded = _ENCODED_VALUE.match(text, start)
        return start, encoded.end() if encoded else start
    bare = _BARE_VALUE.match(text, start)
    return start, bare.end() if bare else start


def _closing(text: str, mark: str, begin: int) -> int:
    """Where the string opened by ``mark`` ends; an unclosed string goes on to the end of its line."""
    position = text.find(mark, begin)
    while position > 0 and mark[0] in "\"'\\" and text[position - 1] == "\\" and position > begin:
        position = text.find(mark, position + 1)
    if position < 0:
        line_end = text.find("\n", begin)
        return line_end if line_end >= 0 else len(text)
    return position


def _balanced(text: str, start: int) -> int:
    depth = 0
    limit = min(len(text), start + _BALANCE_LIMIT)
    for bracket in _BRACKET.finditer(text, start, limit):
        depth += 1 if bracket[0] in _CLOSERS else -1
        if depth <= 0:
            return bracket.end()
    line_end = text.find("\n", limit)
    return line_end if line_end >= 0 else len(text)


_SCHEME_TOKEN = re.compile(r"[\s:]{1,4}[\"']?(?P<token>[A-Za-z0-9._~+/=-]{8,4096})")


def find_scheme_token(text: str, scheme: str, end: int) -> Span | None:
    """The credential after an authentication scheme that stands in running text ("Bearer ...", "Basic ...")."""
    match = _SCHEME_TOKEN.match(text, end)
    if match is None:
        return None
    token = match["token"]
    if scheme == "basic":
        if not _is_basic(token):
            return None
    elif len(token) < 20 and not any(character.isdigit() for character in token):
        return None
    return *match.span("token"), "secret"


def _is_basic(token: str) -> bool:
    try:
        decoded = base64.b64decode(token.rstrip("=.,") + "=" * (-len(token.rstrip("=.,")) % 4), altchars=b"-_")
    except ValueError:
        return False
    return b":" in decoded and decoded.decode("utf-8", "replace").isprintable()


_USERINFO = re.compile(r"(?:://|%3[Aa]%2[Ff]%2[Ff])(?P<userinfo>[^\s\"'<>/?#]{1,512})(?P<at>@|%40)(?=[\w\[%.-])")
_SLASHED_USERINFO = re.compile(
    r"://(?P<userinfo>[^\s\"'<>/:@?#]{0,64}:(?!\d{1,5}(?:[/?#]|\Z))[^\s\"'<>@]{1,256})@(?=[\w.\-\[\]]+(?::\d+)?(?:[/?\s\"']|\Z))"
)


def find_userinfo(text: str) -> Iterator[Span]:
    """User name and password of URLs and connection strings; the host stays readable."""
    for pattern in (_USERINFO, _SLASHED_USERINFO):
        for match in pattern.finditer(text):
            yield *match.span("userinfo"), "userinfo"


_JWT = re.compile(r"(?<![A-Za-z0-9])eyJ[\w-]{8,}+\.[\w-]{2,}+(?:\.[\w-]*+){0,3}")
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]{3,48}-----|\Z)", re.DOTALL
)


def find_jwts(text: str) -> Iterator[Span]:
    for match in _JWT.finditer(text):
        yield *match.span(), "jwt"


def find_private_keys(text: str) -> Iterator[Span]:
    for match in _PRIVATE_KEY.finditer(text):
        yield *match.span(), "private_key"


def _vendor(table: dict[str, str]) -> dict[str, re.Pattern[str]]:
    return {word: re.compile(pattern) for words, pattern in table.items() for word in words.split()}


# First word of a vendor's key -> the form of the whole key, after the vendors' own descriptions.
VENDOR_WORDS = _vendor(
    {
        "ghp gho ghu ghs ghr": r"gh[pousr]_[A-Za-z0-9]{20,255}",
        "github": r"github_pat_\w{20,255}",
        "glpat gldt glrt glcbt glptt glsoat": r"gl[a-z]{2,5}-[\w.-]{16,255}",
        "xoxa xoxb xoxe xoxp xoxr xoxs xoxc xoxd xapp": r"x(?:ox[a-z]|app)[-.][\w.-]{10,255}",
        "sk pk rk": r"[spr]k[-_](?:(?:live|test|proj|ant|or|svcacct|admin)[-_])?[\w-]{16,255}",
        "whsec": r"whsec_[\w+/=-]{16,255}",
        "npm": r"npm_[A-Za-z0-9]{30,255}",
        "pypi": r"pypi-[\w-]{20,1024}",
        "hf": r"hf_[A-Za-z0-9]{20,255}",
        "sg": r"SG\.[\w-]{16,64}\.[\w-]{16,128}",
        "ya29": r"ya29\.[\w-]{20,1024}",
        "gocspx": r"GOCSPX-[\w-]{20,64}",
        "hvs hvb hvr": r"hv[sbr]\.[\w-]{20,1024}",
        "dop doo dor": r"do[opr]_v1_[a-f0-9]{32,128}",
        "shpat shpca shppa shpss": r"shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}",
        "glsa glc": r"gl(?:sa|c)_[\w=+/-]{20,512}",
        "sntrys sntryu": r"sntry[su]_[\w=+/.-]{20,1024}",
        "dckr": r"dckr_(?:pat|oat)_[\w-]{20,64}",
        "nrak nrii nral": r"NR(?:AK|II|AL)-[\w-]{20,64}",
        "pmak": r"PMAK-[A-Fa-f0-9-]{40,80}",
        "ntn": r"ntn_[A-Za-z0-9]{30,64}",
        "lin": r"lin_(?:api|oauth)_[A-Za-z0-9]{20,64}",
        "figd figo": r"fig[do]_[\w-]{20,128}",
        "rubygems": r"rubygems_[a-f0-9]{48}",
        "tskey": r"tskey-[a-z]+-[\w-]{10,128}",
        "sbp": r"sbp_[a-f0-9]{40}",
        "phc phx": r"ph[cx]_[A-Za-z0-9]{30,64}",
        "sq0atp sq0csp": r"sq0[a-z]{3}-[\w-]{20,64}",
        "age": r"AGE-SECRET-KEY-1[0-9A-Z]{58}",
        "hooks": r"hooks\.slack\.com/(?:services|workflows)/[\w/]{20,128}",
        "webhooks": r"webhooks/\d{15,21}/[\w-]{40,80}",
    }
)


def _prefixes(*table: tuple[str, str]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((prefix, re.compile(rf"(?<![A-Za-z0-9]){pattern}")) for prefix, pattern in table)


# Keys that begin with a fixed prefix and go on without a break.
_CAPITAL_PREFIXES = _prefixes(
    ("AKIA", r"AKIA[0-9A-Z]{16}(?![0-9A-Z])"),
    ("ASIA", r"ASIA[0-9A-Z]{16}(?![0-9A-Z])"),
    ("ATATT", r"ATATT3[\w=-]{50,255}"),
)
_PREFIXES = _prefixes(
    ("AIza", r"AIza[\w-]{35}"),
    ("dapi", r"dapi[a-f0-9]{32}(?:-\d)?"),
    ("SK", r"SK[a-f0-9]{32}(?![A-Za-z0-9])"),
    (":AA", r"\d{8,10}:AA[\w-]{32,34}"),
)


def find_prefixed_keys(text: str, capitals: bool, spans: list[Span]) -> None:
    """Add the API keys recognised by a prefix inside a word; ``capitals``: the text has four capitals in a row."""
    for prefix, pattern in _CAPITAL_PREFIXES + _PREFIXES if capitals else _PREFIXES:
        if prefix in text:
            spans.extend((*match.span(), "api_key") for match in pattern.finditer(text))
