"""Video blocks: where the film is, how long it runs, which transcripts it has."""

import json
import re
from collections.abc import Callable
from typing import Any

from lxml import etree

from courses.olx.blocks import ParsedFile, ParsedVideo

FindFile = Callable[[str], ParsedFile | None]


def parse_video(element: etree._Element, find_file: FindFile) -> ParsedVideo | None:
    """None when the block names no film that a browser could play. `find_file` looks a name up below static/."""
    url = _url(element)
    if not url:
        return None
    transcripts = {
        language: file for language, name in _transcripts(element).items() if (file := find_file(name)) is not None
    }
    return ParsedVideo(url, _duration(element), transcripts)


def _url(element: etree._Element) -> str:
    youtube = element.get("youtube_id_1_0") or _youtube_at_normal_speed(element.get("youtube", ""))
    if youtube and re.fullmatch(r"[\w-]{5,20}", youtube):
        return f"https://www.youtube.com/watch?v={youtube}"
    sources = [source.get("src", "") for source in element.iter("source")]
    listed = _json(element.get("html5_sources"))
    sources += [source for source in listed if isinstance(source, str)] if isinstance(listed, list) else []
    return next((source for source in sources if source.startswith(("https://", "http://", "/static/"))), "")


def _youtube_at_normal_speed(speeds: str) -> str:
    """`0.75:id,1.00:id` as older exports write it."""
    return dict(pair.split(":", 1) for pair in speeds.split(",") if ":" in pair).get("1.00", "")


def _duration(element: etree._Element) -> float | None:
    """Seconds: of the part that is shown, else of the whole, else unknown."""
    start, end = (_seconds(element.get(name, "")) for name in ("start_time", "end_time"))
    if end > start:
        return end - start
    for asset in element.iter("video_asset"):
        try:
            seconds = float(asset.get("duration", "0"))
        except ValueError:
            continue
        if 0 < seconds < 1_000_000:
            return seconds - start if seconds > start else seconds
    return None


def _seconds(clock: str) -> float:
    """`01:02:03` in seconds; 0 for anything else."""
    match = re.fullmatch(r"(\d{1,3}):([0-5]?\d):([0-5]?\d(?:\.\d+)?)", clock.strip('" '))
    return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3]) if match else 0.0


def _transcripts(element: etree._Element) -> dict[str, str]:
    """Languages to names below static/, from every place where exports put them."""
    names: dict[str, str] = {}
    if sub := element.get("sub"):
        names["en"] = f"subs_{sub}.srt.sjson"
    for transcript in element.iter("transcript"):
        language = transcript.get("language") or transcript.get("language_code", "")
        source = transcript.get("src") or f"{element.get('edx_video_id', '')}-{language}.srt"
        names[language] = source
    listed = _json(element.get("transcripts"))
    if isinstance(listed, dict):
        names |= {language: name for language, name in listed.items() if isinstance(name, str)}
    return {language: name for language, name in names.items() if re.fullmatch(r"[A-Za-z-]{2,20}", language)}


def _json(text: str | None) -> Any:
    try:
        return json.loads(text or "null")
    except (ValueError, RecursionError):
        return None
