"""What a simulation is asked for, and what is refused before anything is sent."""

import argparse
import ipaddress
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from lms.demo.ports import WEB


def loopback(url: str) -> bool:
    """Whether a URL leads to this very machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Raises SystemExit(2) for wrong usage."""
    parser = argparse.ArgumentParser(prog="simulate", description="Simulated students, staff, attackers and mistakes.")
    parser.add_argument("--url", default=f"http://127.0.0.1:{WEB.number}", help="default: %(default)s")
    parser.add_argument("--anywhere", action="store_true", help="allow a host beyond the loopback interface")
    parser.add_argument("--people", type=int, default=20, metavar="N", help="students; default: %(default)s")
    parser.add_argument("--accounts", type=int, default=0, metavar="N", help="demo students there are; default: PEOPLE")
    parser.add_argument("--attackers", type=int, default=1, metavar="N", help="default: %(default)s")
    parser.add_argument("--days", type=float, default=7, help="simulated days, 0 for ever; default: %(default)s")
    parser.add_argument("--speed", type=float, default=2000, help="simulated per real second; default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--mail", type=Path, metavar="DIR", help="where mails are written: some people then sign up")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    given = parser.parse_args(words)
    if not loopback(given.url) and not given.anywhere:
        parser.error(f"{given.url} is not on the loopback interface; --anywhere says that it may be attacked.")
    if given.people < 1 or given.attackers < 0 or given.days < 0 or given.speed <= 0:
        parser.error("--people and --speed take more than 0, --attackers and --days at least 0.")
    if given.mail is not None and not given.mail.is_dir():
        parser.error(f"--mail: {given.mail} is not a directory.")
    return given


def reachable(url: str) -> str:
    """What is wrong with the LMS at `url`, in one line; "" when it is ready."""
    try:
        with urllib.request.urlopen(f"{url}/api/v1/ready", timeout=10):
            return ""
    except urllib.error.HTTPError as error:
        return f"{url} is not ready: {error.code}."
    except OSError as error:
        return f"{url} does not answer: {getattr(error, 'reason', error)}."
