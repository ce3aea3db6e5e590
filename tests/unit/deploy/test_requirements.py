import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
CI = ROOT / ".ci/requirements.txt"
IMAGE = ROOT / "deploy/docker/requirements.txt"
BUILD = ROOT / "deploy/docker/build-requirements.txt"


def pins(file: Path) -> dict[str, str]:
    """Return each requirement of a file by name, with its version and its hashes in one text."""
    text = re.sub(r"#.*", "", file.read_text()).replace("\\\n", " ")
    return {line.split("==")[0]: line for line in text.splitlines() if line.strip()}


def versions(file: Path) -> dict[str, str]:
    return {name: line.split("==")[1].split()[0] for name, line in pins(file).items()}


def project() -> dict[str, list[str]]:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {
        "run": document["project"]["dependencies"],
        "demo": document["project"]["optional-dependencies"]["demo"],
        "dev": [line for line in document["dependency-groups"]["dev"] if isinstance(line, str)],
        "build": document["build-system"]["requires"],
    }


@pytest.mark.parametrize("file", [CI, IMAGE, BUILD], ids=lambda file: str(file.relative_to(ROOT)))
def test_every_requirement_is_exact_and_has_hashes(file: Path) -> None:
    exact = re.compile(r"[a-z0-9.-]+==\S+( ; [^-]+)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")
    assert pins(file)
    assert [line for line in pins(file).values() if not exact.fullmatch(line)] == []


@pytest.mark.parametrize("file", [CI, IMAGE, BUILD], ids=lambda file: str(file.relative_to(ROOT)))
def test_no_host_and_no_folder_of_a_machine_is_named(file: Path) -> None:
    assert not re.search(r"://|(^|\s)/|--(extra-)?index-url\b|--find-links|file:", file.read_text())


@pytest.mark.parametrize(
    ("file", "parts"), [(CI, ["run", "demo", "dev", "build"]), (IMAGE, ["run"]), (BUILD, ["build"])]
)
def test_the_pins_satisfy_the_project_file(file: Path, parts: list[str]) -> None:
    pinned = versions(file)
    wanted = [Requirement(line) for part in parts for line in project()[part]]
    unmet = [str(need) for need in wanted if pinned.get(canonicalize_name(need.name), "none") not in need.specifier]
    assert unmet == []


@pytest.mark.parametrize("file", [IMAGE, BUILD], ids=lambda file: file.name)
def test_the_image_gets_the_versions_that_were_tested(file: Path) -> None:
    assert pins(file).items() <= pins(CI).items()
