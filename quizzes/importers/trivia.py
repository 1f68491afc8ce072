"""OpenTriviaQA text: `#Q` question, `^` the right answer, then options lettered A, B, …

Lines come in UTF-8, some damaged, some in Windows-1252, even within one file: each line is read on its own.
"""

import html
import re

from quizzes.importers.items import Parsed, ParsedQuestion, letters, question
from quizzes.kinds import Kind

_OPTION = re.compile(r"([A-Z]) (.*)")


def decode_lines(data: bytes) -> tuple[list[str], int]:
    """The lines of `data`, and how many were not UTF-8."""
    lines, odd = [], 0
    for raw in data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").split(b"\n"):
        try:
            lines.append(raw.decode())
        except UnicodeDecodeError:
            odd += 1
            lines.append(_mixed(raw))
    return lines, odd


def _mixed(raw: bytes) -> str:
    """A line that is partly UTF-8: what isn't is read as Windows-1252, byte by byte."""
    text = ""
    while raw:
        try:
            return text + raw.decode()
        except UnicodeDecodeError as error:
            text += raw[: error.start].decode()
            text += raw[error.start : error.end].decode("cp1252", "replace")
            raw = raw[error.end :]
    return text


def parse(data: bytes) -> Parsed:
    """Each `#Q` block as a single choice, or reported. Two options named true and false make a true/false question."""
    parsed = Parsed("trivia")
    lines, odd = decode_lines(data)
    if odd:
        parsed.notes.append(f"{odd} lines were not UTF-8 and were read as Windows-1252 where they weren't")
    starts = [number for number, line in enumerate(lines) if line.startswith("#Q")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        block = [line.strip() for line in lines[start:end]]
        source = f"line {start + 1}"
        parsed.add("question", source, lambda b=block, s=source: _question(b, s))  # type: ignore[misc]
    return parsed


def _question(block: list[str], source: str) -> ParsedQuestion:
    answer_at = next((number for number, line in enumerate(block) if line.startswith("^")), len(block))
    asked = " ".join([block[0][2:].strip(), *block[1:answer_at]]).strip()
    right = block[answer_at][1:].strip() if answer_at < len(block) else ""
    # An option line that doesn't follow its predecessor's letter belongs to the text before it.
    options: list[str] = []
    for line in block[answer_at + 1 :]:
        match = _OPTION.match(line)
        if match and ord(match[1]) == ord("A") + len(options):
            options.append(match[2].strip())
        elif line and options:
            options[-1] += " " + line
    prompt = html.escape(asked, quote=False)
    lowered = [option.lower() for option in options]
    if sorted(lowered) == ["false", "true"] and right.lower() in lowered:
        return question(Kind.TRUE_FALSE, prompt, {"correct": right.lower() == "true"}, title=asked[:80], source=source)
    choices = [
        {"id": key, "text": html.escape(option, quote=False), "weight": "1" if option == right else "0"}
        for key, option in zip(letters(len(options)), options, strict=True)
    ]
    return question(Kind.SINGLE_CHOICE, prompt, {"choices": choices}, title=asked[:80], source=source)
