"""Whether the vectors of a case are those of its golden model."""

from quadcim.sim.case import Case
from quadcim.sim.frames import frame_words
from quadcim.sim.stimulus import case_vectors
from quadcim.sim.vectors import read_vectors
from quadcim.spec.errors import IllegalSetting

__all__ = ["check_golden"]


def check_golden(case: Case) -> None:
    """Refuse a case whose vectors are not those of the golden model of its integers, or that breaks its promises.

    Raises
    ------
    IllegalSetting
        If a vector file, or the error at any input, is another one.
    """
    folder = case.folder / "vectors"
    inputs = read_vectors(folder / "input.hex")
    found = {name: payloads for name, (_stream, payloads) in case_vectors(case.stimulus, inputs).items()}
    if case.timing.framed:
        found["frames"] = frame_words(case.frames(inputs))
    for name, payloads in found.items():
        if not (path := folder / f"{name}.hex").is_file() or read_vectors(path) != payloads:
            raise IllegalSetting("case", "one whose vectors are those of its integers",
                                 f"{case.folder} with another vectors/{name}.hex")
    if not case.stimulus.keeps_promises():
        raise IllegalSetting("case", "one whose integers keep to its function, rounding and error", str(case.folder))
