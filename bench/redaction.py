"""Speed and recall of redaction beside four libraries and one combined regular expression, in one run.

    python -m bench.redaction [--seed N] [--records N] [--per-kind N]

Speed: records of about 230 bytes from the labelled corpus, in microseconds of CPU a record; all take turns, and the
best of several rounds counts, so that a busy machine disturbs all alike. "quiet" records hold nothing to hide,
"telling" ones one value each, "mixed" is one telling record in ten. Recall: lines per kind, on a seed that was not
used while tuning.
"""

import argparse
import importlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence

from bench.figures import report
from bench.redaction_combined import redact_combined
from observability.redaction import redact_text
from tests.observability.redaction_corpus import KINDS, REPORT_SEED, Generator, ordinary_lines, samples

RECORD_BYTES = 230
ROUNDS = 15
CHUNK = 100
OURS, COMBINED = "observability", "one combined regex"
Redactor = Callable[[str], str]


def contenders() -> tuple[dict[str, Redactor], list[str]]:
    """The redactors that can be imported here, and the names of those that cannot."""
    found: dict[str, Redactor] = {OURS: redact_text, COMBINED: redact_combined}
    missing = []
    for name, load in (
        ("loggingredactor", _loggingredactor),
        ("hushlog", _hushlog),
        ("datafog", _datafog),
        ("fastscrub", _fastscrub),
    ):
        try:
            found[name] = load()
        except ImportError:
            missing.append(name)
    return found, missing


def _loggingredactor() -> Redactor:
    return importlib.import_module("loggingredactor").CommonPIIRedactingFilter().redact


def _hushlog() -> Redactor:
    module = importlib.import_module("hushlog")
    return module.PatternRegistry.from_config(module.Config()).redact


def _datafog() -> Redactor:
    return importlib.import_module("datafog").sanitize


def _fastscrub() -> Redactor:
    return importlib.import_module("fastscrub").scrub


def records(seed: int, count: int) -> dict[str, list[str]]:
    generator = Generator(seed)

    def sized(line: str) -> str:
        while len(line) < RECORD_BYTES - 15:
            room = RECORD_BYTES + 15 - len(line)
            line = f"{line} {generator.ordinary()[:room].rsplit(' ', 1)[0]}"
        return line

    def next_quiet() -> str:
        while True:
            line = sized(generator.ordinary())
            if len(line) <= RECORD_BYTES + 15:
                return line

    def next_telling(kind: str) -> str:
        while True:
            line = sized(generator.sample(kind).line)
            if len(line) <= RECORD_BYTES + 15 or kind in {"jwt", "private_key"}:
                return line

    quiet = [next_quiet() for _ in range(count)]
    telling = [next_telling(KINDS[index % len(KINDS)]) for index in range(count)]
    mixed = [telling[index] if index % 10 == 0 else line for index, line in enumerate(quiet)]
    return {"quiet": quiet, "telling": telling, "mixed": mixed}


def microseconds(redactors: dict[str, Redactor], lines: Sequence[str]) -> dict[str, float]:
    """CPU time of the thread per record: the best of the rounds for each chunk of lines, added up."""
    chunks = [lines[start : start + CHUNK] for start in range(0, len(lines), CHUNK)]
    best = {name: [float("inf")] * len(chunks) for name in redactors}
    for _ in range(ROUNDS):
        for name, redactor in redactors.items():
            for index, chunk in enumerate(chunks):
                started = time.thread_time()
                for line in chunk:
                    redactor(line)
                best[name][index] = min(best[name][index], time.thread_time() - started)
    return {name: sum(times) / len(lines) * 1e6 for name, times in best.items()}


def recall(redactor: Redactor, seed: int, per_kind: int) -> dict[str, float]:
    drawn, hidden = Counter[str](), Counter[str]()
    for sample in samples(seed, per_kind):
        drawn[sample.kind] += 1
        hidden[sample.kind] += not sample.leaks_into(redactor(sample.line))
    return {kind: 100 * hidden[kind] / drawn[kind] for kind in KINDS}


def table(title: str, columns: Sequence[str], rows: dict[str, Sequence[str]]) -> None:
    print(f"\n{title}")
    print(f"{'':<14}" + "".join(f"{column:>20}" for column in columns))
    for name, cells in rows.items():
        print(f"{name:<14}" + "".join(f"{cell:>20}" for cell in cells))


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=REPORT_SEED)
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--per-kind", type=int, default=500)
    options = parser.parse_args(arguments)
    redactors, missing = contenders()
    names = list(redactors)
    if missing:
        print(f"not installed, left out: {', '.join(missing)} (pip install -r requirements-bench.txt)")

    speeds, ratios = {}, {}
    for kind, lines in records(options.seed, options.records).items():
        took = microseconds(redactors, lines)
        size = sum(len(line.encode("utf-8", "surrogatepass")) for line in lines) / len(lines)
        speeds[f"{kind} {size:.0f} B"] = [f"{took[name]:.1f}" for name in names]
        report(f"{kind}: a record", took[OURS], "µs", at_most=15 if kind != "telling" else None)
        report(f"{kind}: one combined regular expression over ours", took[names[1]] / took[OURS], at_least=10)
        for peer in names[2:] if kind == "mixed" else ():
            report(f"{kind}: {peer} over ours", took[peer] / took[OURS])
        ratios[kind] = [f"{took[name] / took[OURS]:.2f}x" for name in names]
    table("microseconds a record", names, speeds)
    table("time over ours", names, ratios)

    found = {name: recall(redactor, options.seed, options.per_kind) for name, redactor in redactors.items()}
    table(
        f"recall, percent of {options.per_kind} lines per kind, seed {options.seed}",
        names,
        {kind: [f"{found[name][kind]:.1f}" for name in names] for kind in KINDS},
    )
    for kind in KINDS:
        report(f"recall of {kind}", found[OURS][kind], "%", at_least=85 if kind == "phone" else 99)
    for name in names:
        report(f"recall, mean of all kinds: {name}", sum(found[name].values()) / len(KINDS), "%")
    lines = list(ordinary_lines(options.seed, 20 * options.per_kind))
    changed = {name: sum(redactor(line) != line for line in lines) for name, redactor in redactors.items()}
    report("ordinary lines changed", 100 * changed[OURS] / len(lines), "%", at_most=0.1)
    table(
        f"ordinary lines changed, percent of {len(lines)}",
        names,
        {"changed": [f"{100 * changed[name] / len(lines):.2f}" for name in names]},
    )


if __name__ == "__main__":
    main(sys.argv[1:])
