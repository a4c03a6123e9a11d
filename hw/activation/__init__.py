"""Activation units, and the plans of their pipelines."""
