import pytest

from nas_tc.errors import NasTcError
from nas_tc.recipe import (
    HE_SUN_2015,
    QUICK,
    Recipe,
    earlier_recipes,
    load_recipe,
    parse_fields,
)
from nas_tc.training.schedule import learning_rate


def test_he_sun_2015_is_section_5():
    recipe = HE_SUN_2015
    assert (recipe.batch_size, recipe.momentum, recipe.weight_decay) == (128, 0.9, 0.0005)
    assert (recipe.epochs, recipe.nesterov, recipe.label_smoothing) == (75, False, 0.0)
    assert recipe.augment == ("colour", "crop", "flip")
    assert (recipe.margin, recipe.views) == (256 - 224, 10)
    rates = [learning_rate(recipe, epoch * 10, 10) for epoch in (0, 9, 10, 69, 70, 74)]
    assert rates == pytest.approx([0.01, 0.01, 0.001, 0.001, 0.0001, 0.0001])


def test_a_file_changes_its_base(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('base = "he-sun-2015"\nepochs = 90\nlearning_rate = 1\n')
    recipe = load_recipe(file, momentum=0.5)
    assert (recipe.epochs, recipe.learning_rate, recipe.momentum) == (90, 1.0, 0.5)
    assert recipe.drops == HE_SUN_2015.drops


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("epochs = ", "mine.toml: not TOML"),
        ("epoch = 3", "did you mean 'epochs'"),
        ('epochs = "3"', "mine.toml: epochs must be a whole number"),
        ("epochs = true", "epochs must be a whole number"),
        ("nesterov = 1", "nesterov must be true or false"),
        ("drops = [3, 2]", "drops must be rising"),
        ('base = "fast"', "unknown recipe 'fast'"),
        ("base.depth = 3", "unknown recipe"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path, content, message):
    file = tmp_path / "mine.toml"
    file.write_text(content)
    with pytest.raises(NasTcError, match=message):
        load_recipe(file)


def test_unknown_names():
    with pytest.raises(NasTcError, match="did you mean 'he-sun-2015'"):
        load_recipe("he-sun-2014")
    with pytest.raises(NasTcError, match=r"cannot read the recipe '/none\.toml'"):
        load_recipe("/none.toml")


def test_fields_from_the_command_line():
    fields = parse_fields(["epochs=90", "augment=crop,flip", "drops=10,70", "nesterov=false"])
    recipe = load_recipe("quick", **fields)
    assert recipe.epochs == 90
    assert recipe.augment == ("crop", "flip")
    assert recipe.drops == (10, 70)
    assert not recipe.nesterov
    assert load_recipe("he-sun-2015", **parse_fields(["augment=none"])).augment == ()
    assert load_recipe("quick", **parse_fields([])) == QUICK
    with pytest.raises(NasTcError, match="write field=value"):
        parse_fields(["epochs"])


def test_a_name_keeps_what_it_meant_for_studies_of_earlier_versions(tmp_path):
    assert load_recipe("quick", epochs=8).optimizer == "muon"
    assert earlier_recipes("quick", epochs=8) == (Recipe(epochs=8),)
    file = tmp_path / "mine.toml"
    file.write_text("learning_rate = 0.05\n")  # its base is "quick"
    assert earlier_recipes(file) == (Recipe(learning_rate=0.05),)
    assert load_recipe(file).optimizer == "muon"
    assert earlier_recipes("he-sun-2015") == (HE_SUN_2015,)
    assert earlier_recipes("quick", optimizer="muon") == (QUICK,)


def test_another_optimizer_is_refused():
    with pytest.raises(NasTcError, match="optimizer must be sgd or muon, not adam"):
        load_recipe("quick", optimizer="adam")
