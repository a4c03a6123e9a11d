"""The handoff to a 28 nm standard-cell flow."""
