"""Points of a sweep: settings as a user writes them, and the specification that they stand for."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from quadcim.spec.canonical import digest
from quadcim.spec.errors import IllegalSetting
from quadcim.sweep.kinds import Spec, file_digests, find_kind

__all__ = ["Point"]


@dataclass(frozen=True)
class Point:
    """A point.

    Parameters
    ----------
    kind : str
        A name in `quadcim.sweep.kinds.KINDS`.
    settings : mapping
        Activation units: ``function``, ``width`` (its usual formats) or ``input`` and ``output``, ``rounding``,
        ``stages``, ``flow_control``, ``technology``, ``method``. Macros: the parameters of `CimMacro`, ``adc`` as
        ``"ROWS:BITS:LOW:HIGH:STEP"``; their weights are loaded. Both: ``liberty``, a cell library. Trainings: the
        options of ``quadcim train``.
    """

    kind: str
    settings: Mapping[str, Any]

    @property
    def all_settings(self) -> dict[str, Any]:
        """The settings, and the defaults of those that are not given."""
        return {**find_kind(self.kind).defaults, **self.settings}

    @property
    def spec(self) -> Spec:
        """The specification; illegal settings raise `IllegalSetting`. The number of stages is checked later."""
        try:
            return find_kind(self.kind).build(self.settings)
        except TypeError as error:  # a setting that is missing, or of another type
            raise IllegalSetting(self.kind, f"complete and well typed ({error})", dict(self.settings)) from None

    @cached_property
    def digest(self) -> str:
        """What tells points apart."""
        return digest({"kind": self.kind, "spec": self.spec.to_json(), **file_digests(self.settings)})
