"""Sums of bits and rows, and what technologies build them of."""
