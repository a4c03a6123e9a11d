"""Fitting: from real functions to frozen integers, once, for hardware and golden models alike."""
