"""One module for many instances: a component that is elaborated and emitted once.

Amaranth elaborates and emits a copy of a component for each place where it stands. `SharedModule` is an instance of a
module by name instead, and `quadcim.hw.emit.verilog.emit_verilog` emits that module once.
"""

from collections.abc import Iterable, Iterator, Mapping

from amaranth.hdl import ClockSignal, Const, Fragment, Instance, ResetSignal, Value, ValueCastable
from amaranth.lib import wiring

__all__ = ["SHARED", "SharedModule", "instance_ports", "output_ports", "port_values", "shared_instances"]

SHARED = "quadcim.shared."
"""What the types of shared instances begin with until they are named after the top module."""


def port_values(component: wiring.Component) -> dict[str, Value]:
    """The members of a component by their Verilog names; constant ones (no backpressure) are no ports."""
    ports: dict[str, Value] = {}
    for path, _member, value in component.signature.flatten(component):
        port = Value.cast(value) if isinstance(value, ValueCastable) else value
        if not isinstance(port, Const):
            ports["__".join(map(str, path))] = port
    return ports


def instance_ports(component: wiring.Component, connections: Mapping[str, Value]) -> dict[str, Value]:
    """What the ports of an instance of a component are connected to, by their Verilog names, as `Instance` takes it."""
    flows = {"__".join(map(str, path)): member.flow for path, member, _value in component.signature.flatten(component)}
    return {f"{'i' if flows[port] == wiring.In else 'o'}_{port}": value for port, value in connections.items()}


def output_ports(fragment: Fragment) -> dict[str, set[str]]:
    """The output ports of the modules that a design has instances of by name."""
    outputs: dict[str, set[str]] = {}
    for child, *_ in fragment.subfragments:  # pyright: ignore[reportAttributeAccessIssue] - the stubs lack it
        outputs |= output_ports(child)
        if isinstance(child, Instance):
            ports, module = child.ports, child.type  # pyright: ignore[reportAttributeAccessIssue] - the stubs lack them
            outputs[module] = {name for name, (_value, direction) in ports.items() if direction == "o"}
    return outputs


class SharedModule(Instance):
    """An instance of a component's module.

    Parameters
    ----------
    component : Component
        What it is an instance of: the same object for each of them. It gets the clock and the reset of the domain
        "sync" as it needs them, the reset with its edge and level; it has no other domain.
    name : str
        The module's name behind that of the top module. If another component has it already, the names of where this
        one stands come before it.
    connections : Value
        What each of the component's ports is connected to, by its Verilog name.
    """

    def __init__(self, component: wiring.Component, name: str, **connections: Value):
        if missing := port_values(component).keys() ^ connections.keys():
            raise ValueError(f"{name}: ports and connections differ in {', '.join(sorted(missing))}")
        self.name, self.component = name, component
        super().__init__(SHARED + name, **instance_ports(component, connections))

    def become(self, module: str, further: Iterable[str]) -> None:
        """Be of a module that has some ports for its domain: ``clk``, ``rst``, or none."""
        signals = {"rst": ResetSignal(), "clk": ClockSignal()}
        if others := {*further} - signals.keys():
            raise ValueError(f"{self.name}: a shared module has the domain sync and no other, not "
                             f"{', '.join(sorted(others))}")
        self.type = module
        ports = self.ports  # pyright: ignore[reportAttributeAccessIssue] - the stubs lack it
        for port, signal in signals.items():
            if port in further:
                ports[port] = (Value.cast(signal), "i")
                ports.move_to_end(port, last=False)


def shared_instances(fragment: Fragment, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], SharedModule]]:
    """The shared instances in a design, and the names of the submodules in which they stand."""
    for child, name, *_ in fragment.subfragments:  # pyright: ignore[reportAttributeAccessIssue] - the stubs lack it
        if isinstance(child, SharedModule):
            yield path, child
        yield from shared_instances(child, (*path, name) if name else path)
