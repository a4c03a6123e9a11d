"""The compute-in-memory macro, and the plan of its pipeline."""
