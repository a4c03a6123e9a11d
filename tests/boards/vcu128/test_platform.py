"""The board's resources against the table of its pins."""

from typing import Any

from quadcim.boards.vcu128.platform import VCU128Platform

# Board signal: pins, IO standard. The memory banks run at 1.2 V: never LVDS.
TABLE = {
    "clk100_0": ("BH51 BJ51", "DIFF_SSTL12"),
    "qdr4_clk_0": ("BJ4 BK3", "DIFF_SSTL12"),
    "rld3_clk_0": ("F35 F36", "DIFF_SSTL12"),
    "pcie_clk_0": ("AR15 AR14", None),
    "cpu_reset_0": ("BM29", "LVCMOS12"),
    "uart_0_rx": ("BP26", "LVCMOS18"), "uart_0_tx": ("BN26", "LVCMOS18"),
    "uart_0_rts": ("BP22", "LVCMOS18"), "uart_0_cts": ("BP23", "LVCMOS18"),
    "uart_1_rx": ("BK28", "LVCMOS18"), "uart_1_tx": ("BJ28", "LVCMOS18"),
    "uart_1_rts": ("BL26", "LVCMOS18"), "uart_1_cts": ("BL27", "LVCMOS18"),
    **{f"led_{number}": (pin, "LVCMOS18") for number, pin in enumerate(
        ["BH24", "BG24", "BG25", "BF25", "BF26", "BF27", "BG27", "BG28"])},
}


def _signals(resource: Any):
    for ios in resource.ios:
        name, inner = f"{resource.name}_{resource.number}", ios
        if hasattr(ios, "ios"):
            name, inner = f"{name}_{ios.name}", ios.ios[0]
        pins = [*inner.p.names, *inner.n.names] if hasattr(inner, "p") else inner.names
        yield name, (" ".join(pins), resource.attrs.get("IOSTANDARD"))


def test_pins():
    signals = [signal for resource in VCU128Platform.resources for signal in _signals(resource)]
    assert dict(signals) == TABLE
    assert len(signals) == len(TABLE)


def test_clocks_run_at_100_mhz():
    resources: list[Any] = VCU128Platform.resources
    clocks = {resource.name: resource.clock for resource in resources if resource.clock}
    assert {name: clock.frequency for name, clock in clocks.items()} == dict.fromkeys(
        ("clk100", "qdr4_clk", "rld3_clk", "pcie_clk"), 100e6)


def test_part_and_defaults():
    platform: Any = VCU128Platform()
    assert (platform.device, platform.package, platform.speed) == ("xcvu37p", "fsvh2892", "2L-e")
    assert (platform.family, platform.toolchain) == ("ultrascaleplus", "Vivado")
    assert (platform.default_clk, platform.default_rst) == ("clk100", "cpu_reset")
    assert platform.default_clk_frequency == 100e6
