"""Runs a client that speaks no TLS against a server that speaks nothing else.

usage: secure.py AUTHORITY COMMAND… wss://HOST:PORT/PATH

The command's last argument becomes a ws:// address of this machine: what is sent there goes on by TLS, whose records are
cut where the client's pieces were. The exit code is the command's.
"""

import asyncio
import ssl
import sys
import urllib.parse


async def carry(source, sink):
    """One direction, to its end. Neither side of a WebSocket half-closes: the end of one is the end of both."""
    try:
        while piece := await source.read(1 << 18):
            sink.write(piece)
            await sink.drain()
    except OSError:  # Cases end connections in every way; the suite judges that.
        pass
    finally:
        sink.close()


async def main(authority, *command):
    *command, address = command
    server = urllib.parse.urlsplit(address)
    context = ssl.create_default_context(cafile=authority)

    async def connected(reader, writer):
        there_reader, there_writer = await asyncio.open_connection(server.hostname, server.port, ssl=context)
        both = [asyncio.create_task(carry(*way)) for way in [(reader, there_writer), (there_reader, writer)]]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for way in both:
            way.cancel()

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as bridge:
        port = bridge.sockets[0].getsockname()[1]
        process = await asyncio.create_subprocess_exec(*command, f"ws://127.0.0.1:{port}{server.path}")
        return await process.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
