"""What the documents say to type, and where they lead: read from the Markdown, without running anything."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.system import ROOT

SHELLS = {"sh", "bash", "console"}
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^()\s]+)\)|(?:src|href)=\"([^\"]+)\"")
_HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)
_ASSIGNMENT = re.compile(r"[A-Z_][A-Z0-9_]*=")
_STARTS = ("make ", "manage.py ", "python -m ")


@dataclass(frozen=True)
class Command:
    """One simple command; `words` without the variables before it. `block`: it stands in a block, to be copied."""

    document: str
    words: tuple[str, ...]
    block: bool

    @property
    def text(self) -> str:
        return " ".join(self.words)


def documents() -> list[Path]:
    """Everything that people read; the wheel's own document too."""
    top = [*ROOT.glob("*.md"), ROOT / "observability" / "README.md"]
    return sorted([*top, *(ROOT / "docs").rglob("*.md")])


def simple_commands(script: str) -> Iterator[tuple[str, ...]]:
    """The words of each simple command of a script; redirections, comments and variables are left out."""
    lexer = shlex.shlex(script.replace("\\\n", " ").replace("\n", "\n; "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    target = False
    for token in [*lexer, ";"]:
        if token and set(token) <= set(";&|"):
            while words and (_ASSIGNMENT.match(words[0]) or words[0] == "export"):
                words.pop(0)
            if words:
                yield tuple(words)
            words = []
        elif set(token) <= set("<>"):
            target = True
        elif target:
            target = False
        elif token != "$" or words:
            words.append(token)


def commands(path: Path) -> list[Command]:
    """Every command of a document's shell blocks, then those that its sentences name."""
    name, text = str(path.relative_to(ROOT)), path.read_text()
    found = [
        Command(name, words, True)
        for language, body in FENCE.findall(text)
        if language in SHELLS
        for words in simple_commands(body)
    ]
    for span in _SPAN.findall(FENCE.sub("", text)):
        plain = re.sub(r"^(?:[A-Z_]+=\S* )+", "", span)
        if plain.startswith(_STARTS):
            found += [Command(name, words, False) for words in simple_commands(re.sub(r"[\[\]…]", " ", plain))]
    return found


def anchors(path: Path) -> set[str]:
    """The fragments by which GitHub makes headings reachable."""
    seen: dict[str, int] = {}
    found = set()
    for heading in _HEADING.findall(FENCE.sub("", path.read_text())):
        words = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()).replace(" ", "-")
        count = seen.get(words, 0)
        seen[words] = count + 1
        found.add(f"{words}-{count}" if count else words)
    return found


def links(path: Path) -> list[str]:
    """Where a document leads within the repository."""
    text = _SPAN.sub("", FENCE.sub("", path.read_text()))
    targets = [first or second for first, second in _LINK.findall(text)]
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def broken(path: Path, link: str) -> str:
    """Why a link leads nowhere, or ""."""
    file, _, fragment = link.partition("#")
    target = (path.parent / file).resolve() if file else path
    if not target.is_relative_to(ROOT) or not target.exists():
        return f"{link}: no such file"
    if fragment and fragment not in anchors(target):
        return f"{link}: no such heading"
    return ""


def files_named(path: Path) -> set[str]:
    """Files and folders of the repository that a document's sentences name, such as `deploy/names.py`."""
    tops = {entry.name for entry in ROOT.iterdir() if entry.is_dir() and not entry.name.startswith(".")}
    spans = _SPAN.findall(FENCE.sub("", path.read_text()))
    # Capitals stand for a name of the reader's.
    return {
        span
        for span in spans
        if re.fullmatch(r"(?!.*\b[A-Z]{3,}\b(?!\.md))[\w./-]+", span) and "/" in span and span.split("/")[0] in tops
    }
