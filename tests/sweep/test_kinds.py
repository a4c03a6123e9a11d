import shlex

import pytest

from quadcim.cli import main
from quadcim.spec.errors import IllegalSetting
from quadcim.sweep.kinds import find_kind, kinds
from quadcim.sweep.measurements import FIGURES, measure_point
from quadcim.sweep.points import Point

_CNN = {"epochs": 1, "activation_bits": 2, "per_layer": True}


@pytest.fixture
def photo(tmp_path):
    from PIL import Image

    Image.linear_gradient("L").resize((16, 16)).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def test_a_training_is_known_by_the_content_of_its_picture(photo):
    digest = Point("inr", {"image": str(photo), "steps": 5}).digest
    moved = photo.rename(photo.with_name("moved.png"))
    assert Point("inr", {"image": str(moved), "steps": 5}).digest == digest
    moved.write_bytes(moved.read_bytes() + b"\0")
    assert Point("inr", {"image": str(moved), "steps": 5}).digest != digest


def test_settings_and_figures_have_names_of_their_own():
    assert not {name for kind in kinds().values() for name in kind.settings} & FIGURES.keys()


def test_a_command_needs_no_file(photo):
    photo.unlink()
    assert find_kind("inr").rebuild({"image": str(photo)}) == f"quadcim train inr --image {photo} --out DIR"


def test_psnr_and_accuracy(photo, capsys):
    settings = {"image": str(photo), "hidden": 8, "layers": 1, "steps": 20, "activation_bits": 6}
    found = measure_point("inr", settings, ["psnr"])["psnr"]
    assert found.error is None and 5 < found.figures["psnr_integer_db"] < 60
    sine = measure_point("inr", {**settings, "activation": "sine"}, ["psnr"])["psnr"]
    assert sine.error is None and set(sine.figures) == {"psnr_float_db", "psnr_integer_db"}
    found = measure_point("cnn", _CNN, ["accuracy"])["accuracy"]
    assert found.error is None and 10 < found.figures["accuracy_integer_percent"] <= 100
    assert not any(capsys.readouterr())


def test_commands_are_taken(photo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for kind, settings in (("inr", {"image": photo.name, "steps": 2, "hidden": 4, "layers": 1}), ("cnn", _CNN)):
        command = shlex.split(find_kind(kind).rebuild(settings))
        assert main([*command[1:-1], kind]) == 0


def test_wrong_settings(tmp_path):
    for kind, settings, message in (
            ("inr", {"steps": 5}, "image must be given"),
            ("inr", {"image": str(tmp_path / "none.png")}, "image must be a file that can be read"),
            ("cnn", {"dataset": "cifar10", "network": "resnet20"}, "data must be the file cifar-10-binary.tar.gz"),
            ("cnn", {"data": "x"}, "data must be the file cifar-10-binary.tar.gz"),
            ("cnn", {"activation_bits": 9}, "activation-bits must be 1 to 8"),
            ("cnn", {"colour": 1}, "cnn must be complete and well typed")):
        with pytest.raises(IllegalSetting, match=message):
            _ = Point(kind, settings).spec
