"""Eight bits: what is quantised, and how far the scores move."""

import numpy as np
import pytest
import torch

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.module import build
from nas_tc.onnx_graph import INPUT, folded_parameters, new_session, onnx_model, quantized

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
NETWORKS = ["(3,8)/2 | 2/2 | (3,16)x2", "(3,8) | inverted[4,se=4](3,8) | bottleneck(3,16)/2"]


@pytest.mark.parametrize("notation", NETWORKS)
def test_convolutions_are_in_8_bits_and_scores_stay_near(notation):
    architecture = Architecture((3, 16, 16), parse_notation(notation), GAP, 5)
    network = build(architecture, seed=1).eval()
    moments = (np.full(3, 0.4, np.float32), np.full(3, 0.3, np.float32))
    model = onnx_model(architecture, folded_parameters(network), moments, {"classes": "[]"})
    before = model.SerializeToString()
    images = torch.rand(64, 3, 16, 16, generator=torch.Generator().manual_seed(0)).numpy()
    eight = quantized(model, [images[:32], images[32:]])
    assert model.SerializeToString() == before  # the caller's is as it was
    assert [each.key for each in eight.metadata_props] == ["classes"]
    kinds = {tensor.name: tensor.data_type for tensor in eight.graph.initializer}
    weights = [name for name in kinds if name.endswith(".weight_quantized")]
    assert len(weights) == sum(node.op_type in ("Conv", "Gemm") for node in model.graph.node)
    assert {kinds[name] for name in weights} == {onnx.TensorProto.INT8}
    values = [
        onnx.numpy_helper.to_array(tensor)
        for tensor in eight.graph.initializer
        if tensor.name in weights
    ]
    assert max(int(np.abs(each.astype(int)).max()) for each in values) <= 64  # of 7 bits
    exact, rounded = (new_session(each).run(None, {INPUT: images})[0] for each in (model, eight))
    assert 0 < np.abs(exact - rounded).max() < 0.1 * np.abs(exact).max()
