"""Sweeps: many points of a specification, measured in parallel, kept in one database."""
