"""nginx with nchan: a C server that is told each message by an HTTP POST."""

import contextlib
import http.client
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.peers.frame import text
from tests.bench.stage import Stage, free_port, running
from tests.programs import UNPACKED, program

MODULES = (UNPACKED / "lib/nginx/modules", "/usr/lib/nginx/modules", "/usr/lib64/nginx/modules")
MODULE = next(
    (path for folder in MODULES if (path := Path(folder, "ngx_nchan_module.so")).exists()), None
)

CONFIGURATION = """
load_module {module};
{user}
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr crit;
worker_rlimit_nofile 20000;
events {{ worker_connections 19000; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = /in {{ nchan_publisher; nchan_channel_id day; nchan_message_timeout 5s; }}
        location = /out {{ nchan_subscriber websocket; nchan_channel_id day;
                           nchan_subscriber_first_message newest; }}
    }}
}}
"""


@contextlib.contextmanager
def start(size: int) -> Iterator[Stage]:
    """One nginx process, which is its own worker."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        file.write_text(CONFIGURATION.format(module=MODULE, user=user, folder=folder, port=port))
        command = [str(program("nginx")), "-p", folder, "-c", str(file), "-e", "stderr"]
        with running(command, port) as pid:
            yield Stage(port, pid, "/out", lambda: _publish(port, text(size)))


def _publish(port: int, message: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", "/in", message)
    connection.getresponse().read()
    connection.close()
