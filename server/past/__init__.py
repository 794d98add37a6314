"""The blog as it was: folded from the log, helped by snapshots."""
