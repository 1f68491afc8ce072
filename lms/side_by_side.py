"""Commands that don't disturb each other, as many at once as the machine has cores."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def failures(
    commands: Mapping[str, Sequence[str]], environment: Mapping[str, str], *, at_once: int | None = os.cpu_count()
) -> list[str]:
    """The names of those that failed, in their order.

    Each name is printed when its turn has come; beneath it what the command wrote, or its exit code, if it failed.
    Raises OSError for a program that can't be started.
    """

    def carry_out(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    failed = []
    with ThreadPoolExecutor(at_once) as pool:
        started = [(name, pool.submit(carry_out, command)) for name, command in commands.items()]
        for name, future in started:
            print(f"== {name}", flush=True)
            done = future.result()
            if done.returncode:
                print(done.stdout or f"exit code {done.returncode}", flush=True)
                failed.append(name)
    return failed
