"""The Verilog of another commit and of this tree: the same text, or proved to be the same hardware."""

import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.report import Bar, Table, say
from quadcim.boards.targets import TARGETS
from quadcim.cores.catalogue import cores
from quadcim.hw.emit.yosys import YosysFailure, run_passes
from quadcim.spec.errors import IllegalSetting

__all__ = ["measure"]

_ROOT = Path(__file__).parents[1]
_MODULE = re.compile(r"^(?:\(\*.*\*\)\n)*module (\w+).*?^endmodule", re.MULTILINE | re.DOTALL)
_GENERATE = """
import json, sys
from quadcim.cli import main
for words in json.load(sys.stdin):
    try:
        main(words)
    except SystemExit:  # a kind that there was not
        pass
"""
_REGISTER = re.compile(r"^  reg (?:signed )?(?:\[(\d+):0\] )?(\w+)", re.MULTILINE)
_INSTANCE = re.compile(r"^  (?:\w+|\)) (\w+) \(\n(.*?)^  \);", re.MULTILINE | re.DOTALL)
_PORT = re.compile(r"\.(\w+)\((\w+)\)")
_MOST_RENAMED = 4
# Names that stand for no more than a place in the text.
_HIDDEN = ("w:*_part*", "w:*_unused*", "w:not_*")


def measure() -> Table:
    """Generate every preset for every target twice, and compare module by module."""
    commit = os.environ.get("QUADCIM_BASELINE", "HEAD")
    with tempfile.TemporaryDirectory() as scratch:
        baseline, old, new = (Path(scratch, name) for name in ("tree", "old", "new"))
        _check_out(commit, baseline)
        for tree, out in ((baseline, old), (_ROOT, new)):
            say(f"same-hardware: generating from {tree}")
            _generate(tree, out)
        same, proved, open_ = 0, 0, []
        for place, before, after in _modules(old, new):
            if before == after:
                same += 1
                continue
            say(f"same-hardware: {place}")
            if before is not None and after is not None and any(
                    _proved(text, after, place.rpartition(" ")[2]) for text in _renamed(before, after)):
                proved += 1
            else:
                open_.append(place)
    table = Table(f"The same hardware as {commit}", "Modules of all presets and targets. Proved: by Yosys, registers "
                  "of a name being equal, but for a few that have another, and instances black boxes; a bit that "
                  "nothing reads may be gone. `QUADCIM_BASELINE` names the commit.",
                  ("modules", "of equal text", "proved", "neither"))
    table.add(same + proved + len(open_), same, proved, " ".join(open_) or "none",
              bars=(Bar(len(open_), "<=", 0, "modules"),))
    return table


def _check_out(commit: str, tree: Path) -> None:
    tree.mkdir()
    archive = subprocess.run(["git", "-C", _ROOT, "archive", commit, "--"], capture_output=True, check=False)
    if archive.returncode:
        raise IllegalSetting("QUADCIM_BASELINE", "a commit of this repository", commit)
    subprocess.run(["tar", "-x", "-C", tree], input=archive.stdout, check=True)


def _generate(tree: Path, out: Path) -> None:
    """The cases of all presets for all targets; where a target takes none there is none."""
    words = [["generate", core.name, "--preset", preset, "--target", target, "--name", "m", "--clock-mhz", "100",
              "--out", str(out / f"{preset}-{target}")]
             for core in cores().values() for preset in core.presets for target in TARGETS]
    subprocess.run([sys.executable, "-c", _GENERATE], input=json.dumps(words), text=True, check=True, cwd=tree,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env=os.environ | {"PYTHONPATH": str(tree)})


def _modules(old: Path, new: Path) -> Iterator[tuple[str, str | None, str | None]]:
    """Where each module stands, and its text before and after; each pair of texts once."""
    seen = set()
    # A preset that the older commit has not is no hardware that can have changed.
    kept = {folder.name for folder in old.iterdir()}
    for path in sorted({path.relative_to(tree) for tree in (old, new) for path in tree.glob("*/[rv]*/*.v")
                        if path.relative_to(tree).parts[0] in kept}):
        before, after = ({match[1]: match[0] for match in _MODULE.finditer((tree / path).read_text())}
                         if (tree / path).is_file() else {} for tree in (old, new))
        for name in sorted(before.keys() | after.keys()):
            pair = before.get(name), after.get(name)
            if pair not in seen:
                seen.add(pair)
                yield f"{path} {name}", *pair


def _renamed(before: str, after: str) -> Iterator[str]:
    """The older text, and that with the names of the newer one, of nets at instances and of registers.

    Which register is which is tried; what is proved is so, whichever way the names were found.
    """
    yield before
    here, there = (_connected(text) for text in (before, after))
    nets = {here[place]: there[place] for place in here.keys() & there.keys()}
    words = Counter([*nets.values(), *set(re.findall(r"\w+", before))])
    before = _with_names(before, {old: new for old, new in nets.items() if words[new] == 1})
    yield before
    old, new = ({name: width for width, name in _REGISTER.findall(text)} for text in (before, after))
    gone, come = ({name: width for name, width in registers.items() if name not in others}
                  for registers, others in ((old, new), (new, old)))
    if 0 < len(gone) <= _MOST_RENAMED and sorted(gone.values()) == sorted(come.values()):
        for names in itertools.permutations(come):
            called = dict(zip(gone, names, strict=True))
            if all(gone[name] == come[called[name]] for name in gone):
                yield _with_names(before, called)


def _connected(text: str) -> dict[tuple[str, str], str]:
    """The names that instances are connected to, by instance and port."""
    return {(instance, port): net for instance, ports in _INSTANCE.findall(text)
            for port, net in _PORT.findall(ports)}


def _with_names(text: str, names: dict[str, str]) -> str:
    """A text with other names, but not of ports."""
    return re.sub(r"(?<!\.)\b\w+\b", lambda word: names.get(word[0], word[0]), text)


def _proved(before: str, after: str, name: str) -> bool:
    """Whether two texts of a module are the same hardware, register by register."""
    with tempfile.TemporaryDirectory() as folder:
        passes = []
        for text, side in ((before, "gold"), (after, "gate")):
            (source := Path(folder, f"{side}.v")).write_text(text)
            passes += [["read_verilog", source], "proc", "async2sync", "opt_clean", "memory_map", "opt_clean",
                       f"rename -hide {' '.join(_HIDDEN)}", f"rename {name} {side}", f"design -stash {side}"]
        passes += [f"design -copy-from {side} -as {side} {side}" for side in ("gold", "gate")]
        try:
            run_passes(*passes, "equiv_make gold gate equiv", "hierarchy -top equiv", "opt_expr", "opt_clean",
                       "equiv_simple -undef", "equiv_struct", "equiv_simple -undef", "equiv_induct -undef",
                       "equiv_struct", "equiv_simple -undef", "equiv_status -assert")
        except YosysFailure:
            return False
    return True
