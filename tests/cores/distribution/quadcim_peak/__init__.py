"""A kind of core whose beats are frames, from another distribution."""
