"""A real Firefox, driven by WebDriver BiDi: its own remote protocol, JSON on a websocket.

Nothing else is needed for that. (Playwright's way into a Firefox that is not its own asks for
commands that the long-term release lacks, Selenium's for one more program.)
"""

import contextlib
import itertools
import json
import os
import queue
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final

import pytest
from websockets.sync.client import ClientConnection, connect

NAMES: Final = ("firefox-esr", "firefox")
LISTENING: Final = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
PATIENCE: Final = 60.0
"""Seconds that anything may take on a loaded machine."""
EVENTS: Final = (
    "browsingContext.load",
    "log.entryAdded",
    "network.beforeRequestSent",
    "network.responseCompleted",
)
PREFERENCES: Final = {
    # All but loopback is asked of a proxy that is not there: nothing gets out, whatever it is.
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.no_proxies_on": "127.0.0.1",
    "network.proxy.failover_direct": False,
    # These two would go round it.
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}

Event = dict[str, Any]
"""The `params` of an event, as the WebDriver BiDi specification has them."""


class Tab:
    """A tab of a Firefox, and everything that happened in it."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._events: dict[str, list[Event]] = {name: [] for name in EVENTS}
        self._command("session.new", capabilities={})
        self._id = self._command("browsingContext.create", type="tab")["context"]
        self._command("session.subscribe", events=EVENTS, contexts=[self._id])

    def open(self, url: str) -> None:
        """Go there, until the page and all that belongs to it is loaded."""
        self._command("browsingContext.navigate", context=self._id, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, or of what it promises: null, a string, ..."""
        answer = self._command(
            "script.evaluate",
            expression=expression,
            target={"context": self._id},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        return answer["result"].get("value")

    def happened(self, name: str) -> list[Event]:
        """The events of one name so far, oldest first."""
        return self._events[name]

    def wait_for(self, name: str, wanted: Callable[[Event], bool]) -> Event:
        """The first event that is as wanted, once there is one. Raises TimeoutError."""
        deadline = time.monotonic() + PATIENCE
        while not (found := [*filter(wanted, self._events[name])]):
            self._receive(deadline)
        return found[0]

    def _command(self, method: str, **parameters: Any) -> dict[str, Any]:
        id = next(self._ids)
        self._socket.send(json.dumps({"id": id, "method": method, "params": parameters}))
        deadline = time.monotonic() + PATIENCE
        while (answer := self._receive(deadline)).get("id") != id:
            pass
        assert answer["type"] == "success", f"{method}: {answer['message']}"
        result: dict[str, Any] = answer["result"]
        return result

    def _receive(self, deadline: float) -> dict[str, Any]:
        """The next message; events are kept."""
        left = deadline - time.monotonic()
        message: dict[str, Any] = json.loads(self._socket.recv(timeout=max(0, left)))
        if message["type"] == "event":
            self._events[message["method"]].append(message["params"])
        return message


@contextlib.contextmanager
def firefox(profile: Path) -> Iterator[Tab]:
    """A tab in a Firefox of its own, which ends with the block. `profile` is an empty folder."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if not program:
        pytest.fail("no Firefox here: install the package firefox-esr", pytrace=False)
    lines = (f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in PREFERENCES.items())
    (profile / "user.js").write_text("".join(lines))
    with subprocess.Popen(
        [program, "--headless", "--profile", str(profile), "--remote-debugging-port", "0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"HOME": str(profile)},
    ) as process:
        assert process.stderr
        addresses: queue.SimpleQueue[str] = queue.SimpleQueue()
        # It reads on for as long as the browser lives, so that the pipe never fills.
        reading = threading.Thread(target=_listen, args=(process.stderr, addresses))
        reading.start()
        try:
            address = addresses.get(timeout=PATIENCE)
            with connect(f"{address}/session", max_size=None) as socket:
                yield Tab(socket)
        finally:
            process.terminate()
            reading.join(PATIENCE)


def _listen(said: IO[str], addresses: queue.SimpleQueue[str]) -> None:
    for line in said:
        if found := LISTENING.search(line):
            addresses.put(found[1])
