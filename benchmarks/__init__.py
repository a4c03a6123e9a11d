"""The figures that the documentation quotes, measured: ``python -m benchmarks``."""
