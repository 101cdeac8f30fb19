"""pycrdt-websocket under Uvicorn with uvloop, documents in memory."""

import socket

import uvicorn
import uvloop
from pycrdt.websocket import ASGIServer, WebsocketServer


async def main() -> None:
    """Serve until terminated."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    async with WebsocketServer() as rooms:
        config = uvicorn.Config(
            ASGIServer(rooms), log_level="warning", ws_per_message_deflate=False, lifespan="off"
        )
        print(f"listening on 127.0.0.1:{listener.getsockname()[1]}", flush=True)
        await uvicorn.Server(config).serve(sockets=[listener])


if __name__ == "__main__":
    uvloop.run(main())
