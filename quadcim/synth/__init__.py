"""Synthesis to standard cells: mapping, timing, power from the case's own vectors, and the check at gate level."""
