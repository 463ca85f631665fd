"""Prints the class of image files. Needs onnxruntime, NumPy and Pillow; no torch.

python classify_onnx.py photo.jpg
python classify_onnx.py --model network.int8.onnx photo.jpg
"""

import sys
from pathlib import Path

import onnxruntime
from preprocess import named, to_array

files = sys.argv[1:]
model = Path(__file__).with_name("network.onnx")
if files[:1] == ["--model"]:
    model, files = Path(files[1]), files[2:]
session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
for file in files:
    (scores,) = session.run(["scores"], {"images": to_array(file)})
    print(f"{file}: {named(scores[0].tolist())}")
