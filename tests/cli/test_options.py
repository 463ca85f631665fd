"""The options that commands share."""

import inspect
from collections import defaultdict

import pytest
import typer

from nas_tc.cli import commands, options

COMMANDS = {
    name: commands.load_command(name).callback for name in commands.COMMANDS if name != "study"
}
NETWORK = {"input", "head", "norm"}


def information(command):
    """The option or argument of each parameter of a command, by its name."""
    parameters = inspect.signature(COMMANDS[command]).parameters.values()
    return {each.name: each.annotation.__metadata__[0] for each in parameters}


def test_no_help_text_is_written_twice():
    texts = defaultdict(set)
    for command in COMMANDS:
        for name, found in information(command).items():
            texts[found.help].add((id(found), name))
    shared = {id(each.__metadata__[0]) for each in vars(options).values()
              if hasattr(each, "__metadata__")}  # fmt: skip
    for text, places in texts.items():
        own = {which for which, _ in places} - shared
        assert len(own) <= 1, (text, places)
        assert not own or len(places) == 1, (text, places)


@pytest.mark.parametrize("command", ["cost", "time", "draw", "replace"])
def test_every_command_that_takes_a_network_has_the_same_options_of_it(command):
    found = information(command)
    assert found.keys() >= NETWORK | {"classes"}
    for name in NETWORK | {"classes"}:
        assert found[name] is getattr(options, name.capitalize()).__metadata__[0]


def test_training_takes_the_classes_from_the_images_and_calibration_has_references():
    assert information("train").keys() >= NETWORK
    assert "classes" not in information("train")
    assert information("calibrate").keys() >= {"reference", "head", "norm", "classes", "input"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_a_help_text_that_is_a_sentence(nas_tc, command):
    for name, found in information(command).items():
        assert found.help, name
        assert found.help.endswith("."), name
    code, out, _ = nas_tc(command, "--help")
    assert code == 0
    assert "Usage: nas-tc" in out


def test_an_old_name_of_an_option_goes_on_working(nas_tc):
    for name in ("--training", "--train-step"):
        for command in (("time", "J"), ("calibrate", "--out", "t.json")):
            _, _, error = nas_tc(*command, name, "--dtype", "fp8")
            assert "unknown dtype 'fp8'" in error


@pytest.mark.parametrize(
    "arguments",
    [
        ("cost", "J", "--batch", "0"),
        ("cost", "J", "--classes", "0"),
        ("time", "J", "--rebuilds", "0"),
        ("time", "J", "--repeats", "0"),
        ("calibrate", "--networks", "0"),
        ("calibrate", "--classes", "0"),
        ("train", "J", "--workers", "0"),
        ("data", "digits", "--size", "0"),
    ],
)
def test_a_number_that_is_too_small_is_named(nas_tc, arguments):
    code, _, error = nas_tc(*arguments)
    assert (code, error) == (2, f"nas-tc: {arguments[-2]} must be 1 or more, not 0\n")


def test_a_number_is_checked_as_it_is_given():
    check = options.at_least(0)
    assert check(typer.CallbackParam, None) is None
    assert check(typer.CallbackParam, 0) == 0
