import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from dispatcher import settings
from dispatcher.settings.keys import KEYS, SECTIONS

REFERENCE = Path(__file__).parents[3] / "config" / "dispatcher.toml"
EXAMPLE = re.compile(r"# (\w+ = .*)")


def comments_of(text: str) -> dict[str, str]:
    """Return the comment above each key, commented out or not, as one line."""
    comments, section, lines = {}, "", list[str]()
    for line in text.splitlines():
        key = re.match(r"(?:# )?(\w+) = ", line)
        if line.startswith("["):
            section = line.strip("[]")
        elif key:
            comments[f"{section}.{key[1]}"] = " ".join(lines)
        elif line.startswith("# "):
            lines.append(line.removeprefix("# "))
            continue
        lines = []
    return comments


def flat(document: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {f"{section}.{name}": value for section, table in document.items() for name, value in table.items()}


@pytest.fixture(scope="module")
def text() -> str:
    return REFERENCE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def complete(text: str) -> str:
    return "\n".join(EXAMPLE.sub(r"\1", line) for line in text.splitlines())


def test_it_names_every_key_in_the_order_of_the_model_and_no_other(complete: str) -> None:
    assert list(flat(tomllib.loads(complete))) == list(KEYS)


def test_every_key_that_is_set_is_set_to_its_default(text: str) -> None:
    loaded = settings.load(REFERENCE, {})
    assert loaded.model_dump() == settings.Settings().model_dump()


def test_only_keys_without_a_default_are_commented_out(text: str) -> None:
    written = flat(tomllib.loads(text))
    assert {key for key in KEYS if key not in written} == {
        key for key, known in KEYS.items() if known.field.default is None
    }


def test_its_examples_are_valid(complete: str, tmp_path: Path) -> None:
    path = tmp_path / "complete.toml"
    path.write_text(complete, encoding="utf-8")
    loaded = settings.load(path, {})
    assert all(row.value != "none" for row in settings.describe(loaded))


def test_it_describes_each_key_in_the_words_of_the_model(text: str) -> None:
    comments = comments_of(text)
    for name, key in KEYS.items():
        assert key.field.description
        assert comments[name].startswith(key.field.description), name


def test_its_secrets_are_those_of_the_model(text: str) -> None:
    (listed,) = re.findall(r"Secrets: (.*?) are also read", text)
    assert set(re.findall(r"\w+\.\w+", listed)) == {name for name, key in KEYS.items() if key.secret}


def test_the_package_does_without_it() -> None:
    assert set(SECTIONS) == {name.partition(".")[0] for name in KEYS}
    assert settings.load(None, {}) == settings.Settings()
