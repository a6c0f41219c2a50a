"""A second process, a disk that is full, a sync that fails."""

import http.client
import json
import os
import shutil
import subprocess

from gateway import PATIENCE, Failure, Gateway
from truth import Truth, value

TOPIC = "stocks/faults/0"
# Regular expressions of strace: which of a family a C library calls is its affair.
CALLS = ["/^pwrite", "/^fdatasync", "/^fsync", "/^fallocate", "/^rename", "/^unlink"]


def expect(is_so, problem):
    if not is_so:
        raise Failure(problem)


class LonePublisher:
    """Publishes to one topic of one gateway until it is refused."""

    def __init__(self, gateway):
        self.gateway, self.truth = gateway, Truth()
        self.number = 0

    def publish(self):
        """The answer's status and fields."""
        self.number += 1
        status, fields, text = self.gateway.ask("PUT", f"/topics/{TOPIC}", json.dumps(value(TOPIC, self.number)))
        if status == 200:
            self.truth.note_answer(TOPIC, self.number, json.loads(text)["version"])
        return status, fields

    def publish_until_refused(self):
        for _ in range(20_000):
            status, fields = self.publish()
            if status != 200:
                expect(status == 503, f"publishing is refused with {status}")
                return fields
        raise Failure("20,000 updates were taken, and none was refused")

    def check_kept(self):
        self.truth.check(self.gateway.fresh(TOPIC)[0])

    def check_reading(self):
        """Publishing is refused, reading goes on, and who balances loads is told."""
        self.check_kept()
        expect(self.gateway.ask("GET", f"/topics/{TOPIC}")[0] == 200, "a value cannot be read")
        expect(self.gateway.ask("GET", "/readyz")[0] == 503, "/readyz is not 503")


def check_second_process(folder):
    """It is refused, and told who is there."""
    gateway = Gateway(folder / "data")
    try:
        gateway.start("interval")
        second = subprocess.run(
            [*gateway.command(), "--port", "0"], capture_output=True, text=True, timeout=PATIENCE, check=False)
        expect(second.returncode > 0, "a second process is not refused")
        expect(f"process {gateway.process.pid}," in second.stderr, f"it does not name the first: {second.stderr}")
    finally:
        gateway.retire()
    print("ok    a second process is refused")


def check_full_disk(folder):
    """Refusals until there is room, over a kill too."""
    disk = folder / "disk"
    disk.mkdir()
    mounting = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)], capture_output=True, text=True, check=False)
    if mounting.returncode != 0:
        print(f"skip  a full disk: {mounting.stderr.strip()}")
        return
    try:
        fill_and_free(Gateway(disk / "data"), disk / "filler")
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
    print("ok    a full disk")


def fill_and_free(gateway, filler):
    publisher = LonePublisher(gateway)
    try:
        gateway.start("interval")
        publisher.publish()
        fill(filler)
        expect(publisher.publish_until_refused()["Retry-After"], "a full disk's 503 has no Retry-After")
        gateway.wait_for_line("the journal's disk is full", "the log does not say that the disk is full")
        expect(len(gateway.events("the journal's disk is full")) == 1, "the log says more than once that the disk is full")
        publisher.check_reading()
        filler.unlink()
        gateway.wait_for_line("the journal's disk has room", "room is not noticed")
        expect(publisher.publish()[0] == 200, "publishing does not go on")
        expect(gateway.ask("GET", "/readyz")[0] == 200, "/readyz does not come back")

        fill(filler)
        publisher.publish_until_refused()
        gateway.kill()
        gateway.start("interval")
        publisher.check_kept()
        filler.unlink()
        for _ in range(PATIENCE):
            if publisher.publish()[0] == 200:
                break
            gateway.wait_for_line("the journal's disk has room", "room is not noticed after a start on a full disk")
        gateway.kill()
        gateway.start("interval")
        publisher.check_kept()
    finally:
        gateway.retire()


def fill(filler):
    """Takes all the room that is left."""
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass


def injecting(call, fault):
    """What runs a command so that the call has the fault, in each of its threads."""
    return ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}", "-e", f"inject={call}:{fault}"]


def check_failing_sync(folder):
    """The journal is dead: nothing is published any more, readers stay, and the next start has what was answered."""
    if not shutil.which("strace"):
        print("skip  a sync that fails: strace is not installed")
        return
    gateway = Gateway(folder / "data")
    publisher = LonePublisher(gateway)
    try:
        gateway.start("always", before=injecting("fdatasync", "error=EIO:when=5+"))
        publisher.publish_until_refused()
        publisher.check_reading()
        publisher.publish_until_refused()
        gateway.wait_for_line("the journal has failed", "the log does not say that the journal failed")
        expect(len(gateway.events("the journal has failed")) == 1, "the log says more than once that the journal failed")
        gateway.kill()
        gateway.start("always")
        publisher.check_kept()
        expect(publisher.publish()[0] == 200, "publishing does not go on after a restart")
    finally:
        gateway.retire()
    print("ok    a sync that fails")


def check_kill_at_calls(folder):
    """Kills on the way into the calls by which files come, are written and go."""
    if not shutil.which("strace"):
        print("skip  kills at exact calls: strace is not installed")
        return
    gateway = Gateway(folder / "data")
    publisher = LonePublisher(gateway)
    reached = []
    try:
        for call in CALLS:
            for count in (1, 2, 3):
                if die_at(publisher, call, count):
                    reached.append(f"{call[2:]} {count}")
                gateway.start("always")
                publisher.check_kept()
                expect(publisher.publish()[0] == 200, f"publishing does not go on after a kill at {call} {count}")
                gateway.kill()
    finally:
        gateway.retire()
    expect(len(reached) >= len(CALLS), f"too few calls were reached: {reached}")
    print(f"ok    kills at exact calls: {', '.join(reached)}")


def die_at(publisher, call, count):
    """Whether the gateway came to that call of one of its threads."""
    gateway = publisher.gateway
    try:
        gateway.start("always", before=injecting(call, f"signal=KILL:when={count}"))
        for _ in range(1500):
            publisher.publish()
    except (OSError, http.client.HTTPException, Failure):
        return True
    finally:
        gateway.kill()
    return False
