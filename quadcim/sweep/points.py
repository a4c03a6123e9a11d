"""Points of a sweep: settings as a user writes them, and the specification that they stand for."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from quadcim.cores.settings import asks_for_stages
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
        A name in `quadcim.sweep.kinds.kinds`.
    settings : mapping
        Activation units: ``function``, ``width`` (its usual formats) or ``input`` and ``output``, ``rounding``,
        ``stages``, ``flow_control``, ``technology``, ``method``. Macros: the parameters of `CimMacro`, ``adc`` as
        ``"ROWS:BITS:LOW:HIGH:STEP"``; their weights are loaded. Both: ``liberty``, a cell library, and ``target_mhz``,
        which ``stages = "auto"`` are to meet. Trainings: the options of ``quadcim train``.
    """

    kind: str
    settings: Mapping[str, Any]

    @property
    def all_settings(self) -> dict[str, Any]:
        """The settings, and the defaults of those that are not given."""
        return {**find_kind(self.kind).defaults, **self.settings}

    @cached_property
    def spec(self) -> Spec:
        """The specification; illegal settings raise `IllegalSetting`. The number of stages is checked later.

        That of ``stages = "auto"`` is not in it: which it is takes too long to find out for many points.
        """
        try:
            return find_kind(self.kind).build(self.settings)
        except TypeError as error:  # a setting that is missing, or of another type
            raise IllegalSetting(self.kind, f"complete and well typed ({error})", dict(self.settings)) from None

    def to_json(self) -> dict[str, Any]:
        """The specification, JSON-ready; where a clock decides about the stages, it stands there instead."""
        described = self.spec.to_json()
        if asks_for_stages(self.settings):
            described |= {"stages": "auto", "target_mhz": self.settings.get("target_mhz")}
        return described

    @cached_property
    def digest(self) -> str:
        """What tells points apart."""
        return digest({"kind": self.kind, "spec": self.to_json(), **file_digests(self.settings)})
