"""Networks with binary weights and activations of a few bits, for the compute-in-memory macro.

Source: BWMA, arXiv 2508.21524.
"""
