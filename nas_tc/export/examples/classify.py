"""Prints the class of image files. Needs torch, safetensors, NumPy and Pillow.

python classify.py photo.jpg
"""

import sys
from pathlib import Path

import torch
from network import Network
from preprocess import named, preprocess
from safetensors.torch import load_model

network = Network().eval()
load_model(network, Path(__file__).with_name("weights.safetensors"))
for file in sys.argv[1:]:
    with torch.inference_mode():
        scores = network(preprocess(file))
    print(f"{file}: {named(scores[0].tolist())}")
