"""The paper's notation for stages, both ways (He & Sun 2015, caption of Table 1).

    (7,64)/2 | 3/3 | (2,128)x4 | 2/2 | (2,256)x4 | 3/3 | (2,2304)+(2,256)

`(s,n)` is a convolution with n filters of s x s, `/2` its stride, `xk` the same layer k times,
`+` another layer, `|` separates stages, `3/3` between bars is a max pooling of size 3 and stride
3. This project adds

    (11,96)/4p2          a padding that is not the paper's rule
    basic(3,64)x2        a block in place of a convolution, see nas_tc/architecture/blocks
    inverted[6,se=4](5,40)/2
    (7,64)/2 lrn | 3/2   local response normalisation, here before the pooling
    3/2p1  3/2ceil       a pooling with padding, or one whose last window may hang over
    avg2/2               an average pooling
"""

import re
from dataclasses import replace
from functools import lru_cache

from nas_tc.architecture.blocks import Block, Plain
from nas_tc.architecture.blocks.text import format_block, parse_block
from nas_tc.architecture.stage import MOST_DEPTH, Pool, Stage
from nas_tc.errors import ArchitectureError, NotationError, UnknownNameError

_LAYER = re.compile(r"([^()]*)\((\d{1,6}),(\d{1,6})\)(?:/(\d{1,6}))?(?:p(\d{1,6}))?(?:x(\d{1,6}))?")
_POOL = re.compile(r"(avg)?(\d{1,6})/(\d{1,6})(?:p(\d{1,6}))?(ceil)?")
_EXAMPLE = "write it like '(7,64)/2 | 3/3 | (2,128)x4'"


def parse_notation(text: str) -> tuple[Stage, ...]:
    """The stages that `text` describes.

    Args:
        text: Stages in the paper's notation.

    Raises:
        NotationError: A part cannot be read, or no `Stage` can express it. The message names the
            part.
    """
    stages: list[Stage] = []
    may_pool = False  # a pooling stands behind a stage, once
    for number, part in enumerate(text.split("|"), start=1):
        where = f"part {number} ({part.strip()!r})"
        compact = re.sub(r"\s", "", part).replace("×", "x")
        try:
            bare = compact.removesuffix("lrn")
            has_lrn = bare != compact
            if pool := _POOL.fullmatch(bare):
                if not may_pool:
                    raise NotationError(f"{where}: a pooling must follow a stage of convolutions")
                if has_lrn and stages[-1].lrn != "none":
                    raise NotationError(f"{where}: a stage has one lrn, before or after its pool")
                lrn = "after" if has_lrn else stages[-1].lrn
                stages[-1] = replace(stages[-1], pool=_pool_of(pool), lrn=lrn)
                may_pool = False
            else:
                stages.append(replace(_stage(bare, where), lrn="before" if has_lrn else "none"))
                may_pool = True
        except (ArchitectureError, UnknownNameError) as error:
            raise NotationError(f"{where}: {error}") from None
    return tuple(stages)


def format_notation(stages: tuple[Stage, ...]) -> str:
    """The stages in the paper's notation; `parse_notation` gives the same stages back."""
    parts: list[str] = []
    for stage in stages:
        lrn = {"none": "", "before": " lrn", "after": ""}[stage.lrn]
        parts.append(_format_stage(stage) + lrn)
        if stage.pool is not None:
            parts.append(format_pool(stage.pool) + (" lrn" if stage.lrn == "after" else ""))
    return " | ".join(parts)


def _stage(compact: str, where: str) -> Stage:
    widths: list[int] = []
    filters, paddings, blocks, strides = set(), set(), set(), []
    for term in compact.split("+"):
        match = _LAYER.fullmatch(term)
        if match is None:
            raise NotationError(f"{where}: cannot read {term!r}; {_EXAMPLE}")
        block, size, width, stride, padding, times = match.groups()
        count = int(times or 1)
        if not 1 <= count <= MOST_DEPTH - len(widths):
            raise NotationError(f"{where}: a stage has 1 to {MOST_DEPTH} convolutions")
        widths += [int(width)] * count
        strides += [int(stride or 1)] * count
        blocks.add(block)
        filters.add(int(size))
        paddings.add(None if padding is None else int(padding))
    if len(blocks) > 1:
        raise NotationError(f"{where}: the units of a stage must be one block; split it with |")
    if len(filters) > 1:
        raise NotationError(f"{where}: the filters of a stage must have one size; split it with |")
    if len(paddings) > 1:
        raise NotationError(f"{where}: the convolutions of a stage must have one padding")
    if set(strides[1:]) - {1}:
        raise NotationError(
            f"{where}: only the first convolution of a stage can have a stride; "
            "write '(3,128)/2+(3,128)x3'"
        )
    if len(set(widths[:-1])) > 1:
        raise NotationError(
            f"{where}: all convolutions of a stage but the last must have one width; split it "
            "with |"
        )
    return Stage(
        depth=len(widths),
        width=widths[0],
        filter=filters.pop(),
        last_width=widths[-1],
        stride=strides[0],
        padding=paddings.pop(),
        block=_block(blocks.pop(), where),
    )


def _block(text: str, where: str) -> Block:
    try:
        return parse_block(text) if text else Plain()
    except NotationError as error:
        raise NotationError(f"{where}: {error}") from None


def parse_pool(text: str) -> Pool:
    """The pooling that `text` describes: "3/2", "3/2p1", "avg2/2".

    Args:
        text: Pooling as in a notation.

    Raises:
        NotationError: The text is no pooling.
        ArchitectureError: Its numbers make none.
    """
    match = _POOL.fullmatch(text)
    if match is None:
        raise NotationError(f"cannot read the pooling {text!r}; write it like '3/2'")
    return _pool_of(match)


def _pool_of(match: re.Match[str]) -> Pool:
    average, size, stride, padding, ceil = match.groups()
    return Pool(int(size), int(stride), int(padding or 0), bool(ceil), bool(average))


def format_pool(pool: Pool) -> str:
    """The pooling as in a notation; `parse_pool` gives it back."""
    average = "avg" if pool.average else ""
    padding = f"p{pool.padding}" if pool.padding else ""
    return f"{average}{pool.size}/{pool.stride}{padding}{'ceil' if pool.ceil else ''}"


@lru_cache(maxsize=4096)  # the networks of a study share few stages
def _format_stage(stage: Stage) -> str:
    padding = "" if stage.padding is None else f"p{stage.padding}"

    block = "" if stage.block == Plain() else format_block(stage.block)

    def run(width: int, times: int) -> str:
        return f"{block}({stage.filter},{width}){padding}" + (f"x{times}" if times > 1 else "")

    widths = stage.widths
    terms: list[str] = []
    if stage.stride > 1:
        terms.append(f"{block}({stage.filter},{widths[0]})/{stage.stride}{padding}")
        widths = widths[1:]
    if len(set(widths)) > 1:
        terms += [run(widths[0], len(widths) - 1), run(widths[-1], 1)]
    elif widths:
        terms.append(run(widths[0], len(widths)))
    return "+".join(terms)
