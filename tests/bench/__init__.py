"""Measurements: `make bench`. Ratios taken in one run; nothing here passes or fails."""
