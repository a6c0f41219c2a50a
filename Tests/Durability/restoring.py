"""A gateway that has much to restore: who comes meanwhile is told how far it is, and never what is half there."""

import http.client
import json
import subprocess

from faults import expect
from gateway import PATIENCE, Gateway, binary

TOPICS = 300_000


def check_restoring(folder):
    gateway = Gateway(folder / "data")
    lines = "".join(f'{{"topic":"stocks/{n}","data":"{"x" * 60} {n}"}}\n' for n in range(TOPICS))
    subprocess.run(
        [binary(), "state", "import", str(gateway.folder)], input=lines, text=True, check=True, timeout=PATIENCE,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    told = []
    try:
        gateway.start("interval", meanwhile=lambda: told.extend(ask_until_ready(gateway)))
    finally:
        gateway.retire()
    expect(told, "nobody was told that it restores")
    print(f"ok    {TOPICS:,} topics are restored: {len(told)} were told to wait, from {told[0]} to {told[-1]}")


def ask_until_ready(gateway):
    """How far it was, as often as it was asked before it was ready."""
    told = []
    for number in range(1_000_000):
        try:
            status, _, text = gateway.ask("GET", "/readyz")
            value_status, _, value = gateway.ask("GET", f"/topics/stocks/{number % TOPICS}")
            expect(gateway.ask("GET", "/healthz")[0] == 200, "/healthz is not 200 while it restores")
        except (OSError, http.client.HTTPException):
            continue  # It does not listen yet.
        if status == 503:
            told.append(json.loads(text)["detail"].split("has done ")[-1].split(" of it")[0])
        expect(value_status in (200, 503), f"a topic that was kept is answered {value_status} {value[:100]}")
        if value_status == 200:
            expect(json.loads(value)["data"].endswith(f" {number % TOPICS}"), f"a topic that was kept is {value[:100]}")
        if status == 200:
            expect(value_status == 200, "it is ready, and a topic that was kept is not there")
            return told
    return told
