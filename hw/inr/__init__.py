"""The engine that renders implicit neural representations."""
