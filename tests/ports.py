"""A port for what is ended and begun again at its address, while pages go on looking for it."""

import random
import socket
from typing import Final

QUIET: Final = range(20_000, 32_000)
"""Below those that systems take for outgoing connections: none holds it when it is wanted again."""


def quiet_port() -> int:
    """One that is free; a random one, since other tests look for theirs at the same time."""
    while True:
        port = random.choice(QUIET)
        try:
            bound(port).close()
        except OSError:
            continue
        return port


def bound(port: int) -> socket.socket:
    """Hold a port of loopback without listening there: who connects is refused."""
    held = socket.socket()
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", port))
    except OSError:
        held.close()
        raise
    return held
