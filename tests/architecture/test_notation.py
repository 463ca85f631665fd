import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_tc.architecture import Pool, Stage, format_notation, parse_notation
from nas_tc.errors import NotationError
from nas_tc.zoo import ZOO
from strategies import any_architectures


@given(any_architectures())
def test_notation_round_trip(arch):
    assert parse_notation(format_notation(arch.stages)) == arch.stages


def test_notation_of_j_prime_is_read():
    text = "(7,64)/2 | 3/1 | (2,128)/3+(2,128)x3"
    assert parse_notation(text) == (
        Stage(1, 64, 7, stride=2, pool=Pool(3, 1)),
        Stage(4, 128, 2, stride=3),
    )


@pytest.mark.parametrize("name", ["A", "F", "H", "J", "J'"])
def test_the_zoo_is_printed_as_the_paper_prints_it(name):
    printed = {
        "A": "(7,64)/2 | 3/3 | (5,128) | 2/2 | (3,256)x3",
        "F": "(7,64)/2 | 3/3 | (5,128) | 2/2 | (3,160)x5+(3,256)",
        "H": "(7,64)/2 | 3/3 | (3,64)x3+(3,128) | 2/2 | (3,256)x3",
        "J": "(7,64)/2 | 3/3 | (2,128)x4 | 2/2 | (2,256)x4 | 3/3 | (2,2304)+(2,256)",
        "J'": "(7,64)/2 | 3/1 | (2,128)/3+(2,128)x3 | 2/1 | (2,256)/2+(2,256)x3 | 3/1 | "
        "(2,2304)/3+(2,256)",
    }
    assert format_notation(ZOO[name].architecture.stages) == printed[name]


@pytest.mark.parametrize(
    "text",
    [" ( 3 , 64 ) × 2|3/2|(3,128) ", "(3,64)x2 | 3/2 | (3,128)", "(3,64)+(3,64) | 3/2 | (3,128)"],
)
def test_spaces_and_ways_of_writing_do_not_matter(text):
    assert format_notation(parse_notation(text)) == "(3,64)x2 | 3/2 | (3,128)"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "cannot read ''"),
        ("(3,64", "part 1 .*cannot read"),
        ("(3,64) | (3,64", "part 2 .*cannot read"),
        ("3/3 | (3,64)", "a pooling must follow"),
        ("(3,64) | 3/3 | 3/3", "a pooling must follow"),
        ("(3,64)+(5,64)", "one size"),
        ("(3,64)x2/2", "cannot read"),
        ("(3,64)/2x3", "only the first"),
        ("(3,64)+(3,64)/2", "only the first"),
        ("(3,64)+(3,32)+(3,64)", "one width"),
        ("(3,64)p1+(3,64)", "one padding"),
        ("(0,64)", "filter size must be 1 or more, not 0"),
        ("(3,0)", "width must be 1 or more, not 0"),
        ("(3,64)/0", "stride must be 1 or more, not 0"),
        ("(3,64) | 0/1", "pooling size must be 1 or more"),
        ("(3,64)x0", "1 to 1000"),
        ("(3,64)x999999", "1 to 1000"),
        ("(3,64)x9999999", "cannot read"),
        ("(3,99999999999)", "cannot read"),
    ],
)
def test_what_cannot_be_read_is_named(text, complaint):
    with pytest.raises(NotationError, match=complaint):
        parse_notation(text)


@given(st.text(alphabet="(),/|+xp0123456789 ", max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        stages = parse_notation(text)
    except NotationError:
        return
    assert parse_notation(format_notation(stages)) == stages
