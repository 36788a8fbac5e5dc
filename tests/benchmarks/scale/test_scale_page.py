"""docs/scale.md: its configuration does what it is for, and its figures are those of the simulation."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import dask
import distributed.security
import pytest
import yaml

from crawler.cli import cli

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "scale.md").read_text()


SECURITY: Any = distributed.security.Security
"""Without types of its own."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def pods() -> list[dict[str, Any]]:
    """The specifications of all pods on the page."""
    cluster, job = (document for block in blocks("yaml")[1:] for document in yaml.safe_load_all(block))
    spec = cluster["spec"]
    return [
        spec["scheduler"]["spec"],
        spec["worker"]["spec"],
        job["spec"]["jobTemplate"]["spec"]["template"]["spec"],
    ]


def command_of(arguments: list[str]) -> tuple[click.Command, dict[str, Any]]:
    assert arguments[0] == "crawler"
    command = cli.get_command(click.Context(cli), arguments[1])
    assert command is not None
    return command, command.make_context(arguments[1], arguments[2:]).params


def test_dasks_configuration_encrypts_every_connection() -> None:
    merged = dask.config.merge(dask.config.config, yaml.safe_load(blocks("yaml")[0]))
    with dask.config.set(merged):
        security: Any = SECURITY()
        assert security.require_encryption is True
        for role in ("scheduler", "worker", "client"):
            told = security.get_tls_config_for_role(role)
            assert (told["ca_file"], told["cert"], told["key"]) == (
                "/etc/dask/ca.pem",
                "/etc/dask/node.pem",
                "/etc/dask/node.key",
            )


@pytest.mark.parametrize("pod", pods(), ids=["scheduler", "worker", "run"])
def test_every_pod_has_the_keys_and_what_it_mounts(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]
    mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounted.keys() == {volume["name"] for volume in pod["volumes"]}
    assert mounted["tls"] == "/etc/dask"
    arguments = container.get("args") or container["command"]
    assert all(isinstance(argument, str) for argument in arguments)
    assert ("--protocol" in arguments and arguments[arguments.index("--protocol") + 1] == "tls") or any(
        argument.startswith("tls://") for argument in arguments
    )
    assert "tcp://" not in str(pod)


@pytest.mark.parametrize("pod", pods()[:2], ids=["scheduler", "worker"])
def test_dask_knows_the_options_that_the_pods_give(pod: dict[str, Any]) -> None:
    _, role, *arguments = pod["containers"][0]["args"]
    told = subprocess.run(
        [sys.executable, "-m", "dask", role, "--help"], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    for option in (argument for argument in arguments if argument.startswith("--")):
        assert re.search(rf"{option.replace('--no-', '--no-')}\b", told), option


def test_the_runs_on_the_page_are_commands_of_ours() -> None:
    _, options = command_of(pods()[2]["containers"][0]["command"])
    assert (options["engine"], options["scheduler"]) == ("dask", "tls://crawl-scheduler:8786")
    (script,) = blocks("python")
    literal = next(
        node for node in ast.walk(ast.parse(script)) if isinstance(node, ast.List) and len(node.elts) == 7
    )
    words = [
        element.value if isinstance(element, ast.Constant) else "tls://node:8786" for element in literal.elts
    ]
    _, options = command_of([str(word) for word in words])
    assert options["engine"] == "dask"
    mentioned = [shlex.split(line) for line in re.findall(r"`(crawler [a-z]+ --[^`]+)`", PAGE)]
    assert mentioned
    for words_of_one in mentioned:
        command_of(words_of_one)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--later-night", "--tokens", "8"),
        ("--only-tail", "--tail-exponent", "0.8", "--tokens", "1", "--workers", "1", "2", "8", "64"),
    ],
    ids=["first night", "later night", "web pages alone"],
)
def test_the_page_shows_what_the_simulation_says(options: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "benchmarks.scale.simulate", *options]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=110).stdout
    outcomes = told[told.index("| workers |") :]
    rows = [line for line in (outcomes if options else told).splitlines() if line.startswith("|")]
    assert len(rows) > 3
    assert [row for row in rows if row not in PAGE] == []
