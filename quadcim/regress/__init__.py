"""The regression: every unit of the catalogue under cocotb, on every simulator, with what it covered."""
