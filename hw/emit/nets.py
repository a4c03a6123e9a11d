"""Names of the nets between instances.

Amaranth calls a net after the port that it was made for, and numbers those of one name: ``i__payload$22``. It is called
after the instance, too: ``slice_i_o__payload``.
"""

import re
from collections import Counter

__all__ = ["nets_named_after_instances"]

_MODULE = re.compile(r"^module \\(\S+)\n(.*?)^end\n", re.MULTILINE | re.DOTALL)
_WIRE = re.compile(r"^  wire (?:width \d+ )?(?:(input|output|inout) \d+ )? *(?:signed )?\\(\S+)$", re.MULTILINE)
_CELL = re.compile(r"^  cell \\(\S+) \\(\w+)\n(.*?)^  end$", re.MULTILINE | re.DOTALL)
_CONNECTION = re.compile(r"^    connect \\(\w+) \\(\S+)(?: \[[0-9:]+\])?$", re.MULTILINE)
# A name that is that of a net: not of a cell, its module, its parameters or its ports.
_MENTION = re.compile(r"(?<=\\)(?<!^  cell \\)(?<!^    connect \\)(?<!^    parameter \\)(?<!attribute \\)\S+",
                      re.MULTILINE)


def nets_named_after_instances(rtlil: str) -> str:
    """A design in RTLIL in which nets that share a name are called after an instance: the one that drives them.

    Parameters
    ----------
    rtlil : str
        The design. Of instances of modules that it does not hold, no port is known to drive.
    """
    outputs = {module: {name for direction, name in _WIRE.findall(body) if direction == "output"}
               for module, body in _MODULE.findall(rtlil)}
    return _MODULE.sub(lambda match: f"module \\{match[1]}\n{_renamed(match[2], outputs)}end\n", rtlil)


def _renamed(body: str, outputs: dict[str, set[str]]) -> str:
    """The body of a module with other names."""
    wires = {name: direction for direction, name in _WIRE.findall(body)}
    shared = Counter(map(_stem, wires))
    users: dict[str, list[tuple[bool, str]]] = {}
    for module, cell, connections in _CELL.findall(body):
        for port, net in _CONNECTION.findall(connections):
            drives = port in outputs.get(module, ())
            if drives or port == _stem(net):
                users.setdefault(net, []).append((drives, f"{cell}_{port}"))
    names: dict[str, str] = {}
    for net, direction in wires.items():
        if direction or shared[_stem(net)] < 2 or net not in users:
            continue
        new = max(users[net], key=lambda user: user[0])[1]
        if new not in wires and new not in names.values():
            names[net] = new
    return _MENTION.sub(lambda match: names.get(match[0], match[0]), body)


def _stem(name: str) -> str:
    return name.partition("$")[0]
