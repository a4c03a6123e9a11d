"""Activation units as a kind of core."""
