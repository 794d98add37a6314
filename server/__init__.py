"""Everything that waits: the log, the tail, the feed, and what speaks HTTP. Imports point one way."""
