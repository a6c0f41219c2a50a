"""Where clients come in: in the clear, or by TLS that an authority of this machine has vouched for."""

import os
import ssl


class Entrance:
    def __init__(self, address, authority=None):
        self.authority = authority
        self.http = f"{'https' if authority else 'http'}://{address}"
        self.ws = self.http.replace("http", "ws", 1)

    @property
    def trust(self):
        """What an httpx, aiohttp or WebSocket library is given."""
        return ssl.create_default_context(cafile=self.authority) if self.authority else None

    @property
    def environment(self):
        """What Node, and requests in a process of their own, are told by."""
        told = {"NODE_EXTRA_CA_CERTS": self.authority, "REQUESTS_CA_BUNDLE": self.authority} if self.authority else {}
        return os.environ | told
