"""`nas-tc data`: what it counts, and what it says is broken."""

import numpy as np
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
    assert "1 images are broken" in err


def test_a_side_of_nothing_is_refused(nas_tc):
    code, _, err = nas_tc("data", "digits", "--size", "0")
    assert code == 2
    assert "--size" in err
