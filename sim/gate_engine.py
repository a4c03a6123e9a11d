"""The engine of the bulk simulator that evaluates gates and memories: 256 copies of a design at once, a bit each."""

import ctypes
from pathlib import Path

from quadcim.sim.design import SimulatedDesign
from quadcim.sim.native import POINTER, driver, pointer
from quadcim.sim.netlist import BitMemory, Netlist, Wires, read_netlist
from quadcim.spec.errors import IllegalSetting

__all__ = ["PORTS", "GateEngine", "PortWires"]

PORTS = ("rst", "i__payload", "i__valid", "i__ready", "o__payload", "o__valid", "o__ready", "w__payload", "w__valid",
         "w__ready")
"""In the order in which drivers take them."""
_DRIVER = Path(__file__).with_name("bulk.cpp")


class PortWires(ctypes.Structure):
    """The wires of a port, as a driver takes them."""

    _fields_ = [("wires", POINTER), ("width", ctypes.c_int32)]


class _WritePort(ctypes.Structure):
    _fields_ = [(name, PortWires) for name in ("address", "data", "enable")]


class _ReadPort(ctypes.Structure):
    _fields_ = [("address", PortWires), ("memory", ctypes.c_int32), ("first", ctypes.c_int32)]


class _Memory(ctypes.Structure):
    _fields_ = [*((name, ctypes.c_int32) for name in ("width", "offset", "writes")), ("rows", ctypes.c_int64),
                ("contents", POINTER), ("write", ctypes.POINTER(_WritePort))]


class _Netlist(ctypes.Structure):
    _fields_ = [*((name, ctypes.c_int32) for name in ("wires", "runs", "registers")),
                *((name, POINTER) for name in ("run", "operand", "reg")), ("outputs", ctypes.c_int64),
                ("memory", ctypes.POINTER(_Memory)), ("memories", ctypes.c_int32), ("read", ctypes.POINTER(_ReadPort)),
                *((name, PortWires) for name in PORTS)]


class GateEngine:
    """A design as gates and memories.

    Parameters
    ----------
    design : SimulatedDesign
        Whose RTL is read.

    Attributes
    ----------
    lanes : int
        Copies of the design that run side by side.
    netlist : Netlist
        The gates and memories.
    """

    lanes = 256

    def __init__(self, design: SimulatedDesign):
        if design.reset.active_low:
            raise IllegalSetting("case", "a case whose reset is active high",
                                 f"{design.folder} with {design.reset.name}")
        self.netlist = read_netlist(design.simulation_sources, design.top, images=design.images)
        self._library = driver(_DRIVER)
        self._library.quadcim_gates_run.restype = None

    def run(self, *arguments: object) -> None:
        """Call the driver: see `quadcim_gates_run` in bulk.cpp."""
        self._library.quadcim_gates_run(ctypes.byref(_c_netlist(self.netlist)), *arguments)


def _port(wires: Wires) -> PortWires:
    return PortWires(pointer(wires), len(wires))


def _c_memory(memory: BitMemory) -> _Memory:
    writes = [_WritePort(_port(write.address), _port(write.data), _port(write.enable)) for write in memory.writes]
    return _Memory(memory.width, memory.offset, len(writes), len(memory.contents), pointer(memory.contents),
                   (_WritePort * len(writes))(*writes))


def _c_netlist(netlist: Netlist) -> _Netlist:
    ports = {name: _port(wires) for name, wires in netlist.ports.items()}
    memories = [_c_memory(memory) for memory in netlist.memories]
    reads = [_ReadPort(_port(read.address), read.memory, read.first) for read in netlist.reads]
    return _Netlist(netlist.wires, len(netlist.runs), len(netlist.registers), pointer(netlist.runs),
                    pointer(netlist.operands), pointer(netlist.registers), netlist.operands.shape[1],
                    (_Memory * len(memories))(*memories), len(memories), (_ReadPort * len(reads))(*reads),
                    *(ports.get(name, PortWires(None, 0)) for name in PORTS))
