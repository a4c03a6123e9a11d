"""Text that all handed-off files share."""

__all__ = ["comment"]


def comment(header: str, mark: str) -> str:
    """Put `mark` before each line."""
    return "".join(f"{mark} {line}".rstrip() + "\n" for line in header.splitlines())
