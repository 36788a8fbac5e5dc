"""README, --help and config.toml say the same."""

import re
from pathlib import Path

import click
import pytest

from crawler.cli import ROOMS, cli
from crawler.config import settings_keys

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
CONTEXT = click.Context(cli)
COMMANDS = [(name, command) for name in ROOMS if (command := cli.get_command(CONTEXT, name))]
EVERYWHERE = {"--config", "--help"}


def readme_row(name: str) -> str:
    rows = [line for line in README.splitlines() if re.match(rf"\| `crawler {name}\b", line)]
    assert len(rows) == 1, f"README's table has {len(rows)} rows for {name}"
    return rows[0]


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_every_command_and_option_stands_in_readme(name: str, command: click.Command) -> None:
    row = readme_row(name)
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.opts[0] not in EVERYWHERE:
            assert f"`{parameter.opts[-1]}" in row or f"{parameter.opts[-1]} " in row, parameter.opts
            if isinstance(parameter.type, click.Choice):
                assert "\\|".join(parameter.type.choices) in row, parameter.opts


def test_readme_names_no_command_that_is_not_there() -> None:
    named = set(re.findall(r"`crawler ([a-z]+)", README))
    assert named <= set(ROOMS)


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_every_command_has_help_with_an_example_that_parses(name: str, command: click.Command) -> None:
    assert command.help
    examples = re.findall(r"^\s*crawler (.+)$", command.help, re.MULTILINE)
    assert examples
    for example in examples:
        words = example.split()
        assert words[0] == name
        context = command.make_context(name, words[1:], resilient_parsing=True)
        assert context.params is not None


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_every_option_has_help(name: str, command: click.Command) -> None:
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not isinstance(parameter.type, click.Choice):
            assert parameter.help, f"{name} {parameter.opts}"


def test_every_command_takes_a_config() -> None:
    for name, command in COMMANDS:
        assert any("--config" in parameter.opts for parameter in command.params), name


def test_the_config_page_has_no_key_that_is_not_there() -> None:
    section = ""
    for line in (ROOT / "config.toml").read_text().splitlines():
        if match := re.fullmatch(r"\[(\w+)\]", line):
            section = match[1]
        elif match := re.match(r"(\w+) = ", line):
            assert match[1] in settings_keys()[section]


def test_readme_lines_can_be_pasted() -> None:
    lines = [line for line in README.splitlines() if line.startswith("python3 -m venv")]
    assert len(lines) == 2
    assert lines[0].endswith("crawler run")
    assert "pytest" in lines[1]
    assert all("-c constraints.txt" in line for line in lines)


def test_constraints_name_no_registry() -> None:
    text = (ROOT / "constraints.txt").read_text()
    assert "://" not in text
    assert re.search(r"^httpx==", text, re.MULTILINE)
