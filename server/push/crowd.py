"""Who may come in: how many readers this process takes, and how many from one address.

Addresses are held while their readers are here, as counts, and never written anywhere.
"""

import contextlib
import ipaddress
import resource
from collections import Counter
from typing import Final

# The rule that the server applies to requests, so that sockets are counted by the same one.
from uvicorn.middleware.proxy_headers import _TrustedHosts

from server.settings import Settings

FILES: Final = 65_536
"""Open files a process asks for."""
SPARE: Final = 500
"""Of them, those that are no readers: the log's connections, requests, logs, pictures."""


class Full(Exception):
    """No room for another reader; the sentence says why."""


def open_files() -> int:
    """How many files this process may open, after asking for as many as it may have."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(most, FILES)
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        with contextlib.suppress(ValueError, OSError):  # macOS has a bound that it does not tell
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return FILES if allowed == resource.RLIM_INFINITY else allowed


def household(address: str) -> str:
    """What is counted as one address: of IPv6 the network, since each has a whole one."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 4:
        return address
    if known.ipv4_mapped:
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((known, 64), strict=False))


def _is_here(host: str) -> bool:
    try:
        known = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = known.ipv4_mapped if known.version == 6 else None
    return (mapped or known).is_loopback


class Proxies(_TrustedHosts):
    """Those that are believed. uvicorn's would remember the last 4,096 that it was asked about."""

    def __contains__(self, host: str | None) -> bool:
        return self.always_trust or (bool(host) and self._compute_trust(str(host)))


class Crowd:
    """The readers of a process, over all transports."""

    def __init__(self, settings: Settings) -> None:
        self.count = 0
        self.ending = False
        """Whether the process ends: whoever comes is told to come back."""
        self.said = 0
        """Messages that readers sent on sockets; nobody reads them."""
        self._most = max(1, min(settings.readers, open_files() - SPARE))
        self._most_from_one = settings.readers_per_address
        self._from: Counter[str] = Counter()
        self._proxies = Proxies(settings.trusted_proxies)

    def behind(self, peer: str, forwarded: str) -> str:
        """Whose connection it is: the peer's, or whom a named proxy says it forwards for."""
        if forwarded and peer in self._proxies:
            return self._proxies.get_trusted_client_address(forwarded)[0]
        return peer

    def counts(self, host: str) -> str:
        """The address to count, "" for none: ourselves, or a proxy that did not say for whom."""
        return "" if not host or host in self._proxies or _is_here(host) else host

    def enter(self, address: str) -> str:
        """Let one in; raises Full. What is returned is given to `leave`.

        `address` is "" where it says nothing of who somebody is.
        """
        if self.count >= self._most:
            raise Full("as many readers as this process takes are here; come back later")
        home = household(address) if self._most_from_one else ""
        if home:
            if self._from[home] >= self._most_from_one:
                raise Full("too many readers from where you are; come back later")
            self._from[home] += 1
        self.count += 1
        return home

    def leave(self, home: str) -> None:
        self.count -= 1
        if home:
            self._from[home] -= 1
            if not self._from[home]:
                del self._from[home]
