"""Keys out of the mails that a file backend wrote."""

import re
import time
from pathlib import Path
from urllib.parse import unquote

import gevent

PATIENCE_SECONDS = 15.0


def key_mailed_to(folder: Path, email: str, link: str, *, seconds: float = PATIENCE_SECONDS) -> str:
    """The key in the newest mail to `email` with a link to /account/`link`/KEY; "" when none comes in time."""
    deadline = time.monotonic() + seconds
    pattern = re.compile(rf"/account/{re.escape(link)}/([^\s/]+)")
    while time.monotonic() < deadline:
        for path in sorted(folder.glob("*"), key=lambda path: path.stat().st_mtime, reverse=True)[:50]:
            for text in reversed(path.read_text(errors="replace").split("-" * 79)):
                # Long lines are folded by quoted-printable's soft breaks.
                text = text.replace("=\n", "").replace("=3D", "=")
                if f"To: {email}" in text and (found := pattern.search(text)):
                    return unquote(found[1])
        gevent.sleep(0.2)
    return ""
