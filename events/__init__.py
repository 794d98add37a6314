"""The pure core of Liveblog: what may happen, what happened, and what it adds up to.

No I/O, no asyncio, no clock, nothing of `server`: everything here is a function of its
arguments. Read in this order: `facts`, `commands`, `decide`, `blog`, `timeline`, `frames`.
"""
