"""Ours with a proxy and TLS in front, as most readers will find it."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench import fanout
from tests.bench.options import Options
from tests.bench.ours import ours
from tests.bench.stage import Stage, free_port, running
from tests.bench.table import Row
from tests.programs import program

READERS = 2_000
WHAT = "behind Caddy with TLS: fan-out p99, {:,} readers"
CONFIGURATION = """
{{
    admin off
    auto_https disable_redirects
    skip_install_trust
    storage file_system {folder}
    log {{
        level ERROR
    }}
}}
https://localhost:{port} {{
    tls internal
    reverse_proxy 127.0.0.1:{upstream} {{
        flush_interval -1
    }}
}}
"""


def rows(options: Options) -> list[Row]:
    """The same readers, straight and through the proxy; it runs on the server's core too."""
    readers = min(READERS, options.readers)
    if (caddy := program("caddy")) is None:
        return [Row(WHAT.format(readers), "not measured", "no caddy here")]
    with ours(LIVEBLOG_PROXIES="127.0.0.1") as server:
        server.post()
        straight = fanout.watch(server.stage, server.stage.terms(readers), options.messages)
        with _caddy(caddy, server.stage) as stage:
            through = fanout.watch(stage, stage.terms(readers), options.messages)
    return [
        Row(
            WHAT.format(readers),
            through.report.late,
            f"straight {straight.report.late}",
            through.report.beside(straight.report),
            note=f"fewer readers, since each takes the proxy two files, and the proxy shares the "
            f"server's core; {'nothing' if through.exact else 'SOMETHING'} missing, doubled or "
            "closed",
        )
    ]


@contextlib.contextmanager
def _caddy(caddy: str, upstream: Stage) -> Iterator[Stage]:
    """The stage behind a Caddy with a certificate of its own making."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "Caddyfile"
        file.write_text(CONFIGURATION.format(folder=folder, port=port, upstream=upstream.port))
        command = [caddy, "run", "--config", str(file), "--adapter", "caddyfile"]
        home = {"HOME": folder, "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder}
        with running(command, port, environment=os.environ | home) as pid:
            yield upstream._replace(port=port, pid=pid, tls=True)
