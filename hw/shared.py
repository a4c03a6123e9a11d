"""One module for many instances: a component that is elaborated and emitted once.

Amaranth elaborates and emits a copy of a component for each place where it stands. `SharedModule` is an instance of a
module by name instead, and `quadcim.hw.verilog.emit_verilog` emits that module once.
"""

from collections.abc import Iterator

from amaranth.hdl import ClockSignal, Const, Fragment, Instance, Value, ValueCastable
from amaranth.lib import wiring

__all__ = ["SHARED", "SharedModule", "port_values", "shared_modules"]

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


class SharedModule(Instance):
    """An instance of a component's module.

    Parameters
    ----------
    component : Component
        What it is an instance of: the same object for each of them. Its registers, if it has any, are in the domain
        "sync" and are not reset.
    name : str
        The module's name behind that of the top module.
    clocked : bool
        Whether the component has registers.
    connections : Value
        What each of the component's ports is connected to, by its Verilog name.
    """

    def __init__(self, component: wiring.Component, name: str, *, clocked: bool, **connections: Value):
        flows = {"__".join(map(str, path)): member.flow
                 for path, member, _value in component.signature.flatten(component)}
        if missing := port_values(component).keys() ^ connections.keys():
            raise ValueError(f"{name}: ports and connections differ in {', '.join(sorted(missing))}")
        ports = {f"{'i' if flows[port] == wiring.In else 'o'}_{port}": value for port, value in connections.items()}
        clock = {"i_clk": ClockSignal()} if clocked else {}
        self.module, self.component = SHARED + name, component
        super().__init__(self.module, **clock, **ports)


def shared_modules(fragment: Fragment) -> dict[str, wiring.Component]:
    """The components behind the shared instances in a design, by type."""
    found: dict[str, wiring.Component] = {}
    for instance in _instances(fragment):
        if found.setdefault(instance.module, instance.component) is not instance.component:
            raise ValueError(f"{instance.module}: instances of different components")
    return found


def _instances(fragment: Fragment) -> Iterator[SharedModule]:
    for child, *_ in fragment.subfragments:  # pyright: ignore[reportAttributeAccessIssue] - the stubs lack it
        if isinstance(child, SharedModule):
            yield child
        yield from _instances(child)
