"""A gateway of our own, and a pane of tmux that a test types into and looks at. Nothing sleeps for a result: it looks
again until what it waits for is there."""

import json
import os
import subprocess
import time
import urllib.request

BINARY = os.environ.get("BINARY", os.path.abspath(".build/debug/tidegate"))
# Longer than any step on a busy machine, even the longest wait between two attempts to connect.
PATIENCE = 60
SOCKET = f"tidegate-{os.getpid()}"


def until(what, look):
    """The first true answer of `look`."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


class Gateway:
    """Without feeds, on a free port, which a restart keeps."""

    def __init__(self, *arguments, config="config.json"):
        self.arguments = arguments
        self.config = config
        self.port = 0
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [BINARY, "serve", "--config", self.config, "--port", str(self.port), "--log-format", "json",
             "--set", "storage.folder=", "--set", "drain.spread=0", "--set", "drain.deadline=1", "--set", "threads=1", *(self.arguments or ["--no-feeds"])],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            event = json.loads(line)
            if event["event"] == "listening":
                self.port = int(event["address"].rsplit(":", 1)[1])
                self.url = f"http://127.0.0.1:{self.port}"
                return
        raise RuntimeError("the gateway ended before it listened")

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def put(self, topic, value, query=""):
        """`value` is JSON."""
        request = urllib.request.Request(
            f"{self.url}/topics/{topic}{query}", data=value.encode(), method="PUT")
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    def delete(self, topic):
        urllib.request.urlopen(
            urllib.request.Request(f"{self.url}/topics/{topic}", method="DELETE"), timeout=PATIENCE).close()


def tmux(*arguments):
    done = subprocess.run(["tmux", "-L", SOCKET, "-f", "/dev/null", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"tmux {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


class Pane:
    """A shell in a window of its own."""

    def __init__(self, columns=80, rows=24, **environment):
        self.name = f"pane{time.monotonic_ns()}"
        variables = {"LANG": "C.UTF-8", "PS1": "shell> ", "TERM": "screen-256color", **environment}
        settings = [f"{name}={value}" for name, value in variables.items()]
        tmux("new-session", "-d", "-s", self.name, "-x", str(columns), "-y", str(rows),
             "env", "-u", "NO_COLOR", "-u", "COLORTERM", *settings, "bash", "--norc", "--noprofile")
        self.wait("shell>")

    def close(self):
        tmux("kill-session", "-t", self.name)

    def keys(self, *keys):
        tmux("send-keys", "-t", self.name, *keys)

    def text(self, text):
        tmux("send-keys", "-t", self.name, "-l", text)

    def command(self, line):
        self.text(line)
        self.keys("Enter")

    def watch(self, gateway, *arguments):
        self.command(" ".join([BINARY, "watch", gateway.url, *arguments]))
        return self

    def resize(self, columns, rows):
        tmux("resize-window", "-t", self.name, "-x", str(columns), "-y", str(rows))

    def screen(self, styled=False):
        return tmux("capture-pane", "-p", "-t", self.name, *(["-e", "-N"] if styled else []))

    def lines(self):
        return self.screen().split("\n")

    def wait(self, text, absent=None):
        """Looks until `text` is there (and `absent` is not); the screen."""
        def look():
            screen = self.screen()
            return screen if text in screen and (absent is None or absent not in screen) else None
        try:
            return until(text, look)
        except AssertionError:
            raise AssertionError(f"waited in vain for {text!r}; the screen:\n{self.screen()}") from None

    def wait_for(self, what, check):
        try:
            return until(what, lambda: check(self.screen()))
        except AssertionError:
            raise AssertionError(f"waited in vain for {what}; the screen:\n{self.screen()}") from None

    def flag(self, name):
        """What tmux knows of the pane: alternate_on, cursor_flag, mouse_any_flag, pane_current_command …"""
        return tmux("display-message", "-p", "-t", self.name, f"#{{{name}}}").strip()

    def process(self):
        """The number of the watch that runs in it."""
        shell = self.flag("pane_pid")
        def look():
            found = subprocess.run(["ps", "--ppid", shell, "-o", "pid=,comm="], capture_output=True, text=True)
            for line in found.stdout.splitlines():
                number, name = line.split()
                if name == "tidegate":
                    return int(number)
            return None
        return until("the process", look)

    def wait_restored(self):
        """The shell is back, and the terminal as it was before."""
        until("the terminal's restoration", lambda: self.flag("alternate_on") == "0")
        assert self.flag("cursor_flag") == "1", "the cursor is hidden"
        assert self.flag("mouse_any_flag") == "0", "the mouse is still told"
        self.command("stty -a | grep -c '[^-]icanon'; echo ok-$((6*7))")
        screen = self.wait("ok-42")
        assert "\n1\n" in screen, screen
