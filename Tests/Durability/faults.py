"""A second process, a disk that is full, a sync that fails."""

import json
import os
import shutil
import subprocess

from gateway import PATIENCE, Failure, Gateway
from truth import Truth, value

TOPIC = "stocks/faults/0"


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
        expect(len(gateway.events("the journal's disk is full")) == 1, "the log does not say once that the disk is full")
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


def check_failing_sync(folder):
    """The journal is dead: nothing is published any more, readers stay, and the next start has what was answered."""
    if not shutil.which("strace"):
        print("skip  a sync that fails: strace is not installed")
        return
    inject = ["-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=5+"]
    gateway = Gateway(folder / "data")
    publisher = LonePublisher(gateway)
    try:
        gateway.start("always", before=["strace", "-f", "-qq", "-o", os.devnull, *inject])
        publisher.publish_until_refused()
        publisher.check_reading()
        publisher.publish_until_refused()
        expect(len(gateway.events("the journal has failed")) == 1, "the log does not say once that the journal failed")
        gateway.kill()
        gateway.start("always")
        publisher.check_kept()
        expect(publisher.publish()[0] == 200, "publishing does not go on after a restart")
    finally:
        gateway.retire()
    print("ok    a sync that fails")
