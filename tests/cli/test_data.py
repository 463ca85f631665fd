"""`nas-tc data`: what it counts, and what it says is broken."""

import json

import numpy as np
import pytest
from PIL import Image


def test_data_shows_what_is_there_and_names_what_is_broken(nas_tc, tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / "tree" / name).mkdir(parents=True)
        for number in range(20):
            pixels = np.full((6, 6, 3), 10 * number, dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "tree" / name / f"{number}.png")
    spec = f"imagefolder:{tmp_path / 'tree'}"
    code, out, _ = nas_tc("data", spec, "--sheet", tmp_path / "sheet.png")
    assert code == 0
    assert "2 classes" in out
    assert (tmp_path / "sheet.png").exists()
    (tmp_path / "tree" / "dog" / "3.png").write_bytes(b"")
    code, out, err = nas_tc("data", spec)
    assert code == 2
    assert "dog/3.png: not an image" in out
    assert "1 image is broken; repair or remove it" in err


def test_data_is_a_page_of_what_to_know(nas_tc, tmp_path):
    tree = tmp_path / "tree"
    for name, count in (("[cat]", 30), ("dog", 20)):
        (tree / name).mkdir(parents=True)
        for number in range(count):
            grey = 255 - number if name == "dog" else number
            Image.new("L", (4, 4), grey).save(tree / name / f"{number:02}.png")
    for copy in range(20):  # of the same image, which is in both classes then
        Image.new("L", (4, 4), 7).save(tree / "dog" / f"copy-{copy:02}.png")
    (tree / "dog" / "1.heic").write_text("")
    spec = f"imagefolder:{tree}"
    code, out, _ = nas_tc("data", spec)
    assert code == 0
    assert "[cat]" in out
    assert "left out      1 .heic" in out
    assert "42.86 % test error of who always says the commonest class" in out
    code, out, _ = nas_tc("data", spec, "--json")
    page = json.loads(out)
    assert page["counts"]["training"] == {"[cat]": 22, "dog": 29}
    assert page["counts"]["test"] == {"[cat]": 6, "dog": 8}
    assert page["majority_error"]["test"] == pytest.approx(6 / 14)
    assert page["two_classes"] == 1
    assert (page["modes"], page["sizes"]) == ({"L": 70}, {"4x4": 70})
    copies = page["duplicates_within"] + sum(page["duplicates_across"].values())
    assert copies == 20  # of 21 that are alike
    assert page["remarks"] == ["left out: 1 .heic"]
    assert page["broken"] == []


def test_a_side_of_nothing_is_refused(nas_tc):
    code, _, err = nas_tc("data", "digits", "--size", "0")
    assert code == 2
    assert "--size" in err
