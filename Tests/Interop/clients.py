"""One face for several WebSocket libraries."""

import asyncio

import aiohttp
import websocket
import websockets

from gateway import PATIENCE


class WebSockets:
    """PyPI websockets."""

    name = "websockets"
    compresses = True

    async def open(self, url, compression, trust=None):
        self.socket = await websockets.connect(
            url, compression="deflate" if compression else None, max_size=None, ssl=trust
        )
        return bool(self.socket.protocol.extensions)

    async def send(self, text):
        await self.socket.send(text)

    async def receive(self):
        return await self.socket.recv()

    async def ping(self):
        await (await self.socket.ping(b"are you there?"))

    async def close(self):
        await self.socket.close(1000, "done")
        return self.socket.close_code

    async def closed(self):
        """Waits until the gateway closes; what comes before is read over."""
        try:
            while True:
                await self.socket.recv()
        except websockets.ConnectionClosed:
            return self.socket.close_code


class AIOHTTP:
    """PyPI aiohttp."""

    name = "aiohttp"
    compresses = True

    async def open(self, url, compression, trust=None, autoping=True):
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust or True))
        self.socket = await self.session.ws_connect(url, compress=15 if compression else 0, autoping=autoping)
        return bool(self.socket.compress)

    async def send(self, text):
        await self.socket.send_str(text)

    async def receive(self):
        return await self.socket.receive_str()

    async def ping(self):
        await self.socket.ping(b"are you there?")  # Its pong is not shown, but an unasked one would end it.

    async def close(self):
        await self.socket.close(code=1000, message=b"done")
        await self.session.close()
        return self.socket.close_code


class WebSocketClient:
    """PyPI websocket-client: blocking, and without compression."""

    name = "websocket-client"
    compresses = False

    async def open(self, url, compression, trust=None):
        self.socket = await asyncio.to_thread(
            websocket.create_connection, url, timeout=PATIENCE, sslopt={"context": trust} if trust else {}
        )
        return False

    async def send(self, text):
        await asyncio.to_thread(self.socket.send, text)

    async def receive(self):
        return await asyncio.to_thread(self.socket.recv)

    async def ping(self):
        self.socket.ping("are you there?")
        opcode, data = await asyncio.to_thread(self.socket.recv_data, True)
        assert (opcode, data) == (websocket.ABNF.OPCODE_PONG, b"are you there?"), (opcode, data)

    async def close(self):
        self.socket.send_close(1000, b"done")
        opcode, data = await asyncio.to_thread(self.socket.recv_data)
        self.socket.close()
        return int.from_bytes(data[:2], "big") if opcode == websocket.ABNF.OPCODE_CLOSE else None


CLIENTS = [WebSockets, AIOHTTP, WebSocketClient]
