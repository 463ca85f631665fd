"""Nothing that is read can run: no pickle, no evaluated text, in the whole source."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "nas_tc"
# Modules that unpickle, or run what they read, and calls that do.
MODULES = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal", "yaml"}
CALLS = {"eval", "exec", "compile", "__import__", "system", "popen", "read_pickle"}


def problems(tree):
    """What in a file could run what it reads."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [each.name for each in node.names]
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            yield from (name for name in names if name.partition(".")[0] in MODULES)
        if not isinstance(node, ast.Call):
            continue
        is_name = isinstance(node.func, ast.Name)
        name = node.func.id if is_name else getattr(node.func, "attr", "")
        owner = ast.unparse(node.func).rpartition(".")[0]
        given = {each.arg: ast.unparse(each.value) for each in node.keywords}
        if name in CALLS and (is_name or owner in ("os", "builtins", "pandas", "pd")):
            yield name
        if owner == "torch" and name == "load" and given.get("weights_only") != "True":
            yield "torch.load"
        if given.get("allow_pickle", "False") != "False" or given.get("shell") == "True":
            yield f"{name}({given})"


def test_the_scan_finds_what_it_looks_for():
    found = problems(
        ast.parse(
            "import pickle\nfrom joblib import load\neval(x)\ntorch.load(f)\n"
            "np.load(f, allow_pickle=True)\nsubprocess.run(x, shell=True)\nos.system(x)\n"
            "model.eval()\ntorch.load(f, weights_only=True)\nre.compile(x)\n"
        )
    )
    assert len(list(found)) == 7


def test_no_file_unpickles_or_runs_what_it_reads():
    found = {
        (str(file.relative_to(SOURCE)), problem)
        for file in SOURCE.rglob("*.py")
        for problem in problems(ast.parse(file.read_text(encoding="utf-8")))
    }
    assert found == set()


@pytest.mark.parametrize(
    "name",
    ['"""', "'''", "\\", '";import os;"', "\n", "{x}", "}}", "\u2028", "<script>", "\udce9"],
)
def test_a_class_name_stays_a_text_in_exported_source(name):
    from nas_tc.architecture import GAP, Architecture, parse_notation
    from nas_tc.export.source import network_source

    network = Architecture((3, 8, 8), parse_notation("(3,8)"), GAP, 2)
    tree = ast.parse(network_source(network, (name, "dog")).encode("utf-8", "backslashreplace"))
    (classes,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "CLASSES"
    ]
    assert ast.literal_eval(classes) == (name, "dog")
    plain = ast.parse(network_source(network, ("cat", "dog")))
    assert [type(node) for node in tree.body] == [type(node) for node in plain.body]


def test_a_name_is_no_markup_in_a_model_card(study):
    from dataclasses import replace

    from nas_tc.export.card import _head
    from nas_tc.export.markdown import code_text, plain_text

    assert plain_text("a|b\n<img src=x>") == r"a\|b \<img src=x\>"
    assert plain_text("[x](http://y)") == r"\[x\](http://y)"
    assert code_text("x` <b>\n# y") == "x' <b> # y"
    data = {**study.settings["data"], "name": "d|</td>\n# owned"}
    odd = replace(study, settings={**study.settings, "data": data})
    lines = _head(odd, study.trials[0])
    assert len(lines) == len(_head(study, study.trials[0]))
    assert not any("\n" in line or "</td>" in line for line in lines)
