"""Ports of a top module, and what their payloads hold."""

from dataclasses import dataclass
from typing import Any

from quadcim.spec.formats import Format

__all__ = ["Field", "Port"]


@dataclass(frozen=True, slots=True)
class Field:
    """`count` elements of a payload side by side, element 0 in the lowest bits; the first begins at bit `offset`."""

    name: str
    offset: int
    format: Format
    count: int = 1

    def to_json(self) -> dict[str, Any]:
        """The entry of the manifest; `width` is that of an element."""
        return {"name": self.name, "offset": self.offset, "width": self.format.width, "format": str(self.format),
                "count": self.count}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Field":
        """The field that `to_json` described."""
        return cls(value["name"], value["offset"], Format.parse(value["format"]), value["count"])

    def raws(self, payload: int) -> list[int]:
        """The raw integers that a payload holds here."""
        width = self.format.width
        return [self.format.wrap(payload >> self.offset + width * index) for index in range(self.count)]


@dataclass(frozen=True, slots=True)
class Port:
    """A port of the top module; payloads have a layout."""

    name: str
    direction: str
    width: int
    layout: tuple[Field, ...] = ()

    @property
    def format(self) -> Format | None:
        """Format of a payload that is a single number."""
        single = len(self.layout) == 1 and self.layout[0].count == 1
        return self.layout[0].format if single else None

    @property
    def wire(self) -> str:
        """What testbenches connect it to: they have underscores one by one, and a reset that is active high."""
        return "~rst" if self.name == "rst_n" else self.name.replace("__", "_")

    def to_json(self) -> dict[str, Any]:
        """The entry of the manifest; `layout` lists the fields of a payload, the lowest bits first."""
        entry: dict[str, Any] = {"name": self.name, "direction": self.direction, "width": self.width}
        if self.format is not None:
            entry["format"] = str(self.format)
        return entry | ({"layout": [field.to_json() for field in self.layout]} if self.layout else {})

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Port":
        """The port that `to_json` described."""
        return cls(value["name"], value["direction"], value["width"],
                   tuple(Field.from_json(field) for field in value.get("layout", ())))
