"""Compute-in-memory macros as a kind of core."""
