"""Proxies that speak TLS to the gateway, or hand its own through: all transports come through, and it knows whose they are."""

import asyncio
import contextlib
import json

import aiohttp

from forwarded import CLIENT, FORGED, TRUSTING, connections, haproxy_sending
from gateway import PATIENCE
from proxies import BEATING, TIMEOUT, Proxy, haproxy, insert, live, nginx, update
from secure import AUTHORITY, FOLDER, SETTINGS, trusting

TO_GATEWAY = f"ssl verify required ca-file {AUTHORITY} verifyhost localhost sni str(localhost)"


def haproxy_by_tls(folder, gateway_port, port):
    """The documented configuration, with TLS on both sides of it."""
    command = haproxy(folder, gateway_port, port)
    with open(f"{folder}/pair.pem", "w", encoding="utf-8") as pair:
        for name in ["server.pem", "server.key"]:
            with open(f"{FOLDER}/{name}", encoding="utf-8") as half:
                pair.write(half.read())
    insert(f"{folder}/haproxy.cfg", f"127.0.0.1:{port}", f"ssl crt {folder}/pair.pem", gap=" ")
    insert(f"{folder}/haproxy.cfg", f"server local 127.0.0.1:{gateway_port}", TO_GATEWAY, places=2, gap=" ")
    return command


def nginx_by_tls(folder, gateway_port, port):
    command = nginx(folder, gateway_port, port)
    path = f"{folder}/nginx.conf"
    insert(path, f"listen 127.0.0.1:{port}", "ssl", gap=" ")
    insert(
        path,
        "access_log off;",
        f"ssl_certificate {FOLDER}/server.pem; ssl_certificate_key {FOLDER}/server.key;"
        f"proxy_ssl_trusted_certificate {AUTHORITY}; proxy_ssl_verify on;"
        "proxy_ssl_name localhost; proxy_ssl_server_name on;",
    )
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert text.count("proxy_pass http://") == 2
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("proxy_pass http://", "proxy_pass https://"))
    return command


async def hear(socket, kind):
    """The next message of a type."""
    while True:
        message = json.loads(await asyncio.wait_for(socket.receive_str(), PATIENCE))
        if message["type"] == kind:
            return message


def all_transports(proxy):
    async def run(gateway):
        async with contextlib.AsyncExitStack() as stack:
            front = await stack.enter_async_context(Proxy(proxy, gateway, place=1, trust=trusting()))
            operator = await stack.enter_async_context(aiohttp.ClientSession(f"http://{gateway.address}"))
            connector = aiohttp.TCPConnector(local_addr=(CLIENT, 0), ssl=trusting())
            visitor = aiohttp.ClientSession(front.url, connector=connector, headers=FORGED)
            await stack.enter_async_context(visitor)

            async def poll(cursor=""):
                """The next update after the snapshot, which is empty."""
                while True:
                    query = {"topics": "a", "cursor": cursor, "wait": TIMEOUT - 1}
                    async with visitor.get("/poll", params=query) as answer:
                        found = await answer.json()
                    if found["updates"]:
                        return found["updates"][0]
                    cursor = found["cursor"]

            socket = await stack.enter_async_context(visitor.ws_connect("/ws?topics=a"))
            await hear(socket, "live")
            stream = await stack.enter_async_context(visitor.get("/sse", params={"topics": "a"}))
            await live(stream)
            polling = asyncio.create_task(poll())

            seen = {}
            async with asyncio.timeout(PATIENCE):
                while len(seen) < 3:
                    rows = await connections(operator)
                    seen |= {row["transport"]: row["address"] for row in rows if row["transport"] != "http"}
            assert {address.split(":")[0] for address in seen.values()} == {CLIENT}, seen

            await gateway.publish("a", data=1)
            assert (await hear(socket, "updates"))["updates"][0]["data"] == 1
            assert (await update(stream))["data"] == 1
            assert (await asyncio.wait_for(polling, PATIENCE))["data"] == 1

    return run


def tests():
    by_header = SETTINGS | TRUSTING | BEATING | {"endpoints.1.proxyProtocol": "true"}
    yield "TLS: haproxy, handed through by send-proxy-v2", by_header, all_transports(haproxy_sending("send-proxy-v2"))
    for proxy in [haproxy_by_tls, nginx_by_tls]:
        name = proxy.__name__.replace("_by_tls", "")
        yield f"TLS: {name}, on both sides of it", SETTINGS | TRUSTING | BEATING, all_transports(proxy)
