"""The house itself: which way imports point, how big files get, what is locked and deployed.

Nothing here runs the application; each test reads what is in the repository.
"""

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LONGEST = 400  # lines of a file of the application

PINNED = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
ADDRESS = re.compile(r"\w+://")
MACHINE = re.compile(r"(?<![\w.~>-])/(?:work|home|root|Users)/\w")


def python_files(*folders: str) -> list[Path]:
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))


def repository() -> list[Path]:
    """The files that are in git or about to be."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nothing says which files are the repository's")
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def pins(lock: str) -> dict[str, str]:
    return dict(PINNED.findall((ROOT / "requirements" / lock).read_text()))


def wanted(group: str) -> list[Requirement]:
    lines = PYPROJECT["dependency-groups"][group]
    return [Requirement(line) for line in lines if isinstance(line, str)]


def top_level(package: Distribution) -> set[str]:
    return {file.parts[0].removesuffix(".py") for file in package.files or ()}


# The walls


def test_imports_point_one_way() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    linted = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_no_file_outgrows_its_reader() -> None:
    scripts = sorted((ROOT / "client" / "src").rglob("*.ts"))
    files = python_files("events", "server") + scripts
    lengths = {named(file): len(file.read_text().splitlines()) for file in files}
    assert files
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_every_module_says_what_it_is_for() -> None:
    files = python_files("events", "server", "tests")
    silent = [named(file) for file in files if not ast.get_docstring(ast.parse(file.read_text()))]
    assert silent == []


def test_no_dependency_takes_the_name_of_a_folder_of_ours() -> None:
    others = [package for package in distributions() if package.metadata["Name"] != "liveblog"]
    assert len(others) > len(pins("build.txt")), "nothing was looked at"
    taken = {p.metadata["Name"]: t for p in others if (t := top_level(p) & {"events", "server"})}
    assert taken == {}


# What is locked


def test_every_dependency_is_locked_at_a_version_that_pyproject_allows() -> None:
    for lock, requirements in {
        "runtime.txt": [Requirement(line) for line in PYPROJECT["project"]["dependencies"]],
        "dev.txt": wanted("dev"),
        "build.txt": wanted("build")
        + [Requirement(r) for r in PYPROJECT["build-system"]["requires"]],
        "node.txt": wanted("node"),
        "java.txt": wanted("java"),
        "audit.txt": wanted("audit"),
    }.items():
        locked = pins(lock)
        for requirement in requirements:
            version = locked.get(canonicalize_name(requirement.name))
            assert version, f"{requirement.name} is not in requirements/{lock}: say make lock"
            assert requirement.specifier.contains(version), f"{lock}: {requirement}, not {version}"


@pytest.mark.parametrize("lock", ["runtime.txt", "build.txt"])
def test_what_is_tested_is_what_is_deployed(lock: str) -> None:
    assert pins(lock).items() <= pins("dev.txt").items()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_locked_package_has_a_hash(lock: Path) -> None:
    text = lock.read_text()
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(PINNED.findall(text)) > 0
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_a_lock_file_names_no_address() -> None:
    for lock in LOCKS:
        assert ADDRESS.findall(lock.read_text()) == []


@pytest.mark.parametrize("folder", ["client", "tests/audit"])
def test_a_lock_file_of_npm_has_hashes_and_names_no_address(folder: str) -> None:
    packages = json.loads((ROOT / folder / "package-lock.json").read_bytes())["packages"]
    del packages[""]  # the folder itself
    assert packages
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-"), name
        assert ADDRESS.findall(str(package)) == [], name


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    found = {}
    for file in repository():
        if places := MACHINE.findall(file.read_bytes().decode(errors="replace")):
            found[named(file)] = places
    assert found == {}


# What is deployed


def test_a_container_has_its_own_user_and_a_health_check() -> None:
    last_stage = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    instructions = [line.split()[0] for line in last_stage.splitlines()[1:] if line[:1].isalpha()]
    assert {"USER", "HEALTHCHECK", "EXPOSE", "VOLUME"} <= set(instructions)
    assert not re.search(r"^USER (0|root)\b", last_stage, re.MULTILINE)


def test_a_container_is_built_from_what_the_build_may_see() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    sent = {line[1:].rstrip("/") for line in ignored if line.startswith("!")}
    copied = re.findall(
        r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE
    )
    sources = {source.rstrip("/") for line in copied for source in line.split()}
    assert {source.split("/")[0] for source in sources} == sent
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_the_composed_log_is_durable_and_the_secret_is_asked_for() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    for setting in (
        "--appendonly yes",
        "--appendfsync always",
        "--maxmemory-policy noeviction",
        "${LIVEBLOG_SECRET:?",
    ):
        assert setting in compose


def test_the_composed_servers_believe_the_door_and_nobody_else() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    [believed] = re.findall(r"LIVEBLOG_PROXIES: (\S+)", compose)
    [door] = re.findall(r"ipv4_address: ([\d.]+)", compose)
    assert believed == door
