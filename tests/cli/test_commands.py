"""dcgan-tf COMMAND: how commands are found, what their --help says, and how they end."""

import io
import re
import subprocess
import sys

import pytest

import dcgan_tf
from dcgan_tf import __main__ as commands
from dcgan_tf import sample
from dcgan_tf.cli import flags
from dcgan_tf.config import presets, schema

DRY = ("--dataset=digits", "--precision=float32", "--run_dir=new", "--dry_run")


def entries(text):
    """What a --help lists: {group: {"--flag": its text}}."""
    groups = {}
    for line in text.splitlines():
        if header := re.fullmatch(r"Flags(?: \((\w+)\))?:", line):
            group = groups.setdefault(header[1] or "", {})
        elif re.match("  -", line):
            title = line.strip()
        elif re.match("      ", line):
            group[title] = f"{group.get(title, '')} {line.strip()}".strip()
    return groups


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"], ["help"]])
def test_alone_it_lists_its_commands(command, arguments):
    status, out, err = command(*arguments)
    assert (status, err) == (0, "")
    for name in commands.COMMANDS:
        assert f"dcgan-tf {name}" in out


@pytest.mark.parametrize("arguments", [["--version"], ["train", "--version"]])
def test_the_version(command, arguments):
    assert command(*arguments) == (0, f"dcgan_tf {dcgan_tf.__version__}\n", "")


@pytest.mark.parametrize("name", commands.COMMANDS)
def test_every_command_has_a_help_of_its_own(command, name):
    status, out, err = command(name, "-h")
    assert (status, err) == (0, "")
    assert f"dcgan-tf {name}" in out
    listed = entries(out)[""].keys()
    assert {"-h, --help", "--helpfull", "--version", "--flagfile"} <= listed


def test_the_help_of_train_is_short_and_the_full_one_has_bounds_and_defaults(
    command, monkeypatch
):
    """Catches a setting whose help names no default, and lines wider than a terminal."""
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = command("train", "--help")
    groups = entries(out)
    assert list(groups) == ["", *schema.GROUPS]
    assert list(groups["model"]) == ["--mode", "--architecture"]
    assert {"--image_size", "--cache_dir", "--skip_broken"} <= groups["data"].keys()
    listed = {flag[2:] for group in groups.values() for flag in group} & {*schema.SETTINGS}
    assert 5 < len(listed) < 15
    hidden = len(schema.SETTINGS) - len(listed)
    assert out.endswith(f"\n{hidden} more flags: --helpfull\n")
    assert max(map(len, out.partition("Flags:")[2].splitlines())) <= 80
    _, out, _ = command("train", "--helpfull")
    texts = {flag: text for group in entries(out).values() for flag, text in group.items()}
    assert "more flags" not in out
    for name in schema.SETTINGS:
        assert "Default: " in texts[f"--{name}"], name
    for name, words in {
        "learning_rate": "Above 0. Default: by architecture",
        "batch_size": "From 1 to 1,000,000. Default: by data set",
        "g_batch_multiplier": "Default: by --update_rule",
        "keep_checkpoints": "Default: 3. May change on a resume",
        "latent_prior": "One of normal, uniform. Default: by architecture",
    }.items():
        assert words in " ".join(texts[f"--{name}"].split())


@pytest.mark.parametrize(
    "given",
    [
        ["--flagfile=acgan_keras"],
        ["--flagfile=acgan_keras.flags"],
        ["--flagfile", "acgan_keras"],
        ["--seed=9", "--flagfile=mine"],
        ["--flagfile=mine", "--seed=9"],
    ],
)
def test_flagfiles_are_found_and_flags_beside_them_win(command, given, tmp_path):
    """One of the package, though a folder has its name; and one that nests another."""
    (tmp_path / "acgan_keras").mkdir()
    (tmp_path / "mine").write_text("# a comment\n\n--flagfile=other\n--seed=3\n")
    (tmp_path / "other").write_text("--mode=acgan\n--architecture=keras_2018\n")
    status, out, _ = command("train", *given, *DRY, "--noflip", "--test_losses")
    assert status == 0
    assert "--flip=False" in out
    assert "--test_losses=True" in out
    assert "acgan, architecture keras_2018" in out
    assert f"--seed={9 if '--seed=9' in given else 0}" in out
    assert not (tmp_path / "new").exists()


def test_every_flagfile_is_one_that_train_takes(command):
    """A dry run shows no setting that the flagfile leaves to a default."""
    assert len(presets.FLAGFILES) == 5
    for name, file in presets.FLAGFILES.items():
        more = ["--dataset=digits", "--dry_run", "--run_dir=new"]
        status, out, _ = command("train", f"--flagfile={name}", *more)
        assert status == 0
        shown = set(re.findall(r"^ +--(\w+)=", out, re.MULTILINE))
        given = set(re.findall(r"^--(\w+)=", file.read_text(), re.MULTILINE))
        assert given - shown == {"run_dir"}
        assert shown <= given


def test_what_nobody_foresaw_is_one_line_or_a_traceback(command, monkeypatch):
    def broken(values):
        raise ZeroDivisionError("of an error\nthat nobody foresaw")

    monkeypatch.setattr(sample, "main", broken)
    monkeypatch.delenv(flags.TRACEBACK, raising=False)
    status, out, err = command("sample")
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("error: unexpected ZeroDivisionError: of an error; ")
    monkeypatch.setenv(flags.TRACEBACK, "1")
    with pytest.raises(ZeroDivisionError, match="nobody foresaw"):
        command("sample")
    assert command("sample", "--count=0")[0] == 2  # no traceback of wrong use


def test_a_stdout_without_letters_or_without_a_stdout(monkeypatch):
    """Catches a class's name, and a service, that end a command."""
    plain = io.TextIOWrapper(io.BytesIO(), "ascii")
    for stdout in (plain, None):
        monkeypatch.setattr(sys, "stdout", stdout)
        assert flags.run(lambda _: print("class 犬"), flags.new(), "", []) == 0
    assert plain.buffer.getvalue() == rb"class \u72ac" + b"\n"


def test_a_reader_that_has_read_enough_ends_it_quietly(tmp_path):
    """python -m dcgan_tf, in a process of its own, into a pipe that is closed."""
    line = f"{sys.executable} -m dcgan_tf train --helpfull | true"
    done = subprocess.run(line, shell=True, capture_output=True, timeout=120, check=False)
    assert (done.stdout, done.stderr) == (b"", b"")
