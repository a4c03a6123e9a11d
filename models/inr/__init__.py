"""Implicit neural representations: networks, fitting, freezing, exact inference."""
