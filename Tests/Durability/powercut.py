"""A machine that loses its power: a real ext4 whose image is copied as the disk has it, while the system still holds back writes."""

import json
import pathlib
import shutil
import signal
import subprocess
import time
import uuid

from faults import TOPIC, LonePublisher, expect
from gateway import MODES, PATIENCE, Failure, Gateway

IMAGE_BYTES = 64 << 20


def run(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"{words[0]}: {done.stderr.strip()}")


class Disk:
    """An ext4 in a file in memory, and what it is after a power cut."""

    def __init__(self, folder):
        self.memory, self.place = folder / "memory", folder / "disk"
        self.memory.mkdir()
        self.place.mkdir()
        self.cuts = 0
        run("mount", "-t", "tmpfs", "-o", f"size={3 * IMAGE_BYTES}", "tmpfs", self.memory)
        try:
            with open(self.image, "wb") as file:
                file.truncate(IMAGE_BYTES)
            run("mkfs.ext4", "-q", "-F", self.image)
            run("mount", "-o", "loop", self.image, self.place)
        except OSError:
            self.remove()
            raise

    @property
    def image(self):
        return self.memory / f"disk-{self.cuts}"

    def cut(self, gateway):
        """What was handed to the system and not to the disk is lost."""
        gateway.process.send_signal(signal.SIGSTOP)
        before, self.cuts = self.image, self.cuts + 1
        shutil.copyfile(before, self.image)
        gateway.kill()
        run("umount", self.place)
        before.unlink()
        run("mount", "-o", "loop", self.image, self.place)

    def remove(self):
        for place in (self.place, self.memory):
            subprocess.run(["umount", "-l", str(place)], capture_output=True, check=False)


class Machine:
    """A gateway on such a disk, on a machine that starts anew after each cut."""

    def __init__(self, folder, mode):
        self.mode = mode
        self.disk = Disk(folder)
        self.boot = folder / "boot"
        self.gateway = Gateway(self.disk.place / "data")
        # The settings are no part of what is lost.
        self.gateway.settings = pathlib.Path(shutil.move(self.gateway.settings, folder / "config.json"))
        self.publisher = LonePublisher(self.gateway)
        self.start()

    def start(self):
        """In a world of its own, where the kernel says that it has just been started."""
        self.boot.write_text(f"{uuid.uuid4()}\n", encoding="utf-8")
        script = f'mount --bind {self.boot} /proc/sys/kernel/random/boot_id && exec "$@"'
        self.gateway.start(self.mode, before=["unshare", "--mount", "sh", "-c", script, "sh"])

    def cut(self):
        self.disk.cut(self.gateway)
        self.start()

    def publish(self, count):
        for _ in range(count):
            expect(self.publisher.publish()[0] == 200, "publishing is refused")

    def held(self):
        """The number of the update that is there; 0: none."""
        updates, _ = self.gateway.fresh(TOPIC)
        return updates[-1]["data"]["n"] if updates else 0

    def cursor(self):
        return self.gateway.fresh(TOPIC)[1]

    def is_reset(self, cursor):
        return json.loads(self.gateway.ask("GET", f"/poll?topics={TOPIC}&wait=0&cursor={cursor}")[2]).get("reset", False)

    def wait_until_synced(self):
        deadline = time.monotonic() + PATIENCE
        while "\ntidegate_journal_unsynced_records 0\n" not in self.gateway.ask("GET", "/metrics")[2]:
            if time.monotonic() > deadline:
                raise Failure("what was published is never safe")

    def retire(self):
        self.gateway.retire()
        self.disk.remove()


def check_power_cut(folder):
    """What each mode promises, and no more: where nothing is synced something must be lost, or this shows nothing."""
    for mode in MODES:
        (folder / mode).mkdir()
        try:
            machine = Machine(folder / mode, mode)
        except OSError as problem:
            print(f"skip  power cuts: {problem}")
            return
        try:
            check_mode(machine)
        finally:
            machine.retire()


def check_mode(machine):
    lost = []
    for _ in range(3):
        machine.publish(100)
        if machine.mode == "interval":
            machine.wait_until_synced()
        safe, safe_cursor = machine.publisher.number, machine.cursor()
        machine.publish(100)
        answered, cursor = machine.publisher.number, machine.cursor()
        machine.cut()
        held = machine.held()
        lost.append(answered - held)
        if machine.mode == "always":
            expect(held == answered, f"always: {held} of {answered} answered updates are there")
        if machine.mode == "interval":
            expect(held >= safe, f"interval: {held} updates are there, {safe} of them were synced")
            expect(not machine.is_reset(safe_cursor), "interval: a cursor of what survived is reset")
        expect(machine.is_reset(cursor) == (held < answered), f"{machine.mode}: a cursor is wrong after {lost[-1]} were lost")
    if machine.mode == "never":
        expect(any(lost), "never: nothing was lost, so these power cuts are none")
    print(f"ok    power cuts, {machine.mode}: answered updates that were lost: {', '.join(map(str, lost))}", flush=True)
