"""Runs the cases; see Tests/Cluster/run."""

import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

# What both have in common is there.
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "Durability"))

import checkpoints  # noqa: E402
import disks  # noqa: E402
import errors  # noqa: E402
import failovers  # noqa: E402
import fleet  # noqa: E402
import outages  # noqa: E402
import partitions  # noqa: E402
import rights  # noqa: E402
import rolling  # noqa: E402
import sentinels  # noqa: E402
import slots  # noqa: E402
from gateway import Failure, binary  # noqa: E402
from servers import Server, Skip, redis, valkey  # noqa: E402

CASES = [
    *outages.CASES, *errors.CASES, *failovers.CASES, *slots.CASES, *sentinels.CASES, *partitions.CASES,
    *disks.CASES, *checkpoints.CASES, *rights.CASES, *fleet.CASES, *rolling.CASES]
FAST = [
    "three nodes under load", "a node is killed", "redis restarts with its file", "redis restarts empty", "redis is away",
    "scripts are forgotten", "sentinel fails over, nothing lost", "sentinel fails over, some lost", "a new node joins under load",
    "all nodes are restarted in turn, 300 readers", "a ticket of one node is good at another", "tickets while redis is away",
    "somebody is disconnected from all nodes",
]


def version():
    try:
        return subprocess.run([Server.program(), "--version"], capture_output=True, text=True, check=True).stdout.strip()
    except Skip as skip:
        return str(skip)


def chosen(words):
    if words == ["fast"]:
        return [(name, case) for name, case in CASES if name in FAST]
    return [(name, case) for name, case in CASES if not words or any(word.lower() in name for word in words)]


def run(name, case, seed):
    """What became of it, in one word."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tidegate-cluster-") as folder:
        try:
            remark, outcome = case(pathlib.Path(folder), seed), "ok"
        except Skip as skip:
            remark, outcome = str(skip), "skip"
        except Failure as failure:
            remark, outcome = str(failure), "FAIL"
    print(f"{outcome:5} {name:45} {time.monotonic() - began:4.0f} s  {remark or ''}", flush=True)
    return outcome


def main(*words):
    if words[:1] == ("--server",):
        Server.program = staticmethod({"redis": redis, "valkey": valkey}[words[1]])
        words = words[2:]
    seed = int(os.environ.get("SEED", random.randrange(1_000_000)))
    cases = chosen(list(words))
    if not cases:
        raise SystemExit("There is no such case. There are:\n" + "\n".join(f"  {name}" for name, _ in CASES))
    print(f"seed {seed}, {binary()}, {version()}", flush=True)
    outcomes = [run(name, case, seed) for name, case in cases]
    failed = outcomes.count("FAIL")
    print(f"{'FAIL' if failed else 'PASS'}: {len(outcomes)} cases, {failed} failed, {outcomes.count('skip')} skipped (seed {seed})")
    return 1 if failed else 0


if __name__ == "__main__":
    # Threads of a case that failed may still wait for a process that is gone.
    status = main(*sys.argv[1:])
    sys.stdout.flush()
    os._exit(status)
