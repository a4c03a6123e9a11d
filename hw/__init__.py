"""Amaranth components: what becomes Verilog."""
