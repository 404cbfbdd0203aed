"""Does the gate find every fault? Seeded single faults in the files of sound models.

``python -m benchmarks.mutations [--faults N] [--seed S] [--jobs J] [NAME ...]`` fits small models
of every installed family (or of those named), each task, with random configurations; holds their
files to the gate, which they have to pass; then puts one fault at a time into the bytes and holds
the result to the same gate. It prints counts by fault and by family as Markdown.

Seeds up to 1000 were used while the gate was written; the default, and what docs/export.md shows,
is 2000, from which data, configurations, fits and faults follow.
"""

import argparse
import sys
import time
import traceback
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context

import numpy as np
import onnx

from benchmarks.end_faults import END_FAULTS
from benchmarks.faults import GRAPH_FAULTS, Fault
from benchmarks.idle_rules import idle_rule
from benchmarks.mutants import Sound, make_sound
from benchmarks.onnx_server import Server
from benchmarks.tree_faults import TREE_FAULTS
from searcher.export.gate.parity import hold_to
from searcher.export.gate.runtime import Limits
from searcher.plugins import family_names, load_family
from searcher.records import ParityVerdict

FAULTS: dict[str, Fault] = {**GRAPH_FAULTS, **END_FAULTS, **TREE_FAULTS}
LIMITS = Limits(timeout_s=60.0, memory_bytes=8 * 2**30)
FINAL_SEED = 2000
VARIANTS = 2  # configurations of each family and task: the default, and random ones
OUTCOMES = ("not loaded", "answers", "constants", "other ways", "equivalent", "missed")


@dataclass(frozen=True)
class Tried:
    """One fault and what became of it."""

    fault: str
    case: str  # family and task
    what: str  # was changed
    outcome: str
    said: str


@dataclass
class Result:
    """What came of one sound model."""

    case: str
    error: str = ""  # why there is no sound file
    verdict: ParityVerdict | None = None
    tried: list[Tried] = field(default_factory=list)
    seconds: float = 0.0


def main() -> int:
    """Run and print; the exit status says whether a fault was missed or a sound model refused."""
    options = _options()
    cases = list(_cases(options.names))
    quota = -(-options.faults // (len(cases) * VARIANTS))
    work = [(*case, options.seed, k) for case in cases for k in range(VARIANTS)]
    started = time.perf_counter()
    context = get_context("spawn")
    with ProcessPoolExecutor(options.jobs, mp_context=context) as pool:
        results = list(pool.map(partial(try_case, quota=quota), work))
    show(results, sys.stdout)
    sys.stdout.write(f"\n{time.perf_counter() - started:.0f} s, seed {options.seed}\n")
    bad = any(r.error or (r.verdict and not r.verdict.passed) for r in results)
    return int(bad or any(t.outcome == "missed" for r in results for t in r.tried))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutations")
    parser.add_argument("names", nargs="*", help="families; all installed ones")
    parser.add_argument("--faults", type=int, default=1000, help="at least so many")
    parser.add_argument("--seed", type=int, default=FINAL_SEED)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    return parser.parse_args()


def _cases(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for name in names or sorted(family_names()):
        family = load_family(name)
        if hasattr(family, "shape"):  # the rows that are made here are of a table
            continue
        yield from ((name, task) for task in sorted(family.tasks) if task != "clustering")


def try_case(work: tuple[str, str, int, int], *, quota: int) -> Result:
    """Fit one model, hold its file to the gate, then its mutants."""
    family, task, seed, variant = work
    case = f"{family} {task}"
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries, about small data
        try:
            sound = make_sound(family, task, seed=seed, variant=variant)
        except Exception:  # noqa: BLE001 - whatever it is, it is reported and counts as a failure
            return Result(case, error=traceback.format_exc(limit=-2))
    verdict = hold_to(sound.truth, sound.data, limits=LIMITS)
    result = Result(case, verdict=verdict)
    if verdict.passed:
        with Server() as server:
            result.tried = list(_mutate(sound, case, server, quota, seed=seed + variant))
    result.seconds = time.perf_counter() - started
    return result


def _mutate(sound: Sound, case: str, server: Server, quota: int, *, seed: int) -> Iterator[Tried]:
    """Put faults in, a different one each time as long as there are any."""
    rng = np.random.default_rng([seed, *case.encode()])
    names = [name for _ in range(quota) for name in rng.permutation(sorted(FAULTS))]
    seen = {sound.data}
    count = 0
    for name in names:
        proto = onnx.load_from_string(sound.data)
        what = FAULTS[name](rng, proto)
        data = proto.SerializeToString(deterministic=True)
        if what is None or data in seen:
            continue
        seen.add(data)
        outcome, said = judge(sound, data, server)
        if outcome == "missed" and (rule := idle_rule(sound.data, data)):
            outcome, said = "equivalent", rule
        yield Tried(name, case, what, outcome, said)
        count += 1
        if count == quota:
            return


def judge(sound: Sound, data: bytes, server: Server) -> tuple[str, str]:
    """Ask what the gate asks, the cheapest first, and stop at the first difference."""
    hold = partial(hold_to, sound.truth, data, limits=LIMITS, runner=server.run)
    verdict = hold(quick=True, structure=False)
    if not verdict.passed:
        return ("answers" if verdict.probes else "not loaded"), str(verdict.failure)
    verdict = hold(quick=True)
    if not verdict.passed:
        return "constants", str(verdict.failure)
    verdict = hold()
    return ("missed", "") if verdict.passed else ("other ways", str(verdict.failure))


def show(results: Iterable[Result], out: "sys.TextIO") -> None:  # type: ignore[name-defined]
    """Write both tables, then what went wrong."""
    results = list(results)
    tried = [one for result in results for one in result.tried]
    out.write("| fault | tried | " + " | ".join(OUTCOMES) + " |\n")
    out.write("| --- " * (len(OUTCOMES) + 2) + "|\n")
    _rows(out, tried, key=lambda one: one.fault)
    out.write("\n| family | tried | " + " | ".join(OUTCOMES) + " | sound models passed |\n")
    out.write("| --- " * (len(OUTCOMES) + 3) + "|\n")
    passed: dict[str, list[bool]] = defaultdict(list)
    for result in results:
        sound = result.verdict is not None and result.verdict.passed
        passed[result.case.split()[0]].append(sound)
    _rows(out, tried, key=lambda one: one.case.split()[0], passed=passed)
    for result in results:
        if result.error or (result.verdict and not result.verdict.passed):
            why = result.error or (result.verdict and result.verdict.failure)
            out.write(f"\nno sound file: {result.case}: {why}\n")
    for one in tried:
        if one.outcome in {"missed", "equivalent"}:
            out.write(f"\n{one.outcome}: {one.fault}, {one.case}: {one.what} {one.said}\n")


def _rows(out, tried, *, key, passed=None) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    for one in tried:
        groups[key(one)][one.outcome] += 1
    for name in sorted({*groups, *(passed or {})}):
        counts = groups[name]
        cells = [name, counts.total(), *(counts[outcome] for outcome in OUTCOMES)]
        if passed is not None:
            cells.append(f"{sum(passed[name])} of {len(passed[name])}")
        out.write("| " + " | ".join(map(str, cells)) + " |\n")
    total = Counter(one.outcome for one in tried)
    cells = ["all", total.total(), *(total[outcome] for outcome in OUTCOMES)]
    if passed is not None:
        cells.append(f"{sum(map(sum, passed.values()))} of {sum(map(len, passed.values()))}")
    out.write("| " + " | ".join(map(str, cells)) + " |\n")


if __name__ == "__main__":
    sys.exit(main())
