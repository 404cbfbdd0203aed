"""docs/cli.md and --help say what the command line does, all of it, and nothing else."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from searcher.cli import exits
from searcher.cli.app import app
from searcher.store import SearchSummary, StoredSearch, StoredTrial

DOC = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
ROOT = typer.main.get_command(app)


def walk(command, name=""):
    """Every command with its path: "run", "store check", ..."""
    yield name, command
    for child, sub in getattr(command, "commands", {}).items():
        yield from walk(sub, f"{name} {child}".strip())


COMMANDS = dict(walk(ROOT))
LEAVES = [name for name, command in COMMANDS.items() if not hasattr(command, "commands")]


def options_of(command):
    """Every spelling of every option, but for help."""
    return {
        spelling
        for parameter in command.params
        if parameter.param_type_name == "option"
        for spelling in parameter.opts
        if spelling not in ("-h", "--help")
    }


def section_of(name):
    """What docs/cli.md says of a command, up to the next heading."""
    found = re.search(rf"^##+ searcher {name}\n(.*?)(?=^##|\Z)", DOC, re.DOTALL | re.MULTILINE)
    assert found, f"docs/cli.md has no section 'searcher {name}'"
    return found[1]


def examples_in(text):
    """Commands in indented or fenced text, without comments and what they are piped into."""
    joined = re.sub(r"\n +(?=where|and)", " ", text)
    for line in re.findall(r"^ *(searcher [a-z-].*)$", joined, re.MULTILINE):
        words = shlex.split(re.split(r"   +", line)[0], comments=True)
        ends = [i for i, word in enumerate(words) if word in ("|", ">", "||")]
        yield words[1 : min(ends, default=len(words))]


def parse(words):
    """Read a command line as far as it goes without running anything."""
    command, context = ROOT, None
    while hasattr(command, "commands") and words and words[0] in command.commands:
        context = command.context_class(command, info_name="searcher", parent=context)
        command, words = command.commands[words[0]], words[1:]
    command.make_context("searcher", list(words), parent=context)


@pytest.mark.parametrize("name", LEAVES)
def test_every_option_and_argument_is_documented_and_no_other(name):
    section, command = section_of(name), COMMANDS[name]

    documented = set(re.findall(r"`(--?[a-z][a-z-]*)", section))
    examples = set(
        re.findall(
            r"(?<![\w`])--?[a-z][a-z-]*", "".join(re.findall(r"```.*?```", section, re.DOTALL))
        )
    )
    assert options_of(command) <= documented
    assert documented | examples <= options_of(command) | {"-h", "--help", "-r"}
    for parameter in command.params:
        if parameter.param_type_name == "argument" and parameter.metavar != "ID":
            assert f"`{parameter.metavar}`" in section


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in LEAVES])
def test_groups_are_documented(name):
    text = section_of(name) if name else DOC

    assert all(option in text for option in options_of(COMMANDS[name]))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_has_examples_that_can_be_typed(name):
    result = CliRunner().invoke(app, [*name.split(), "--help"], prog_name="searcher")

    assert result.exit_code == 0
    assert "Examples:" in result.stdout
    examples = list(examples_in(result.stdout.split("Examples:")[1]))
    assert examples
    for words in examples:
        parse(words)
        assert words[: len(name.split())] == name.split()
    assert max(map(len, result.stdout.splitlines())) <= 84


@pytest.mark.parametrize("name", ["", *LEAVES])
def test_examples_in_the_documentation_can_be_typed(name):
    examples = list(examples_in(section_of(name) if name else DOC))

    assert examples
    for words in examples:
        parse(words)


def test_exit_codes_are_documented():
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", DOC, re.MULTILINE)}
    told = CliRunner().invoke(app, ["--help"]).stdout.split("Exit codes:")[1]

    codes = {0, exits.OWN_MISTAKE, exits.WRONG_REQUEST, *(code for _, code in exits.CODES)}
    assert documented == codes
    assert {int(code) for code in re.findall(r"^ +(\d+) ", told, re.MULTILINE)} == codes


def test_variables_of_the_environment_are_documented():
    variables = {
        parameter.envvar
        for command in COMMANDS.values()
        for parameter in command.params
        if parameter.envvar
    }

    assert variables == {"SEARCHER_STORE", "SEARCHER_DEBUG", "SEARCHER_ADDRESS", "RAY_ADDRESS"}
    assert all(f"`{name}`" in DOC for name in variables)


@pytest.mark.parametrize(
    ("name", "kind"), [("list", SearchSummary), ("show", StoredSearch), ("trials", StoredTrial)]
)
def test_every_field_of_the_json_is_documented(name, kind):
    text = section_of(name) + (section_of("list") if name == "show" else "")

    renamed = {"outer_scores_of": "scores"}
    for field in kind.__dataclass_fields__:
        assert f"`{renamed.get(field, field)}`" in text
