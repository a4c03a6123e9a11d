"""Verilog from Amaranth components."""
