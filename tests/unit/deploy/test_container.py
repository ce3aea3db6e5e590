import json
import re
from pathlib import Path, PurePosixPath

import pytest
import yaml

from dispatcher import settings

ROOT = Path(__file__).parents[3]
DOCKERFILE = ROOT / "deploy/docker/Dockerfile"


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    """Each instruction with its arguments, continued lines joined."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in text.splitlines() if line.strip()]


def only(instructions: list[tuple[str, str]], name: str) -> str:
    [arguments] = [arguments for instruction, arguments in instructions if instruction == name]
    return arguments


def manifest() -> dict[str, object]:
    document: dict[str, object] = yaml.safe_load((ROOT / "deploy/kubernetes/base/deployment.yaml").read_text())
    return document


def test_it_runs_the_daemon_and_passes_other_commands_on(instructions: list[tuple[str, str]]) -> None:
    assert json.loads(only(instructions, "ENTRYPOINT")) == ["dispatcher"]
    assert json.loads(only(instructions, "CMD")) == ["run"]


def test_everything_copied_exists_and_is_sent_to_the_builder(instructions: list[tuple[str, str]]) -> None:
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [
        source
        for instruction, arguments in instructions
        if instruction == "COPY" and not arguments.startswith("--from")
        for source in arguments.split()[:-1]
    ]
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert [source for source in copied if not any(PurePosixPath(source).match(pattern) for pattern in sent)] == []


def test_the_cluster_runs_it_as_the_user_that_owns_its_folder(instructions: list[tuple[str, str]]) -> None:
    user, group = only(instructions, "USER").split(":")
    found = re.findall(r"(?:runAsUser|runAsGroup|fsGroup)': (\d+)", str(manifest()))
    assert found == [user, group, group]
    made = " ".join(arguments for instruction, arguments in instructions if instruction == "RUN")
    assert f"--uid {user} --gid {group}" in made
    assert f"install -d -o {user} -g {group} -m 0750 {only(instructions, 'VOLUME')}" in made


def test_the_default_database_lies_in_the_volume(instructions: list[tuple[str, str]]) -> None:
    assert settings.Database().url.get_secret_value() == "sqlite:///dispatcher.db"
    assert [arguments for name, arguments in instructions if name == "WORKDIR"][-1] == only(instructions, "VOLUME")


def test_the_health_check_asks_the_port_that_is_exposed(instructions: list[tuple[str, str]]) -> None:
    exposed = int(only(instructions, "EXPOSE"))
    assert f"http://127.0.0.1:{exposed}/livez" in only(instructions, "HEALTHCHECK")
    assert exposed == settings.Http().bind.port
