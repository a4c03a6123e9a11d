import math

import numpy as np
import pytest
from PIL import Image

from quadcim.models.inr.comparison import write_comparison
from quadcim.pictures import psnr_db, read_image
from quadcim.spec.errors import IllegalSetting

RAMP = np.arange(12 * 20 * 3, dtype=np.uint8).reshape(12, 20, 3)


def test_colour_is_read_as_it_is(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "p.png")
    assert np.array_equal(read_image(tmp_path / "p.png"), RAMP)


@pytest.mark.parametrize(("mode", "channels"), [("1", 1), ("L", 1), ("LA", 1), ("P", 3), ("RGBA", 3), ("CMYK", 3)])
def test_other_modes_become_grey_or_colour(tmp_path, mode, channels):
    path = tmp_path / ("p.tif" if mode == "CMYK" else "p.png")
    Image.fromarray(RAMP).convert(mode).save(path)
    picture = read_image(path)
    assert picture.shape == (12, 20, channels)
    assert picture.dtype == np.uint8


@pytest.mark.parametrize(("size", "shape"), [(10, (6, 10, 3)), (20, (12, 20, 3)), (100, (12, 20, 3))])
def test_size_shrinks_the_longest_side_and_never_enlarges(tmp_path, size, shape):
    Image.fromarray(RAMP).save(tmp_path / "p.png")
    assert read_image(tmp_path / "p.png", size=size).shape == shape


def missing(path):
    del path


def text(path):
    path.write_text("no picture")


def truncated(path):
    Image.fromarray(RAMP).save(path)
    path.write_bytes(path.read_bytes()[:60])


def deep(path):
    Image.fromarray(RAMP[:, :, 0].astype(np.uint16) * 257).save(path)


def wide(path):
    Image.new("L", (4097, 1)).save(path)


@pytest.mark.parametrize("make", [missing, text, truncated, deep, wide, lambda path: path.mkdir()])
def test_what_is_no_picture_is_refused(tmp_path, make):
    make(tmp_path / "p.png")
    with pytest.raises(IllegalSetting) as error:
        read_image(tmp_path / "p.png")
    assert (error.value.option, error.value.given) == ("image", str(tmp_path / "p.png"))


@pytest.mark.parametrize("size", [7, 4097])
def test_illegal_sizes_are_named(tmp_path, size):
    with pytest.raises(IllegalSetting, match=f"size must be 8 to 4096, got {size}"):
        read_image(tmp_path / "p.png", size=size)


def test_psnr():
    assert psnr_db(RAMP, RAMP) == math.inf
    black, grey = np.zeros((4, 4, 1), np.uint8), np.full((4, 4, 1), 51, np.uint8)
    assert psnr_db(black, grey) == psnr_db(grey, black) == pytest.approx(20 * math.log10(5))


@pytest.mark.parametrize("channels", [1, 3])
def test_the_comparison_is_a_picture_and_always_the_same(tmp_path, channels):
    original = RAMP[:, :, :channels]
    for name in ("a.png", "b.png"):
        write_comparison(tmp_path / name, original=original,
                         renderings={"Darker": original // 2, "The same": original, "Mirrored": original[::-1]})
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as drawn:
        width, height = drawn.size
    assert width > height > 500
