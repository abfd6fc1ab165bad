"""Which output of a network means which class."""

from pathlib import Path

import pytest

from invariscope.data.class_index import read_class_index
from invariscope.errors import UserError


def written(folder: Path, text: str, name: str = "index.json") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def test_json_and_text_say_the_same(tmp_path: Path) -> None:
    json = '{"1": ["n2", "great_white_shark"], "0": ["n1", "tench"], "2": ["n3", "Crâne"]}'
    text = "n1 tench\nn2 great_white_shark\r\nn3\tCrâne \n\n"
    one = read_class_index(written(tmp_path, json))
    assert one == read_class_index(written(tmp_path, text, "index.txt"))
    assert (one.keys, one.names) == (("n1", "n2", "n3"), ("tench", "great_white_shark", "Crâne"))
    for folder, index in {"n2": 1, "great white shark": 1, "Great_White_Shark": 1, "crâne": 2, "0": 0, "2": 2}.items():
        assert one.index_of(folder) == index
    synonyms = read_class_index(written(tmp_path, "n01440764 tench, Tinca tinca\nant\n", "index.txt"))
    assert synonyms.names == ("tench, Tinca tinca", "ant") and synonyms.keys[1] == "ant"
    assert read_class_index(written(tmp_path, '{"0": "tench", "1": "ant"}')).index_of("ant") == 1


def test_names_that_are_alike_have_their_keys(tmp_path: Path) -> None:
    index = read_class_index(written(tmp_path, "n1 crane\nn2 ant\nn3 crane\n", "index.txt"))
    assert index.class_names() == ("crane (n1)", "ant", "crane (n3)")
    assert index.index_of("crane (n3)") == index.index_of("n3") == index.index_of("2") == 2
    with pytest.raises(UserError, match="could be class n1 or n3"):
        index.index_of("crane")
    with pytest.raises(UserError, match="is none of the 3 classes"):
        index.index_of("3")


def test_a_number_is_a_key_before_a_name_and_no_index_if_it_is_the_name_of_another(tmp_path: Path) -> None:
    index = read_class_index(written(tmp_path, "a 1\nb 0\n7 x\n", "index.txt"))
    assert index.index_of("7") == index.index_of("2") == 2
    with pytest.raises(UserError, match="could be class a or b"):
        index.index_of("1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"0": ["n1", "a"], "0": ["n2", "b"]}', "has index 0 twice"),
        ('{"0": ["n1", "a"], "00": ["n2", "b"]}', "has index 0 twice"),
        ('{"0": ["n1", "a"], "2": ["n2", "b"]}', "has 2 classes, but none of index 1"),
        ('{"1": ["n1", "a"], "2": ["n2", "b"]}', "has 2 classes, but none of index 0"),
        ('{"0": ["n1", "a"], "1": ["n1", "b"]}', "'n1' is the key of classes 0 and 1"),
        ('{"n1": 0}', "where an index and its class should be"),
        ('{"0": ["n1"]}', "where an index and its class should be"),
        ('{"0": [["n1", "a"], 2]}', "where an index and its class should be"),
        ('[["n1", "a"]]', "where an index and its class should be"),
        ("3", "where an index and its class should be"),
        ("{}", "has no classes"),
        ('{"0": ["n1", "a"]', "is no valid JSON"),
        ("", "is no valid JSON"),
    ],
)
def test_mistakes_in_json(tmp_path: Path, text: str, words: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UserError) as caught:
        read_class_index(path)
    assert str(caught.value).startswith(f"{path}: ") and words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_mistakes_in_text(tmp_path: Path) -> None:
    for text, words in (
        ("n1 a\n\nn2 b\n", "line 2 is empty"),
        ("n1 a\nn1 b\n", "'n1' is the key of classes 0 and 1"),
        (" \n", "is empty"),
    ):
        path = written(tmp_path, text, "index.txt")
        with pytest.raises(UserError, match=words):
            read_class_index(path)
    with pytest.raises(UserError, match="no such file"):
        read_class_index(str(tmp_path / "none.txt"))
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "folder.json").mkdir()
    for name in ("bytes.txt", "folder.json"):
        with pytest.raises(UserError, match="cannot be read as text"):
            read_class_index(str(tmp_path / name))
