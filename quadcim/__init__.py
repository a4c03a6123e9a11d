"""quadcim: piecewise-quadratic activation units and compute-in-memory macros, from parameters to verified Verilog."""

__version__ = "0.1.0"
