"""What every WebSocket client is put through; scenario.js is the same for Node and browsers."""

import asyncio
import json

from gateway import PATIENCE


async def scenario(client, url, topic, compression, trust=None):
    """Connect, snapshot, live, publish, ping, close. `topic` must hold 20 values below it."""
    agreed = await asyncio.wait_for(client.open(url, compression, trust), PATIENCE)
    assert agreed == (compression and client.compresses), f"compression agreed: {agreed}"

    async def receive(kind):
        message = json.loads(await asyncio.wait_for(client.receive(), PATIENCE))
        assert message["type"] == kind, f"{kind} expected, not {message}"
        return message

    async def say(**message):
        await client.send(json.dumps(message))

    await receive("welcome")
    await say(type="subscribe", id=1, topics=[f"{topic}/**"])
    assert (await receive("subscribed"))["id"] == 1
    snapshot = await receive("updates")
    assert len(snapshot["updates"]) == 20, snapshot
    assert (await receive("live"))["id"] == 1

    data = {"text": "Grüße, κόσμε, 日本, 🦀", "long": "x" * 1000}
    await say(type="publish", id=2, updates=[{"topic": f"{topic}/new", "data": data}])
    assert (await receive("published"))["accepted"] == 1
    assert (await receive("updates"))["updates"][0]["data"] == data

    await say(type="ping", id=3)
    assert (await receive("pong"))["id"] == 3
    await asyncio.wait_for(client.ping(), PATIENCE)
    await say(type="pace", id=4, maxRate=2)
    assert (await receive("paced"))["maxRate"] == 2
    code = await asyncio.wait_for(client.close(), PATIENCE)
    assert code == 1000, f"closed with {code}"
