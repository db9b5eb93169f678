"""What is deployed, held to the tools and schemas that will read it; no container engine is needed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from jsonschema.validators import validator_for

from bot.__main__ import USAGE
from bot.config import PROJECT, Settings
from bot.console.server import _free_port as free_port

DEPLOY = PROJECT / "deploy"
SCHEMAS = Path(__file__).parent / "schemas"
UNITS = sorted((DEPLOY / "systemd").iterdir())
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
OURS = [name for name, service in COMPOSE["services"].items() if service["image"].startswith("ballast")]
COMMANDS = set(re.findall(r"^  (\w+)", USAGE, re.MULTILINE)) | {"restore", "drill"}
SETTINGS = set(re.findall(r"^# ([A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE))
FILES = {"TELEGRAM_TOKEN_FILE", "DATABASE_URL_FILE"}


def tool(name):
    """Return where a tool of Debian's packages or of our own lies; one that is missing is a failure, see .ci/run."""
    found = shutil.which(name) or shutil.which(name, path=f"{Path(sys.executable).parent}:/usr/sbin:/sbin")
    assert found, f"{name} is not installed"
    return found


def run(*arguments, **options):
    return subprocess.run(arguments, capture_output=True, text=True, check=False, **options)  # noqa: S603


def problems(schema, document):
    return [f"{error.json_path}: {error.message}" for error in validator_for(schema)(schema).iter_errors(document)]


def manifests():
    listed = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())["resources"]
    for name in listed:
        for document in yaml.safe_load_all((DEPLOY / "kubernetes" / name).read_text()):
            yield pytest.param(document, id=f"{name}:{document['kind']}:{document['metadata']['name']}")


MANIFESTS = list(manifests())
PODS = [each for each in MANIFESTS if each.values[0]["kind"] in ("Deployment", "CronJob")]


def pod_of(document):
    spec = document["spec"]
    return (spec["jobTemplate"]["spec"] if document["kind"] == "CronJob" else spec)["template"]["spec"]


# Compose


def test_compose_holds_to_its_specification():
    assert problems(json.loads((SCHEMAS / "compose.json").read_text()), COMPOSE) == []


def test_compose_schema_notices_a_mistake():
    wrong = {"services": {"a": {"image": "b", "read_onyl": True}}}
    assert problems(json.loads((SCHEMAS / "compose.json").read_text()), wrong)


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_a_container_has_no_powers_it_does_not_need(name):
    service = COMPOSE["services"][name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert name not in OURS or service["user"] == "10001:10001"
    assert "ports" not in service or name == "edge"


def test_secrets_come_as_files_and_nobody_has_more_than_he_needs():
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())
    has = {name: set(service.get("secrets", [])) for name, service in COMPOSE["services"].items()}
    assert set().union(*has.values()) == set(COMPOSE["secrets"])
    assert has["edge"] == set()
    assert has["postgres"] == {"postgres_password"}
    assert [name for name in has if "telegram_token" in has[name]] == ["gateway"]
    assert "database_app" not in has["staff"]
    assert not any(re.search("token|password|keys", value, re.IGNORECASE) for value in plain_values())


def plain_values():
    for name in OURS:
        for key, value in COMPOSE["services"][name]["environment"].items():
            if not key.endswith("_FILE"):
                yield str(value)


@pytest.mark.parametrize("name", OURS)
def test_compose_sets_what_ballast_reads(name):
    environment = COMPOSE["services"][name]["environment"]
    assert set(environment) <= SETTINGS | FILES
    given = {key: value for key, value in environment.items() if "$" not in value and not key.endswith("_FILE")}
    Settings.from_environment(given)


@pytest.mark.parametrize("name", OURS)
def test_compose_runs_commands_that_there_are(name):
    service = COMPOSE["services"][name]
    assert service["command"] == [] or service["command"][0] in COMMANDS
    networks = service.get("networks", [])
    assert "data" in networks or service.get("network_mode") == "service:gateway"


def test_only_the_edge_is_seen_from_outside_and_the_database_sees_nobody_outside():
    assert COMPOSE["networks"]["data"] == {"internal": True}
    assert COMPOSE["services"]["postgres"]["networks"] == ["data"]
    edge = COMPOSE["services"]["edge"]["networks"]["front"]["ipv4_address"]
    assert COMPOSE["services"]["staff"]["environment"]["STAFF_PROXY"] == edge


def test_the_image_is_written_as_its_linter_wants():
    found = run(tool("hadolint"), "--ignore", "DL3059", str(DEPLOY / "Dockerfile"))
    assert found.returncode == 0, found.stdout


def test_the_image_installs_from_the_lock_file_and_runs_as_nobody():
    text = (DEPLOY / "Dockerfile").read_text()
    assert "--require-hashes -r requirements.lock" in text
    assert "USER 10001:10001" in text.split("FROM")[-1]
    copied = {part for line in re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE) for part in line.split()}
    allowed = set(re.findall("^!(.*)$", (PROJECT / ".dockerignore").read_text(), re.MULTILINE))
    assert copied == allowed
    assert all((PROJECT / name).exists() for name in copied)


# One machine with systemd


def test_systemd_understands_every_unit(tmp_path):
    places = []
    for unit in UNITS:
        place = tmp_path / unit.name
        place.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE))
        places.append(str(place))
    found = run(tool("systemd-analyze"), "verify", "--man=no", *places)
    told = [line for line in found.stderr.splitlines() if "ballast" in line]
    assert told == []


def test_systemd_notices_a_mistake(tmp_path):
    wrong = tmp_path / "ballast-wrong.service"
    wrong.write_text("[Service]\nExecStart=/bin/true\nProtectSytem=strict\n")
    assert "ProtectSytem" in run(tool("systemd-analyze"), "verify", "--man=no", str(wrong)).stderr


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda unit: unit.stem)
def test_a_unit_runs_what_there_is_behind_a_fence(unit):
    text = unit.read_text()
    command = re.search(r"^ExecStart=/opt/ballast/\.venv/bin/(.*)$", text, re.MULTILINE)[1].split()
    if command[0] == "ballast":
        assert command[1] in COMMANDS
    else:
        assert command == ["python", "-m", "bot.rasa.serve"]
    for line in (
        "User=ballast",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "LimitCORE=0",
        "CapabilityBoundingSet=",
    ):
        assert f"\n{line}\n" in text


# nginx


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bot.example.org")])
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    (folder / "tls.crt").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "tls.key").write_bytes(key.private_bytes(*private))
    return folder


def nginx_files():
    edge = next(each.values[0] for each in MANIFESTS if each.values[0]["metadata"]["name"] == "ballast-edge")
    return {
        "nginx.conf": (DEPLOY / "nginx.conf").read_text(),
        "nginx-compose.conf": (DEPLOY / "nginx-compose.conf").read_text(),
        "kubernetes": edge["data"]["default.conf"],
    }


@pytest.mark.parametrize("name", ["nginx.conf", "nginx-compose.conf", "kubernetes"])
def test_nginx_accepts_it(name, certificate, tmp_path):
    text = nginx_files()[name]
    text = re.sub(r"ssl_certificate \S+;", f"ssl_certificate {certificate}/tls.crt;", text)
    text = re.sub(r"ssl_certificate_key \S+;", f"ssl_certificate_key {certificate}/tls.key;", text)
    text = re.sub(r"http://(gateway|staff):", "http://127.0.0.1:", text)  # names that only compose knows
    text = re.sub(r"listen \d+ ssl", f"listen 127.0.0.1:{free_port()} ssl", text)
    whole = tmp_path / "whole.conf"
    whole.write_text(f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off; {text} }}")
    found = run(tool("nginx"), "-t", "-q", "-p", str(tmp_path), "-c", str(whole))
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize("name", ["nginx.conf", "nginx-compose.conf"])
def test_the_edge_takes_updates_from_telegram_alone_and_passes_on_who_came(name):
    bot, staff = nginx_files()[name].split("\nserver {")[-2:]
    assert "deny all;" in bot.split("location = /telegram")[1].split("proxy_pass")[0]
    assert "limit_except POST" in bot
    assert "X-Forwarded-For $remote_addr" in staff
    assert "access_log off" in bot
    assert "access_log off" in staff


# Kubernetes


@pytest.mark.parametrize("document", MANIFESTS)
def test_kubernetes_understands_it(document):
    known = json.loads((SCHEMAS / "kubernetes.json").read_text())
    schema = {"$ref": f"#/definitions/{known['kinds'][document['kind']]}", "definitions": known["definitions"]}
    assert problems(schema, document) == []


def test_kubernetes_schema_notices_a_mistake():
    known = json.loads((SCHEMAS / "kubernetes.json").read_text())
    schema = {"$ref": "#/definitions/io.k8s.api.core.v1.Service", "definitions": known["definitions"]}
    assert problems(schema, {"kind": "Service", "spec": {"port": []}})


@pytest.mark.parametrize("document", PODS)
def test_a_pod_is_restricted_and_finds_what_it_mounts(document):
    pod = pod_of(document)
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    volumes = {volume["name"] for volume in pod["volumes"]}
    for container in pod["containers"]:
        locked = container["securityContext"]
        assert locked == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "limits" in container["resources"]
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
        assert {entry["name"] for entry in container.get("env", [])} <= SETTINGS | FILES


@pytest.mark.parametrize("document", PODS)
def test_a_pod_runs_commands_that_there_are(document):
    for container in pod_of(document)["containers"]:
        if container["image"] == "ballast":
            assert container.get("command") == ["python", "-m", "bot.rasa.serve"] or container["args"][0] in COMMANDS


def test_what_a_pod_reads_is_there_or_named_for_the_operator():
    made = {(each.values[0]["kind"], each.values[0]["metadata"]["name"]) for each in MANIFESTS}
    told = (DEPLOY / "kubernetes" / "kustomization.yaml").read_text()
    for each in PODS:
        for volume in pod_of(each.values[0])["volumes"]:
            if "secret" in volume:
                assert f"secret generic {volume['secret']['secretName']} " in told or "tls" in volume["name"]
            if "persistentVolumeClaim" in volume:
                assert ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) in made


def test_the_settings_of_the_cluster_are_ones_that_ballast_reads():
    document = next(each.values[0] for each in MANIFESTS if each.values[0]["metadata"]["name"] == "ballast-settings")
    assert set(document["data"]) <= SETTINGS
    Settings.from_environment(document["data"])


def test_nobody_speaks_to_anybody_unless_it_is_written():
    policies = [each.values[0] for each in MANIFESTS if each.values[0]["kind"] == "NetworkPolicy"]
    default = next(policy for policy in policies if policy["metadata"]["name"] == "nothing-by-default")
    assert default["spec"]["podSelector"] == {}
    assert "ingress" not in default["spec"]
    assert default["spec"]["policyTypes"] == ["Ingress", "Egress"]
