"""Every event-stream client that people have parses every event as JSON, over a silence that heartbeats fill."""

import asyncio
import contextlib
import os

from entrance import Entrance
from gateway import PATIENCE
from readers import READERS

FOLDER = os.path.dirname(os.path.abspath(__file__))
BEATS = 5


class Tap:
    """A way to the gateway on which signs of life are counted."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.beaten = asyncio.Event()
        self.count = 0

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.connect, "127.0.0.1", 0)
        self.address = "127.0.0.1:%d" % self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()

    async def connect(self, reader, writer):
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.gateway.port)
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(self.pass_on(reader, up_writer), self.pass_on(up_reader, writer, counts=True))

    async def pass_on(self, reader, writer, counts=False):
        try:
            while piece := await reader.read(65536):
                if counts and b": still here\n" in piece:
                    self.count += 1
                    self.beaten.set()
                writer.write(piece)
                await writer.drain()
        finally:
            writer.close()

    async def silence(self):
        """Waits until a silence was filled so many times."""
        end = self.count + BEATS
        while self.count < end:
            self.beaten.clear()
            await asyncio.wait_for(self.beaten.wait(), PATIENCE)


def heard_by(reader):
    async def run(gateway):
        topics = [f"events/{number}" for number in range(20)]
        await gateway.publish(*topics, data={"price": 1.25})
        async with Tap(gateway) as tap:
            # No gateway was ever called so: the stream begins with a reset.
            events = reader(Entrance(tap.address), "/sse?topics=events/*&cursor=nobody-1")

            async def expect(kind):
                found, data = await asyncio.wait_for(anext(events), PATIENCE)
                assert found == kind, f"{kind} expected, not {found}: {data}"
                return data

            async with contextlib.aclosing(events):
                assert "snapshot" in (await expect("reset"))["reason"]
                assert {(await expect("message"))["topic"] for _ in topics} == set(topics)
                assert await expect("live") == {"resumed": False}
                for price in range(2):
                    silence = asyncio.create_task(tap.silence())
                    nothing = asyncio.create_task(anext(events))
                    done, _ = await asyncio.wait({silence, nothing}, return_when=asyncio.FIRST_COMPLETED)
                    assert nothing not in done, f"heard in a silence: {nothing.result()}"
                    await gateway.publish("events/1", data={"price": price})
                    kind, update = await asyncio.wait_for(nothing, PATIENCE)
                    assert kind == "message" and update["data"] == {"price": price}, (kind, update)

    return run


def tests():
    settings = {"subscribers.eventStreamHeartbeat": 0.1, "publicFolder": FOLDER}
    for name, reader in READERS.items():
        yield f"every event of a stream, {name}", settings, heard_by(reader)
