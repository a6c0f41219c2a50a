"""A gateway of our own as a process, and what its metrics say."""

import asyncio
import json

import aiohttp

BINARY = ".build/debug/tidegate"
# Longer than any step on a busy machine. A passing test never waits this long: it waits for events.
PATIENCE = 30


class Gateway:
    """`async with Gateway({"subscribers.pingInterval": 1}) as gateway`: without feeds, on a free port."""

    def __init__(self, settings):
        self.settings = {"storage.folder": "", "drain.spread": 0, "threads": 1} | settings
        self.file = self.settings.pop("config", "config.json")

    async def __aenter__(self):
        await self.start(0)
        self.port = int(self.address.rsplit(":", 1)[1])
        self.http = aiohttp.ClientSession()
        return self

    async def start(self, port):
        arguments = ["serve", "--config", self.file, "--port", str(port), "--no-feeds", "--log-format", "json"]
        for path, value in self.settings.items():
            arguments += ["--set", f"{path}={value}"]
        self.process = await asyncio.create_subprocess_exec(
            BINARY, *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        try:
            self.addresses = (await asyncio.wait_for(self.listening(), PATIENCE)).split()
            self.address = self.addresses[0]
        except BaseException:
            await self.end()
            raise
        self.log = asyncio.create_task(self.process.stderr.read())

    async def succeed(self):
        """Another process takes the place of this one, which has been told to end and may still be there."""
        former, log = self.process, self.log
        give_up = asyncio.get_running_loop().time() + PATIENCE
        while True:
            try:
                await self.start(self.port)
                break
            except RuntimeError:  # The port is not free yet.
                assert asyncio.get_running_loop().time() < give_up
        await asyncio.wait_for(former.wait(), PATIENCE)
        await log

    async def listening(self):
        """Reads its log up to the line that tells where it listens."""
        lines = []
        while line := await self.process.stderr.readline():
            lines.append(line.decode())
            event = json.loads(line) if line.startswith(b"{") else {}
            if event.get("event") == "listening":
                return event["address"]
        raise RuntimeError("the gateway ended before it listened: " + "".join(lines))

    async def end(self):
        if self.process.returncode is None:
            self.process.terminate()
        await asyncio.wait_for(self.process.wait(), PATIENCE)

    async def __aexit__(self, *_):
        await self.http.close()
        await self.end()
        await self.log

    async def metric(self, name):
        """One figure, with its labels as they are printed."""
        async with self.http.get(f"http://{self.address}/metrics") as answer:
            for line in (await answer.text()).splitlines():
                if line.startswith(name + " "):
                    return float(line.split()[-1])
        raise AssertionError(f"no metric {name}")

    async def expect(self, name, expected):
        """Asks until a metric has a value: the gateway counts an end a moment after the client has seen it."""
        give_up = asyncio.get_running_loop().time() + PATIENCE
        while (found := await self.metric(name)) != expected:
            assert asyncio.get_running_loop().time() < give_up, f"{name} is {found:.0f}, not {expected}"

    @property
    def peak_bytes(self):
        """The most that the process ever held of the machine's memory."""
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
            (line,) = (line for line in file if line.startswith("VmHWM"))
        return int(line.split()[1]) << 10

    async def publish(self, *topics, data=None):
        updates = [{"topic": topic, "data": data} for topic in topics]
        async with self.http.post(f"http://{self.address}/publish", json=updates) as answer:
            assert (await answer.json()) == {"accepted": len(topics)}
