"""``ray up`` runs the commands of each launcher file, quoted and in order, on a machine.

The machine is a folder: stand-ins for ssh and rsync run there what they are asked for, in real
shells; stand-ins for pip, ray, sudo and mountpoint write down how they were called.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deployment.launcher_rules import CONFIGS, ROOT, version

pytestmark = pytest.mark.slow

TOKEN = "not-a-real-token"  # noqa: S105
SSH = """#!/bin/bash
while [[ $# -gt 0 ]]; do case "$1" in -o|-i|-p) shift 2;; -*) shift;; *) break;; esac; done
shift
HOME="$MACHINE/home" exec bash -c "$*"
"""
RSYNC = """#!/bin/bash
count=$#; source="${!count}"; set -- "${@:1:count-1}"; from="${!#}"
to="${source#*:}"; to="$MACHINE/home/${to#\\~/}"
mkdir -p "$(dirname "$to")" && cp -r "$from" "$to"
"""
NOTED = """#!/bin/bash
printf -v rest '\\t%s' "$@" "mode=$RAY_AUTH_MODE"
echo "$(basename "$0")$rest" >> "$MACHINE/log"
"""


@dataclass(frozen=True)
class Machine:
    """A folder that ``ray up`` believes to be a head."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def calls(self) -> list[list[str]]:
        """What was called there, one after the other."""
        return [line.split("\t") for line in (self.folder / "log").read_text().splitlines()]

    def up(self, config: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
        """Have it launched."""
        (self.folder / "cluster.yaml").write_text(yaml.safe_dump(config))
        own = {key: value for key, value in os.environ.items() if not key.startswith("RAY_")}
        own |= {"MACHINE": str(self.folder), "HOME": str(self.folder / "mine")}
        own |= {"PATH": f"{self.folder / 'bin'}{os.pathsep}{own['PATH']}"}
        own |= {"RAY_TMPDIR": str(self.folder)}
        ray = str(Path(sys.executable).with_name("ray"))
        return subprocess.run(
            [ray, "up", "--yes", "--no-config-cache", "cluster.yaml"],
            cwd=self.folder,
            env=own,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    programs, venv, mine = tmp_path / "bin", tmp_path / "home" / "venv" / "bin", tmp_path / "mine"
    for folder in (programs, venv, mine / ".ray", mine / ".ssh", tmp_path / "dist"):
        folder.mkdir(parents=True)
    for path, text in (
        *((programs / "ssh", SSH), (programs / "rsync", RSYNC)),
        *((programs / name, NOTED) for name in ("sudo", "mountpoint")),
        *((venv / name, NOTED) for name in ("pip", "ray", "python")),
    ):
        path.write_text(text)
        path.chmod(0o755)
    # A login shell sets PATH anew; this is read after that.
    (tmp_path / "home" / ".bashrc").write_text(f'export PATH="{programs}:$PATH"\n')
    (mine / ".ray" / "auth_token").write_text(TOKEN)
    (mine / ".ssh" / "searcher").touch()
    (tmp_path / "dist" / f"searcher-{version()}-py3-none-any.whl").touch()
    (tmp_path / "log").touch()
    shutil.copy(ROOT / "constraints.txt", tmp_path)
    return Machine(tmp_path)


def _here(name: str) -> dict[str, Any]:
    """A launcher file as it is, but for the machines: this one instead of a cloud's."""
    config: dict[str, Any] = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text())
    local = yaml.safe_load((CONFIGS / "local.yaml").read_text())
    for key in ("available_node_types", "head_node_type"):
        config.pop(key, None)
    config["provider"] = local["provider"] | {"head_ip": "127.0.0.1"}
    return config | {"auth": local["auth"], "min_workers": 0, "max_workers": 2}


@pytest.mark.parametrize("name", ["local", "aws", "gcp"])
def test_ray_up_brings_the_token_installs_what_is_pinned_and_starts_a_guarded_head(
    name: str, machine: Machine
) -> None:
    done = machine.up(_here(name))

    assert done.returncode == 0, done.stdout + done.stderr
    token = machine.home / ".ray" / "auth_token"
    assert (token.read_text(), token.stat().st_mode & 0o777) == (TOKEN, 0o600)
    installs = [call for call in machine.calls if call[0] == "pip"]
    constraints = str(machine.home / "searcher" / "constraints.txt")
    assert [call[1] for call in installs] == ["install"] * len(installs)
    assert [constraints in call for call in installs[:2]] == [True, True]
    assert f"searcher-{version()}-py3-none-any.whl[cluster,postgres,torch]" in installs[1][-2]
    *_, stop, start = [call for call in machine.calls if call[0] == "ray"]
    assert stop[1] == "stop"
    assert start[1:3] == ["start", "--head"]
    assert {"--num-cpus=0", "--dashboard-host=127.0.0.1", "mode=token"} <= set(start)
    assert machine.calls[-1] == start


def test_what_the_head_is_told_of_its_cluster_has_no_token_in_it(machine: Machine) -> None:
    done = machine.up(_here("local"))

    told = (machine.home / "ray_bootstrap_config.yaml").read_text()
    assert done.returncode == 0, done.stdout + done.stderr
    assert TOKEN not in told
    assert "~/.ray/auth_token" in json.loads(told)["file_mounts"]  # for the workers


def test_a_machine_without_the_shared_folder_is_not_used(machine: Machine) -> None:
    (machine.folder / "bin" / "mountpoint").write_text("#!/bin/bash\nexit 1\n")

    done = machine.up(_here("local"))

    assert done.returncode != 0
    assert [call for call in machine.calls if call[0] == "ray"] == []


def test_a_cloud_machine_mounts_the_shared_folder_if_it_is_not_there(machine: Machine) -> None:
    (machine.folder / "bin" / "mountpoint").write_text("#!/bin/bash\nexit 1\n")

    done = machine.up(_here("aws"))

    assert done.returncode == 0, done.stdout + done.stderr
    (mount,) = [call for call in machine.calls if call[:2] == ["sudo", "mount"]]
    assert mount[2:4] == ["-t", "nfs4"]
    assert mount[-2] == "/shared"
