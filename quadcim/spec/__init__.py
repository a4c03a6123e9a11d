"""What hardware and golden models share: formats, narrowing, stage plans, activation specifications, frozen integers.

Standard library only.
"""
