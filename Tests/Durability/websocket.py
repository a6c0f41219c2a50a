"""RFC 6455 as far as tests of one gateway need it: no extensions, short messages to it."""

import base64
import json
import os
import struct


class WebSocket:
    """Over the connection of an `http.client`, which its owner closes."""

    def __init__(self, connection, query=""):
        connection.connect()
        self.socket = connection.sock
        self.bytes = self.socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /ws?{query} HTTP/1.1\r\nHost: 127.0.0.1:{connection.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
        if b" 101 " not in self.bytes.readline():
            raise ConnectionError("no WebSocket")
        while self.bytes.readline().strip():
            pass

    def message(self):
        """The next one; pings on the way are answered. None: it was closed."""
        while True:
            opcode, payload = self.frame()
            if opcode == 8:
                return None
            if opcode == 9:
                self.send(payload.decode(), 10)
            elif opcode == 1:
                return json.loads(payload)

    def send(self, text, opcode=1):
        payload = text.encode()
        if len(payload) > 65535:
            raise ValueError("too long")
        length = bytes([128 | len(payload)]) if len(payload) < 126 else struct.pack("!BH", 128 | 126, len(payload))
        # A mask of zeros is a mask, and leaves the text as it is.
        self.socket.sendall(bytes([128 | opcode]) + length + bytes(4) + payload)

    def frame(self):
        first, length = self.exactly(2)
        if not first & 128:
            raise ValueError("the gateway sends no fragments")
        if length == 126:
            [length] = struct.unpack("!H", self.exactly(2))
        elif length == 127:
            [length] = struct.unpack("!Q", self.exactly(8))
        return first & 15, self.exactly(length)

    def exactly(self, count):
        taken = self.bytes.read(count)
        if len(taken) < count:
            raise ConnectionError("the end")
        return taken
