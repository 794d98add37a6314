"""One more process of `liveblog serve --workers N`: it accepts from the socket it inherits."""

import asyncio
import signal
import socket
import sys

from server import settings
from server.app import app
from server.serve import log_to_stderr, uvicorn_for


def main(descriptor: int) -> None:
    """Serve on an inherited listening socket, with the settings of the environment."""
    log_to_stderr()
    signal.signal(signal.SIGTERM, lambda *_: None)  # raised again after an orderly end
    wanted = settings.load({})
    bound = socket.socket(fileno=descriptor)
    asyncio.run(uvicorn_for(app(wanted), wanted).serve(sockets=[bound]))


if __name__ == "__main__":
    main(int(sys.argv[1]))
