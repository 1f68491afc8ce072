"""pytest plugin (`-p tests.embedded_servers`): real servers of the tests' own, before Django reads its settings.

A DATABASE_URL or REDIS_URL that is already set wins; the servers live in a temporary directory and end with pytest.
Each process of a parallel run (`-n 2`) has servers of its own: tests empty Redis and count what is stored there.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

os.environ["LMS_ENV_FILE"] = os.devnull
os.environ.setdefault("DJANGO_SECRET_KEY", "tests-only-" + "x" * 50)
os.environ.setdefault("LMS_DEBUG", "1")
os.environ.setdefault("LMS_LOG_FORMAT", "json")
os.environ.setdefault("LMS_SECURITY_BACKGROUND", "0")  # a thread of its own would write outside of a test's transaction
os.environ.setdefault("LMS_ACTIVE_USERS_BACKGROUND", "0")  # tests count what is stored in Redis
os.environ.setdefault("LMS_EMAIL_URL", "memorymail://")
os.environ.setdefault("LMS_BADGE_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
os.environ.setdefault("LMS_SHARED_DATA", str(Path(__file__).resolve().parents[2] / "shared" / "data"))

STARTED = "LMS_TESTS_STARTED_SERVERS"  # names what a parallel run's first process started and its workers inherit
for name in os.environ.pop(STARTED, "").split():
    del os.environ[name]

if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
    from lms.embedded import EmbeddedServers

    directory = Path(tempfile.mkdtemp(prefix="lms-tests-"))
    servers = EmbeddedServers(directory, durable=False)
    started = {name: url for name, url in servers.start().items() if not os.environ.get(name)}
    os.environ.update(started | {STARTED: " ".join(started)})

    def _stop() -> None:
        servers.stop()
        shutil.rmtree(directory, ignore_errors=True)

    atexit.register(_stop)
