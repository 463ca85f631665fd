"""A search whose images stay on disk finds what it finds with them in memory."""

import numpy as np
from PIL import Image


def test_a_search_on_a_streamed_set(tiny_search, tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_TC_CACHE", str(tmp_path / "cache"))
    random = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(60):
            pixels = random.integers(0, 128 if name == "cat" else 256, (16, 16), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "images" / name / f"{number}.png")
    spec = f"imagefolder:{tmp_path / 'images'}"
    found = [
        tiny_search(data=spec, trials=2, study=f"{limit}.db", memory_limit=limit)
        for limit in ("1GiB", "0.01MB")
    ]
    assert len(list((tmp_path / "cache").glob("*/train-images.npy"))) == 1  # 120 need no cache
    one, other = ([(t.network, t.val_errors) for t in record.trials] for record in found)
    assert one == other
