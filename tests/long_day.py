"""A day of thousands of posts, as a file to import: its words are those of the sample day.

They are drawn at random, the frequent ones more often, so that a text of them can be compressed
about as well as one that makes sense, and posts are as long as in real coverage: 1,500 characters
on average, some a line, some two pages.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

SAMPLE: Final = Path(__file__).parents[1] / "server" / "demo" / "day.jsonl"
BEGUN: Final = datetime(2025, 5, 4, 4, tzinfo=UTC)
AUTHORS: Final = ("Noor Velthoek", "Ann de Wit", "Joris Kamp")
TAGS: Final = ("river", "music", "traffic", "food", "weather")
LENGTHS: Final = (12, 40, 80, 120, 200, 300, 450, 800)
"""Words of a post: each as often as the others."""


def written(path: Path, slug: str, posts: int) -> Path:
    """Write the file of a public blog with so many posts; the same each time."""
    blog = {"slug": slug, "title": "The long day", "standfirst": "From bank to bank, until night."}
    lines = [{"blog": blog}, *_posts(Random(slug), posts)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def _posts(chance: Random, count: int) -> Iterator[dict[str, Any]]:
    words = Counter(re.findall(r"[A-Za-z]+", SAMPLE.read_text()))
    for number in range(count):

        def some(many: int) -> str:
            return " ".join(chance.choices([*words], [*words.values()], k=many)).capitalize()

        paragraphs = [
            ". ".join(some(chance.randint(6, 20)) for _ in range(5)) + "."
            for _ in range(max(1, chance.choice(LENGTHS) // 65))
        ]
        yield {
            "at": (BEGUN + timedelta(seconds=30 * number)).isoformat(),
            "title": some(chance.randint(3, 9)) if chance.random() < 0.7 else "",
            "markdown": "\n\n".join(paragraphs),
            "author": chance.choice(AUTHORS),
            "tags": chance.sample(TAGS, chance.randint(0, 3)),
            "key": chance.random() < 0.05,
        }
