"""A kind of core from another distribution."""
