"""Streams: pipelines, register slices, FIFOs and memories."""
