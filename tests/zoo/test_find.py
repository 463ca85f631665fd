import pytest

from nas_tc.architecture import SPP, Architecture
from nas_tc.errors import ArchitectureError, NotationError, UnknownNameError
from nas_tc.zoo import ZOO, find_network


def test_by_name_notation_and_file(tmp_path):
    assert find_network("J") is ZOO["J"].architecture
    written = find_network("(7,64)/2 | 3/3 | (5,128) | 2/2 | (3,256)x3")
    assert written == ZOO["A"].architecture
    assert (written.head, written.classes, written.norm) == (SPP, 1000, "none")
    path = tmp_path / "net.json"
    path.write_text(ZOO["E"].architecture.to_json())
    assert find_network(str(path)) == ZOO["E"].architecture


def test_every_entry_has_a_source_and_its_own_network():
    assert all(entry.source for entry in ZOO.values())
    assert len({entry.architecture.id for entry in ZOO.values()}) == len(ZOO)
    assert all(isinstance(entry.architecture, Architecture) for entry in ZOO.values())


def test_published_errors():  # He & Sun 2015, Tables 1 and 2
    assert (ZOO["A"].top1_error, ZOO["A"].top5_error) == (0.374, 0.159)
    assert (ZOO["J'"].top1_error, ZOO["J'"].top5_error) == (0.322, 0.12)


def test_what_is_wrong_is_said(tmp_path):
    with pytest.raises(UnknownNameError, match="unknown network 'Z'"):
        find_network("Z")
    with pytest.raises(UnknownNameError, match=r"with nas-tc import net\.py:Net --out mine\.json"):
        find_network("net.py:Net")
    with pytest.raises(NotationError, match="cannot read the network file"):
        find_network(str(tmp_path / "none.json"))
    path = tmp_path / "odd.json"
    path.write_text("{}")
    with pytest.raises(NotationError, match=r"odd\.json: a network's JSON lacks"):
        find_network(str(path))
    path.write_text(ZOO["A"].architecture.to_json().replace('"classes":1000', '"classes":0'))
    with pytest.raises(ArchitectureError, match=r"odd\.json: classes must be 1 or more"):
        find_network(str(path))
