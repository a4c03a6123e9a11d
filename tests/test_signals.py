import sys

import numpy as np
import pytest
from PIL import Image, ImageSequence
from scipy.io import wavfile

from quadcim.signals import read_signal, sound_rate, write_frames, write_image, write_sound
from quadcim.spec.errors import IllegalSetting

RNG = np.random.default_rng(5)
FRAMES = RNG.integers(0, 256, (5, 12, 16, 3)).astype(np.uint8)
SOUND = RNG.integers(-32768, 32768, (400, 2)).astype(np.int16)


def test_videos_in_arrays(tmp_path):
    np.savez(tmp_path / "named.npz", other=np.zeros(3), frames=FRAMES)
    np.savez(tmp_path / "alone.npz", FRAMES)
    np.save(tmp_path / "grey.npy", FRAMES[..., 0])
    assert np.array_equal(read_signal("video", tmp_path / "named.npz"), FRAMES)
    assert np.array_equal(read_signal("video", tmp_path / "alone.npz", frames=2), FRAMES[:2])
    assert np.array_equal(read_signal("video", tmp_path / "grey.npy"), FRAMES[..., :1])


def test_a_folder_of_frames(tmp_path):
    for number, frame in enumerate(FRAMES):
        Image.fromarray(frame).save(tmp_path / f"{number:03}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    assert np.array_equal(read_signal("video", tmp_path), FRAMES)
    assert read_signal("video", tmp_path, size=8).shape == (5, 6, 8, 3)
    Image.new("L", (3, 3)).save(tmp_path / "999.png")
    with pytest.raises(IllegalSetting, match="frames of one size and kind"):
        read_signal("video", tmp_path)


def test_a_film(tmp_path):
    pytest.importorskip("av")
    write_frames(FRAMES, tmp_path / "film.mkv")
    assert np.array_equal(read_signal("video", tmp_path / "film.mkv", frames=3), FRAMES[:3])
    write_frames(FRAMES[..., :1], tmp_path / "grey.mp4")
    assert np.array_equal(read_signal("video", tmp_path / "grey.mp4")[..., 1], FRAMES[..., 0])


def test_without_av_it_is_said_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(IllegalSetting, match="pip install av"):
        read_signal("video", tmp_path / "film.mp4")


def test_frames_are_written(tmp_path):
    write_frames(FRAMES, tmp_path / "v.npz")
    assert np.array_equal(read_signal("video", tmp_path / "v.npz"), FRAMES)
    write_frames(FRAMES[..., :1], tmp_path / "v.gif")
    with Image.open(tmp_path / "v.gif") as film:
        assert sum(1 for _ in ImageSequence.Iterator(film)) == 5
    write_image(FRAMES[0], tmp_path / "p.png")
    assert np.array_equal(read_signal("image", tmp_path / "p.png"), FRAMES[0])


def test_sounds(tmp_path):
    write_sound(SOUND, tmp_path / "s.wav", rate=8000)
    assert np.array_equal(read_signal("audio", tmp_path / "s.wav"), SOUND)
    assert np.array_equal(read_signal("audio", tmp_path / "s.wav", seconds=0.01), SOUND[:80])
    assert (sound_rate(tmp_path / "s.wav"), sound_rate(None)) == (8000, 44_100)


@pytest.mark.parametrize(("samples", "expected"), [
    (np.array([0, 128, 255], np.uint8), [-32768, 0, 32512]),
    (np.array([-2**31, 0, 2**31 - 1], np.int32), [-32768, 0, 32767]),
    (np.array([-1.5, 0.25, 1.0], np.float32), [-32768, 8192, 32767])])
def test_sounds_of_other_formats(tmp_path, samples, expected):
    wavfile.write(tmp_path / "s.wav", 8000, samples)
    assert read_signal("audio", tmp_path / "s.wav").flatten().tolist() == expected


@pytest.mark.parametrize(("kind", "name", "content", "said"), [
    ("video", "x.npz", b"no archive", "video must be uint8, frames x height x width"),
    ("video", "x.npy", np.zeros((2, 3, 3)), "got .* of float64"),
    ("video", "x.npy", np.zeros((2, 0, 3), np.uint8), "got .* of uint8, 2 x 0 x 3"),
    ("video", "x.npy", np.array([{}], object), "video must be uint8"),
    ("audio", "x.wav", b"RIFF", "audio must be a readable WAV file"),
    ("image", "x.png", b"", "image must be a readable")])
def test_what_is_no_signal_is_refused(tmp_path, kind, name, content, said):
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.save(path, content, allow_pickle=True)
    with pytest.raises(IllegalSetting, match=said):
        read_signal(kind, path)


@pytest.mark.parametrize("samples", [np.zeros(0, np.int16), np.zeros((4, 4), np.int16), np.array([np.nan], np.float32)])
def test_sounds_that_are_none(tmp_path, samples):
    wavfile.write(tmp_path / "s.wav", 8000, samples)
    with pytest.raises(IllegalSetting, match="audio must be a sound of finite numbers in 1 to 3 channels"):
        read_signal("audio", tmp_path / "s.wav")


@pytest.mark.parametrize(("kind", "settings", "said"), [
    ("image", {"frames": 2}, "frames must be left out but for video, got 2"),
    ("audio", {"size": 9}, "size must be left out but for image or video, got 9"),
    ("video", {"seconds": 1.0}, "seconds must be left out but for audio, got 1.0"),
    ("video", {"frames": 0}, "frames must be 1 to 4096, got 0")])
def test_settings_of_another_kind(tmp_path, kind, settings, said):
    with pytest.raises(IllegalSetting, match=said):
        read_signal(kind, tmp_path / "x", **settings)
