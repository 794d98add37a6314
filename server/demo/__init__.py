"""The sample day that keeps happening."""
