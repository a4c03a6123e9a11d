"""What the core is: a table of 256 rows."""

from dataclasses import dataclass
from typing import Any

ROWS, BITS = 256, 8


@dataclass(frozen=True)
class Lookup:
    """``y = (factor * x + 1) mod 256``, from a table."""

    factor: int
    technology: str = "generic"
    stages: int = 2

    @property
    def name(self) -> str:
        return f"lookup_{self.factor}"

    def to_json(self) -> dict[str, Any]:
        return {"factor": self.factor, "technology": self.technology, "stages": self.stages}


@dataclass(frozen=True)
class LookupIntegers:
    """The table."""

    entries: tuple[int, ...]

    def to_json(self) -> list[int]:
        return list(self.entries)
