"""Who a client is behind real proxies: by X-Forwarded-For, and by the PROXY protocol."""

import asyncio

import aiohttp

from gateway import PATIENCE
from prerequisites import need
from proxies import Proxy, event, haproxy, nginx

# The proxies speak from 127.0.0.1, the clients from here.
CLIENT = "127.0.0.2"
FORGED = {"X-Forwarded-For": "203.0.113.7"}
TRUSTING = {"access.proxies": "127.0.0.1", "access.hosts": "", "operations.connections": "on"}


def haproxy_sending(keyword):
    def command(folder, gateway_port, port):
        with open(f"{folder}/haproxy.cfg", "w", encoding="utf-8") as file:
            file.write(
                "defaults\n    mode tcp\n    timeout connect 5s\n    timeout client 50s\n    timeout server 50s\n"
                f"listen tidegate\n    bind 127.0.0.1:{port}\n    server local 127.0.0.1:{gateway_port} {keyword}\n"
            )
        return [need("haproxy"), "-db", "-q", "-f", f"{folder}/haproxy.cfg"]

    return command


def client(address):
    return aiohttp.ClientSession(
        f"http://{address}", connector=aiohttp.TCPConnector(local_addr=(CLIENT, 0)), headers=FORGED
    )


async def connections(session):
    async with session.get("/connections") as answer:
        return (await answer.json())["connections"]


def by_field(proxy):
    async def run(gateway):
        async with Proxy(proxy, gateway) as running, client(running.address) as visitor:
            async with visitor.get("/sse", params={"topics": "a"}) as stream:
                await asyncio.wait_for(event(stream), PATIENCE)
                async with aiohttp.ClientSession(f"http://{gateway.address}") as operator:
                    readers = [row for row in await connections(operator) if row["transport"] == "sse"]
                assert [row["address"] for row in readers] == [CLIENT], readers

    return run


def by_header(keyword):
    async def run(gateway):
        async with Proxy(haproxy_sending(keyword), gateway) as running, client(running.address) as visitor:
            addresses = [row["address"] for row in await connections(visitor)]
            assert any(address.startswith(f"{CLIENT}:") for address in addresses), addresses
            assert not any(address.startswith("203.") for address in addresses), addresses

    return run


def tests():
    for proxy in [nginx, haproxy]:
        yield f"{proxy.__name__}, the client's address by X-Forwarded-For", TRUSTING, by_field(proxy)
    for keyword in ["send-proxy", "send-proxy-v2"]:
        settings = TRUSTING | {"endpoints.0.proxyProtocol": "true"}
        yield f"haproxy, the client's address by {keyword}", settings, by_header(keyword)
