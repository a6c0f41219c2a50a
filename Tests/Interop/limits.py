"""What happens at each limit of a WebSocket connection, and that one compression serves many."""

import asyncio
import json

from clients import WebSockets
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


async def expect_end(client, gateway, code, error):
    assert (await receive(client, "error"))["code"] == error
    assert await asyncio.wait_for(client.closed(), PATIENCE) == code
    assert await gateway.metric(f'tidegate_refusals_total{{code="{error}"}}') >= 1
    await gateway.expect('tidegate_connections_closed_total{reason="refused"}', 1)


async def message_size(gateway):
    client = await connect(gateway)
    ping = json.dumps({"type": "ping", "id": 1})
    await client.send(ping + " " * (65_536 - len(ping)))
    assert (await receive(client, "pong"))["id"] == 1
    await client.send(ping + " " * (65_537 - len(ping)))
    await expect_end(client, gateway, 1009, "payload_too_large")


async def bomb(gateway):
    client = await connect(gateway, compression=True)
    await client.send(" " * (64 << 20))  # 64 KiB on the wire.
    await expect_end(client, gateway, 1009, "payload_too_large")


async def message_rate(gateway):
    client = await connect(gateway)
    for number in range(30):
        await client.send(json.dumps({"type": "ping", "id": number}))
    for number in range(10):
        assert (await receive(client, "pong"))["id"] == number
    for number in range(10, 20):
        refusal = await receive(client, "error")
        assert (refusal["id"], refusal["code"]) == (number, "rate_limited"), refusal
    await expect_end(client, gateway, 1008, "rate_limited")


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
    clients = [await connect(gateway, "?topics=stocks/*", compression=True) for _ in range(20)]
    for client in clients:
        await receive(client, "live")
    topics = [f"stocks/S{number}" for number in range(50)]
    for price in range(10):
        await gateway.publish(*topics, data={"price": price})
        for client in clients:
            batch = await receive(client, "updates")
            assert len(batch["updates"]) == 50 and batch["updates"][0]["data"] == {"price": price}
    sent = await gateway.metric("tidegate_messages_compressed_total")
    made = await gateway.metric("tidegate_compressions_total")
    saved = await gateway.metric("tidegate_compression_saved_bytes_total")
    assert (sent, made) == (200, 10), f"{sent:.0f} messages from {made:.0f} compressions"
    assert saved > 200 * 50 * 50, f"{saved:.0f} bytes saved"
    for client in clients:
        await client.close()


TESTS = [
    ("limit of a message's size", {}, message_size),
    ("limit of a compressed message's size", {}, bomb),
    (
        "limit of messages a second",
        {"subscribers.messageRate": 0.01, "subscribers.messageBurst": 10},
        message_rate,
    ),
    ("limit of subscriptions", {"subscribers.subscriptions": 3}, subscriptions),
    ("compression shared by readers", {"subscribers.compression.mode": "on"}, shared_compression),
]
