"""Flower's configuration (`--conf`): nobody comes in without a name and password of LMS_FLOWER_USERS_FILE.

The file has `name:password` lines. Flower would start without asking anybody if there were none, so that stops it.
"""

import os
from pathlib import Path

SHORTEST = 16

basic_auth = [
    line.strip() for line in Path(os.environ["LMS_FLOWER_USERS_FILE"]).read_text().splitlines() if line.strip()
]
for user in basic_auth:
    name, _, password = user.partition(":")
    if not name or len(password) < SHORTEST:
        raise SystemExit(
            f"flower: each line of LMS_FLOWER_USERS_FILE is name:password, of {SHORTEST} characters or more."
        )
if not basic_auth:
    raise SystemExit("flower: LMS_FLOWER_USERS_FILE names nobody.")
address = "0.0.0.0"
port = 5555
