"""Engines that render implicit neural representations."""
