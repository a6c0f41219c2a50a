"""Judges a report of the Autobahn suite: usage: judge.py INDEX_JSON [EXPECTED_COUNT]"""

import collections
import json
import sys

# INFORMATIONAL means that the suite allows every behaviour in this case. The suite also lets NON-STRICT pass; we do
# not.
ACCEPTED = {"OK", "INFORMATIONAL"}


def main(path, expected=""):
    with open(path, encoding="utf-8") as file:
        (cases,) = json.load(file).values()
    counts = collections.Counter(case["behavior"] for case in cases.values())
    slowest = max(cases, key=lambda name: cases[name]["duration"])
    print(f"{len(cases)} cases: " + ", ".join(f"{count} {kind}" for kind, count in counts.most_common()))
    print(f"slowest: {slowest}, {cases[slowest]['duration'] / 1000:.1f} s")
    failures = [
        f"{name}: {case['behavior']}, close {case['behaviorClose']} ({case['remoteCloseCode']})"
        for name, case in sorted(cases.items())
        if not {case["behavior"], case["behaviorClose"]} <= ACCEPTED
    ]
    if expected and len(cases) != int(expected):
        failures.append(f"{expected} cases should have run")
    print("\n".join(failures) or "no failure")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
