"""PyTorch: golden models, networks, training and freezing to integers."""

# Before PyTorch computes: both hold a pybind11, and after some of PyTorch's work this module fails to load.
import matplotlib.ft2font  # noqa: F401 - for its effect
