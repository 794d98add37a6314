"""The tests. This file makes `tests` ours: a dependency's top-level `tests` would else win."""
