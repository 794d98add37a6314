"""The table: what was measured, what stands beside it, and what was promised."""

import sys
from typing import Final

import msgspec


class Row(msgspec.Struct, frozen=True):
    """A line of the table. `note` stands below it, for what a figure does not say of itself."""

    what: str
    ours: str
    beside: str = ""
    ratio: str = ""
    must: str = ""
    reach: str = ""
    note: str = ""


COLUMNS: Final = 6
LEGEND: Final = (
    "After a p99 of all changes together, in brackets, the p99 of the median change: other work on "
    "the machine moves it less."
)


def show(rows: list[Row]) -> None:
    """Print them, and below them their notes."""
    head = Row("what", "ours", "beside", "ratio", "must", "reach")
    table = [msgspec.structs.astuple(row)[:COLUMNS] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in table) for column in range(COLUMNS)]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())
    print(f"\n{LEGEND}")
    for note in dict.fromkeys(f"{row.what}: {row.note}" for row in rows if row.note):
        print(note)


def tell(progress: str) -> None:
    """Say on stderr what is going on."""
    print(progress, file=sys.stderr, flush=True)
