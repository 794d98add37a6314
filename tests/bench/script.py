"""What a reader's browser is given to run."""

import gzip

from tests.bench import machine
from tests.bench.options import Options
from tests.bench.table import Row

SCRIPT = machine.CHECKOUT / "server" / "static" / "reader.js"


def rows(_: Options) -> list[Row]:
    """The reader page's script, compressed."""
    size = len(gzip.compress(SCRIPT.read_bytes(), 9))
    return [Row("reader page script, gzip", f"{size / 1000:.1f} kB", must="10 kB", reach="6 kB")]
