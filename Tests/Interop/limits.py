"""What happens at each limit of a WebSocket connection, and that one compression serves many."""

import asyncio
import json

import aiohttp

from clients import AIOHTTP, WebSockets
from gateway import PATIENCE


async def connect(gateway, query="", compression=False):
    client = WebSockets()
    await asyncio.wait_for(client.open(f"ws://{gateway.address}/ws{query}", compression), PATIENCE)
    assert json.loads(await client.receive())["type"] == "welcome"
    return client


async def receive(client, kind):
    """Reads on to the next message of that type."""
    while True:
        message = json.loads(await asyncio.wait_for(client.receive(), PATIENCE))
        if message["type"] == kind:
            return message


async def expect_end(client, gateway, code, reason):
    assert await asyncio.wait_for(client.closed(), PATIENCE) == code
    await gateway.expect(f'tidegate_connections_closed_total{{reason="{reason}"}}', 1)


async def expect_refusal(client, gateway, code, error):
    """An `error`, then the close, both counted."""
    assert (await receive(client, "error"))["code"] == error
    await expect_end(client, gateway, code, "refused")
    assert await gateway.metric(f'tidegate_refusals_total{{code="{error}"}}') >= 1


async def message_size(gateway):
    client = await connect(gateway)
    ping = json.dumps({"type": "ping", "id": 1})
    await client.send(ping + " " * (65_536 - len(ping)))
    assert (await receive(client, "pong"))["id"] == 1
    await client.send(ping + " " * (65_537 - len(ping)))
    await expect_refusal(client, gateway, 1009, "payload_too_large")


async def fragments(gateway):
    client = await connect(gateway)
    ping = json.dumps({"type": "ping", "id": 1})
    # The library ends a fragmented message with an empty frame.
    await client.send([ping, " ", " "])
    assert (await receive(client, "pong"))["id"] == 1
    await client.send([ping, " ", " ", " "])
    await expect_refusal(client, gateway, 1009, "payload_too_large")


async def bomb(gateway):
    client = await connect(gateway, compression=True)
    before = gateway.peak_bytes
    await client.send(" " * (64 << 20))  # 64 KiB on the wire.
    await expect_refusal(client, gateway, 1009, "payload_too_large")
    grown = gateway.peak_bytes - before
    assert grown < 4 << 20, f"memory grew by {grown} bytes"


async def binary(gateway):
    client = await connect(gateway)
    await client.send(b"{}")
    await expect_end(client, gateway, 1003, "refused")


async def silence(gateway):
    """A peer that answers no pings, as one does whose cable was pulled."""
    client = AIOHTTP()
    await client.open(f"ws://{gateway.address}/ws", False, autoping=False)
    while (message := await asyncio.wait_for(client.socket.receive(), PATIENCE)).type != aiohttp.WSMsgType.CLOSE:
        assert message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.PING), message
    assert message.data == 1011, message
    await client.session.close()
    await gateway.expect('tidegate_connections_closed_total{reason="dead"}', 1)


async def message_rate(gateway):
    client = await connect(gateway)
    for number in range(30):
        await client.send(json.dumps({"type": "ping", "id": number}))
    for number in range(10):
        assert (await receive(client, "pong"))["id"] == number
    for number in range(10, 20):
        refusal = await receive(client, "error")
        assert (refusal["id"], refusal["code"]) == (number, "rate_limited"), refusal
    await expect_refusal(client, gateway, 1008, "rate_limited")


async def subscriptions(gateway):
    client = await connect(gateway)
    await client.send(json.dumps({"type": "subscribe", "topics": ["a", "b", "c"]}))
    await receive(client, "subscribed")
    for number in range(1, 4):
        await client.send(json.dumps({"type": "subscribe", "id": number, "topics": ["d"]}))
        refusal = await receive(client, "error")
        assert (refusal["id"], refusal["code"]) == (number, "too_many_topics"), refusal
    assert await gateway.metric('tidegate_refusals_total{code="too_many_topics"}') == 3
    await client.send(json.dumps({"type": "ping", "id": 9}))
    assert (await receive(client, "pong"))["id"] == 9
    assert await client.close() == 1000


async def shared_compression(gateway):
    """20 readers of the same topics: one compression a batch."""
    topics = [f"stocks/S{number}" for number in range(50)]
    # What is new to many readers may reach them in parts; what they know comes whole.
    await gateway.publish(*topics, data={"price": -1})
    clients = [await connect(gateway, "?topics=stocks/*", compression=True) for _ in range(20)]
    for client in clients:
        await receive(client, "live")
    sent_before = await gateway.metric("tidegate_messages_compressed_total")
    made_before = await gateway.metric("tidegate_compressions_total")
    for price in range(10):
        await gateway.publish(*topics, data={"price": price})
        for client in clients:
            batch = await receive(client, "updates")
            assert len(batch["updates"]) == 50 and batch["updates"][0]["data"] == {"price": price}
    sent = await gateway.metric("tidegate_messages_compressed_total") - sent_before
    made = await gateway.metric("tidegate_compressions_total") - made_before
    saved = await gateway.metric("tidegate_compression_saved_bytes_total")
    assert (sent, made) == (200, 10), f"{sent:.0f} messages from {made:.0f} compressions"
    assert saved > 200 * 50 * 50, f"{saved:.0f} bytes saved"
    for client in clients:
        await client.close()


def tests():
    yield "a message's size", {}, message_size
    yield "a message's fragments", {"subscribers.fragments": 4}, fragments
    yield "a compressed message's size", {}, bomb
    yield "no binary messages", {}, binary
    yield "messages a second", {"subscribers.messageRate": 0.01, "subscribers.messageBurst": 10}, message_rate
    yield "subscriptions", {"subscribers.subscriptions": 3}, subscriptions
    yield "silence", {"subscribers.pingInterval": 0.1, "subscribers.pongTimeout": 0.1}, silence
    yield "one compression for many readers", {"subscribers.compression.mode": "on"}, shared_compression
