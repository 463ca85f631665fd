"""Images of an exported network are prepared as nas-tc has read them, in a process without it."""

import importlib.util
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from sklearn.datasets import load_digits

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.data import load_data
from nas_tc.export import export_trial
from nas_tc.module import build
from nas_tc.recipe import Recipe
from nas_tc.search.settings import Settings
from nas_tc.space import load_space
from nas_tc.study import weights_file
from nas_tc.training import images_on
from nas_tc.training.batches import plain_batches, to_float
from pictures import deep_png, picture

SIDEWAYS = 6  # in EXIF: the camera was held upright
SCORES = """
import sys, torch
from network import Network; from preprocess import CLASSES, preprocess; import safetensors.torch
network = Network().eval(); safetensors.torch.load_model(network, "weights.safetensors")
with torch.inference_mode():
    torch.save([network(preprocess(file)) for file in sys.argv[2:]], sys.argv[1])
assert CLASSES == ("[b]cat", "dog")
assert not any(name.startswith("nas_tc") for name in sys.modules)
"""


def exported(study, data, folder, input=None):
    """A trial of a study on these images is exported to `folder`; the network that it exports."""
    network = Architecture(input or data.shape, parse_notation("(3,8)/2 | 2/2 | (3,16)/2"), GAP, 2)
    space = load_space("plain-32").at(data.shape, 2)
    limit = resolve_budget(parse_budget("1M"), data.shape)
    settings = Settings(space, limit, data, Recipe(), seed=0).to_dict()
    record = replace(study, path=folder / "s.db", settings=settings)
    trained = build(network, seed=1, mean=settings["data"]["mean"], std=settings["data"]["std"])
    weights = weights_file(record.path, 0)
    weights.parent.mkdir(parents=True)
    save_file({k: v.contiguous() for k, v in trained.state_dict().items()}, weights)
    trial = replace(study.best, number=0, architecture=network)
    export_trial(record, trial, folder, formats=("source",))
    return trained.eval()


def scores_of(folder, files):
    """Scores that the exported network gives to image files, in a process of its own."""
    command = [sys.executable, "-c", SCORES, "scores.pt", *map(str, files)]
    subprocess.run(command, cwd=folder, check=True)
    return torch.cat(torch.load(folder / "scores.pt"))


def colours(folder):
    """Files of all kinds beside those of 8 bits: what is done to each counts."""
    glyph = Image.new("RGBA", (12, 8), (0, 0, 0, 0))
    glyph.paste((200, 30, 0, 128), (2, 2, 7, 7))
    turned = Image.Exif()
    turned[0x0112] = SIDEWAYS
    picture(1).save(folder / "plain.png")
    picture(2, (40, 31)).save(folder / "larger.png")
    picture(3, (5, 9)).save(folder / "smaller.bmp")
    picture(4, (24, 8)).save(folder / "sideways.jpg", exif=turned)
    picture(5, (24, 8)).convert("CMYK").save(folder / "printed.jpg")
    picture(6, mode="L").save(folder / "grey.png")
    glyph.save(folder / "glyph.png")
    glyph.convert("LA").save(folder / "grey-glyph.png")
    glyph.resize((50, 50)).convert("P").save(folder / "film.gif", save_all=True)


def depths(folder):
    """Grey of 16 bits, in either order of bytes and as PGM."""
    for number, order in enumerate(("<u2", ">u2")):
        values = np.random.default_rng(number).integers(250, 750, (9, 30)).astype(order)
        mode = "I;16" if order == "<u2" else "I;16B"
        Image.frombytes(mode, (30, 9), values.tobytes()).save(folder / f"{number}.tif")
    values = np.random.default_rng(2).integers(250, 750, (16, 16)).astype(">u2")
    (folder / "2.pgm").write_bytes(b"P5 16 16 65535 " + values.tobytes())


def dark(folder):
    """Colours of 16 bits, of which the upper 8 are all dark; one image is half transparent."""
    for number, channels in enumerate((3, 4)):
        values = np.random.default_rng(number).integers(250, 750, (9, 30, channels))
        if channels == 4:
            values[..., 3] = 2**15
        (folder / f"dark-{number}.png").write_bytes(deep_png(values))


@pytest.mark.parametrize(
    ("kinds", "background"), [(colours, ",background=#1e90ff"), (depths, ""), (dark, "")]
)
def test_scores_of_image_files_are_those_of_nas_tc(study, tmp_path, kinds, background):
    for number, (split, count) in enumerate((("train", 20), ("val", 2), ("test", 2))):
        for name in ("[b]cat", "dog"):
            folder = tmp_path / "tree" / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                if kinds is depths:
                    values = np.random.default_rng(i).integers(291, 695, (16, 16))
                    Image.fromarray(values.astype(np.uint16)).save(folder / f"{i}.png")
                elif kinds is dark:
                    values = np.random.default_rng(i).integers(291, 695, (16, 16, 3))
                    (folder / f"{i}.png").write_bytes(deep_png(values))
                else:
                    picture(100 * number + i).save(folder / f"{i}.png")
    kinds(tmp_path / "tree" / "test" / "dog")
    data = load_data(f"imagefolder:{tmp_path / 'tree'}{background}", side=(16, 16))
    trained = exported(study, data, tmp_path / "out")
    files = sorted((tmp_path / "tree" / "test").rglob("*.*"))
    assert len(files) == len(data.test) > 5
    with torch.inference_mode():
        expected = [trained(to_float(torch.tensor(each[None]))) for each in data.test.images]
    assert torch.equal(scores_of(tmp_path / "out", files), torch.cat(expected))
    settings = json.loads((tmp_path / "out" / "preprocess.json").read_text())
    assert settings["grey_range"] == ([291, 694] if kinds is depths else None)
    assert settings.get("colour_range") == ([291, 694] if kinds is dark else None)
    readme = (tmp_path / "out" / "README.md").read_text()
    assert ("#1e90ff" in readme) == (kinds is colours)
    assert "'[b]cat', 'dog'" in readme


def test_a_network_of_another_size_gets_its_images_as_the_search_scaled_them(study, tmp_path):
    for number, name in enumerate(("[b]cat", "dog")):
        folder = tmp_path / "tree" / name
        folder.mkdir(parents=True)
        for i in range(10):
            picture(10 * number + i, (20 + i, 24)).save(folder / f"{i}.png")
    data = load_data(f"imagefolder:{tmp_path / 'tree'}", side=(20, 20))
    trained = exported(study, data, tmp_path / "out", input=(3, 16, 13))
    images = images_on(torch.device("cpu"), data.test).at((16, 13))
    with torch.inference_mode():
        expected = [trained(pixels) for pixels, _ in plain_batches(images, 1)]
    files = sorted((tmp_path / "tree").rglob("*.png"))
    found = scores_of(tmp_path / "out", files)
    for scores in expected:
        assert any(torch.equal(scores[0], each) for each in found)
    settings = json.loads((tmp_path / "out" / "preprocess.json").read_text())
    assert (settings["height"], settings["width"]) == (16, 13)
    assert (settings["decoded_height"], settings["decoded_width"]) == (20, 20)
    readme = (tmp_path / "out" / "README.md").read_text()
    assert "scaled to 20 x 20, the images of the search, in proportion" in readme
    assert "5. scaled to 16 x 13, the network's own size (bilinear" in readme
    assert "(n, 3, 16, 13)" in readme


def preprocess_of(folder):
    """The function `preprocess` of an exported network."""
    spec = importlib.util.spec_from_file_location("preprocess", folder / "preprocess.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.preprocess


def test_digits_are_enlarged_as_they_were(study, tmp_path):
    export_trial(study, study.best, tmp_path, formats=("source",))
    digit = np.round(load_digits().images[7] * (255 / 16)).astype(np.uint8)
    seen = preprocess_of(tmp_path)(Image.fromarray(digit))[0, 0]
    data = load_data("digits")
    splits = (data.train, data.validation, data.test)
    pixels = (seen * 255).round().to(torch.uint8).numpy()
    assert any((split.images[..., 0] == pixels).all(axis=(1, 2)).any() for split in splits)


def test_what_an_earlier_study_does_not_tell_is_refused_with_a_word(study, tmp_path):
    data = {key: value for key, value in study.settings["data"].items() if key != "preparation"}
    record = replace(study, settings={**study.settings, "data": {**data, "name": "parquet:x"}})
    export_trial(record, study.best, tmp_path, formats=("source",))
    readme = (tmp_path / "README.md").read_text()
    assert "did not keep how transparent and 16-bit images were read" in readme
    preprocess = preprocess_of(tmp_path)
    assert preprocess(Image.new("RGB", (40, 32))).shape == (1, 1, 32, 32)
    with pytest.raises(ValueError, match="the image is transparent, and nobody knows"):
        preprocess(Image.new("RGBA", (32, 32)))
    with pytest.raises(ValueError, match="16 bits a pixel, and the first training image has 8"):
        preprocess(Image.new("I;16", (32, 32)))
