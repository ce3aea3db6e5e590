import re
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

import dispatcher
from dispatcher import settings

ROOT = Path(__file__).parents[3]
BASE = ROOT / "deploy/kubernetes/base"
MANIFESTS = sorted(set(BASE.glob("*.yaml")) - {BASE / "kustomization.yaml"})
CONFIG = BASE / "dispatcher.toml"


def read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((BASE / name).read_text())
    return document


def found(document: object, key: str) -> Iterator[Any]:
    """Every value of a key, however deep."""
    if isinstance(document, dict):
        for name, value in document.items():
            if name == key:
                yield value
            yield from found(value, key)
    elif isinstance(document, list):
        for value in document:
            yield from found(value, key)


@pytest.fixture(scope="module")
def pod() -> dict[str, Any]:
    spec: dict[str, Any] = read("deployment.yaml")["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest.name)
def test_each_manifest_is_valid(manifest: Path) -> None:
    kubernetes_validate.validate(read(manifest.name), kubernetes_validate.latest_version(), strict=True)


def test_the_kustomization_lists_every_file() -> None:
    kustomization = read("kustomization.yaml")
    listed = kustomization["resources"] + [
        file for generated in kustomization["configMapGenerator"] for file in generated["files"]
    ]
    assert sorted([*listed, "kustomization.yaml"]) == sorted(file.name for file in BASE.iterdir())


def test_what_the_pod_refers_to_is_made(pod: dict[str, Any]) -> None:
    [claim] = found(pod, "claimName")
    [config] = found(pod, "configMap")
    assert claim == read("volume.yaml")["metadata"]["name"]
    assert config["name"] in [made["name"] for made in read("kustomization.yaml")["configMapGenerator"]]
    assert pod["serviceAccountName"] == read("service-account.yaml")["metadata"]["name"]


def test_service_and_network_policy_select_the_pod() -> None:
    labels = read("deployment.yaml")["spec"]["template"]["metadata"]["labels"]
    assert read("deployment.yaml")["spec"]["selector"]["matchLabels"] == labels
    assert read("service.yaml")["spec"]["selector"] == labels
    assert read("network-policy.yaml")["spec"]["podSelector"]["matchLabels"] == labels


def test_the_configuration_loads_with_the_secrets_that_the_readme_makes(pod: dict[str, Any], tmp_path: Path) -> None:
    readme = (ROOT / "deploy/README.md").read_text()
    [mounted] = [mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == "secrets"]
    made = re.search(r"kubectl create secret generic (\S+)((?:\\\n|.)+)", readme)
    assert made is not None
    assert made[1] == next(found(pod, "secretName"))
    for key in re.findall(r"--from-(?:file|literal)=([\w-]+)=", made[2]):
        (tmp_path / key).write_text("a-token-of-some-length")
    config = tmp_path / "dispatcher.toml"
    config.write_text(CONFIG.read_text().replace(mounted, str(tmp_path)))

    loaded = settings.load(config, {})

    assert loaded.api.require().token.get_secret_value() == "a-token-of-some-length"
    assert loaded.http.token is not None


def test_all_ports_are_the_one_that_the_configuration_binds(pod: dict[str, Any]) -> None:
    port = int(tomllib.loads(CONFIG.read_text())["http"]["bind"].split(":")[1])
    assert set(found(pod, "containerPort")) == {port}
    assert {entry["port"] for entry in read("service.yaml")["spec"]["ports"]} == {port}
    [rule] = read("network-policy.yaml")["spec"]["ingress"]
    assert {entry["port"] for entry in rule["ports"]} == {port}


def test_the_database_lies_on_the_claimed_volume(pod: dict[str, Any]) -> None:
    [state] = [mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == "state"]
    assert tomllib.loads(CONFIG.read_text())["database"]["url"].startswith(f"sqlite:///{state}/")


def test_the_cluster_waits_longer_for_a_stop_than_the_daemon_takes(pod: dict[str, Any]) -> None:
    wait = timedelta(seconds=pod["terminationGracePeriodSeconds"])
    assert wait >= settings.Daemon().stop_timeout + timedelta(seconds=5)


def test_an_old_pod_is_gone_before_a_new_one_starts() -> None:
    assert read("deployment.yaml")["spec"]["replicas"] == 1
    assert read("deployment.yaml")["spec"]["strategy"] == {"type": "Recreate"}


def test_links_to_services_do_not_pose_as_settings(pod: dict[str, Any]) -> None:
    assert pod["enableServiceLinks"] is False


def test_the_image_is_of_this_version(pod: dict[str, Any]) -> None:
    assert pod["containers"][0]["image"] == f"callcamp-dispatcher:{dispatcher.__version__}"


def test_no_secret_is_committed() -> None:
    assert [manifest.name for manifest in MANIFESTS if read(manifest.name)["kind"] == "Secret"] == []
