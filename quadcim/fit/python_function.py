"""A user's Python function in a process of its own: what it prints, closes, changes or ends is not ours."""

import json
import math
import numbers
import os
import runpy
import signal
import subprocess
import sys
import time
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["MOST_SECONDS", "FunctionFailure", "evaluate"]

MOST_SECONDS = 3600
"""What all inputs together may take."""
_PATIENCE_SECONDS = 10  # after which it is estimated
_MOST_LETTERS = 160


class FunctionFailure(Exception):
    """There are no values; `kind` says why: "file", "module", "name", "undefined", "infinite" or "slow"."""

    def __init__(self, kind: str, said: str):
        super().__init__(kind, said)
        self.kind, self.said = kind, said


def evaluate(path: str, name: str, inputs: Sequence[float]) -> list[float]:
    """The values of a function of a Python file, whose folder it may import from.

    Parameters
    ----------
    path, name : str
        The file, and the function in it.
    inputs : sequence of float
        The arguments, one a call.

    Raises
    ------
    FunctionFailure
        If there is a value that is no finite real number, or none at all.
    """
    command = [sys.executable, "-P", __file__]
    order = json.dumps({"path": path, "name": name, "inputs": list(inputs)})
    try:
        run = subprocess.run(command, input=order, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                             timeout=MOST_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise FunctionFailure("slow", f"{name}: more") from None
    if not run.stdout.endswith("\n"):
        code = run.returncode
        how = f"the signal {signal.Signals(-code).name}" if code < 0 else f"the exit code {code}"
        raise FunctionFailure("undefined", f"{name}: its process ended with {how}")
    answer = json.loads(run.stdout)
    if "kind" in answer:
        raise FunctionFailure(answer["kind"], answer["said"])
    return answer["values"]


def _said(error: BaseException) -> str:
    """An error in a few words."""
    return " ".join(traceback.format_exception_only(error)[-1].split())[:_MOST_LETTERS]


def _load(path: str, name: str) -> Any:
    sys.path.insert(0, str(Path(path).absolute().parent))
    try:
        found = runpy.run_path(path).get(name)
    except OSError as error:
        raise FunctionFailure("file", str(error.strerror)) from error
    except BaseException as error:  # sys.exit in it is no way out
        raise FunctionFailure("module", _said(error)) from error
    if not callable(found):
        raise FunctionFailure("name", name)
    return found


def _values(path: str, name: str, inputs: Sequence[float]) -> list[float]:
    function, values, start = _load(path, name), [], time.monotonic()
    for x in inputs:
        try:
            result = function(x)
            if isinstance(result, (str, bytes)) or _is_complex(result):
                raise TypeError(f"{type(result).__name__} is no real number")
            value = float(result)
        except BaseException as error:
            raise FunctionFailure("undefined", f"{name} at {x}: {_said(error)}") from error
        if not math.isfinite(value):
            raise FunctionFailure("infinite", f"{name} at {x}: {value}")
        values.append(value)
        seconds = time.monotonic() - start
        if seconds > _PATIENCE_SECONDS and seconds / len(values) * len(inputs) > MOST_SECONDS:
            raise FunctionFailure("slow", f"{name} at {x}: {seconds:.0f} s for the first {len(values)}")
    return values


def _is_complex(value: object) -> bool:
    return isinstance(value, numbers.Complex) and not isinstance(value, numbers.Real)


def _answer() -> None:
    """Read an order from the standard input, and answer it on what is the standard output at the beginning."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    order, answer = json.load(sys.stdin), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)
    warnings.simplefilter("ignore")
    try:
        found = {"values": _values(**order)}
    except FunctionFailure as failure:
        found = {"kind": failure.kind, "said": failure.said}
    with os.fdopen(answer, "w") as stream:
        stream.write(json.dumps(found) + "\n")
    os._exit(0)  # whatever else it started, and would wait for


if __name__ == "__main__":
    _answer()
