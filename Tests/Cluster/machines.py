"""Machines with a network between them that can be cut: namespaces of the kernel. The processes that hold them end with us, and all with them."""

import os
import subprocess

from gateway import PATIENCE
from servers import ENDING_WITH_US, Skip, wait_for


class Space:
    """A network of its own, of which the cables end in it."""

    def __init__(self):
        self.holder = subprocess.Popen([*ENDING_WITH_US, "unshare", "--net", "sleep", "infinity"], start_new_session=True)
        own = os.stat("/proc/self/ns/net").st_ino
        wait_for(lambda: self.holder.poll() is not None or self.identity not in (None, own), "no network of its own")
        self.before = ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "--"]

    @property
    def identity(self):
        try:
            return os.stat(f"/proc/{self.holder.pid}/ns/net").st_ino
        except OSError:
            return None

    def ip(self, *words):
        ip(*words, before=self.before)

    def retire(self):
        self.holder.kill()
        self.holder.wait(PATIENCE)


class Machine(Space):
    """On a cable to the others, and on another one to us."""

    def __init__(self, number):
        super().__init__()
        self.number = number
        self.inside = f"10.91.0.{number}"
        # Runs at the same time have other addresses.
        self.outside = f"198.18.{os.getpid() % 256}.{4 * number + 2}"


class Network:
    """So many machines around one switch."""

    def __init__(self, count):
        self.switch, self.machines, self.cables = None, [], []
        try:
            self.switch = Space()
            self.switch.ip("link", "add", "switch", "type", "bridge")
            self.switch.ip("link", "set", "switch", "up")
            for number in range(1, count + 1):
                self.machines.append(Machine(number))
                self.connect(self.machines[-1])
        except (OSError, subprocess.CalledProcessError) as problem:
            self.retire()
            reason = getattr(problem, "stderr", None) or problem
            raise Skip(f"no machines can be made here, which takes root, ip and namespaces: {str(reason).strip()}") from None

    def connect(self, machine):
        ours = f"tg{os.getpid()}x{machine.number}"
        self.cables.append(ours)
        ip("link", "add", ours, "type", "veth", "peer", "name", "outside", "netns", str(machine.holder.pid))
        ip("addr", "add", machine.outside.rpartition(".")[0] + f".{4 * machine.number + 1}/30", "dev", ours)
        ip("link", "set", ours, "up")
        machine.ip("addr", "add", f"{machine.outside}/30", "dev", "outside")
        machine.ip("link", "add", "inside", "type", "veth", "peer", "name", self.port_of(machine), "netns", str(self.switch.holder.pid))
        machine.ip("addr", "add", f"{machine.inside}/24", "dev", "inside")
        for name in ("lo", "outside", "inside"):
            machine.ip("link", "set", name, "up")
        self.switch.ip("link", "set", self.port_of(machine), "up")
        self.heal(machine)

    @staticmethod
    def port_of(machine):
        return f"port{machine.number}"

    def cut(self, machine):
        """What it sends to the others is lost from now on, and what they send to it; nobody is told."""
        self.switch.ip("link", "set", self.port_of(machine), "nomaster")

    def heal(self, machine):
        self.switch.ip("link", "set", self.port_of(machine), "master", "switch")

    def retire(self):
        # The kernel takes them away with the machines, but in its own time, and the next ones have the same names.
        for name in self.cables:
            subprocess.run(["ip", "link", "del", name], capture_output=True, check=False)
        for space in [*self.machines, self.switch]:
            if space:
                space.retire()


def ip(*words, before=()):
    subprocess.run([*before, "ip", *words], check=True, capture_output=True, text=True)
