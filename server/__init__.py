"""Everything that waits: the log, the tail, the feed, and what speaks HTTP; imports go one way."""
