"""The environment of a run."""

import json
import platform
from importlib.metadata import version

from nas_tc.study.environment import environment


def test_versions_and_machine_without_names_or_paths():
    found = environment(["GPU X"])
    assert json.loads(json.dumps(found)) == found
    assert found["python"] == platform.python_version()
    assert found["packages"]["optuna"] == version("optuna")
    assert found["machine"]["gpus"] == ["GPU X"]
    assert found["machine"]["memory_bytes"] > 2**28
    assert platform.node() not in json.dumps(found)
