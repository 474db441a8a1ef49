"""dcgan-tf COMMAND: how commands are found, what their --help says, and how they end."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

import dcgan_tf
from dcgan_tf import __main__ as commands
from dcgan_tf import sample
from dcgan_tf.cli import flags
from dcgan_tf.config import schema


@pytest.fixture
def do(tmp_path, monkeypatch, capsys, no_network):
    """Runs dcgan-tf in an empty folder: (exit status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "nothing"))
    monkeypatch.setenv("COLUMNS", "80")

    def go(*arguments):
        return commands.main(list(arguments)), *capsys.readouterr()

    return go


def titles(text):
    """The flags that a --help lists, by group: {"": ["--run_dir", ...], "data": ...}."""
    found = {}
    for line in text.splitlines():
        if header := re.fullmatch(r"Flags(?: \((\w+)\))?:", line):
            group = found.setdefault(header[1] or "", [])
        elif re.match("  -", line):
            group.append(line.strip())
    return found


SETTINGS = [n for n in schema.FIELDS if schema.kind(n) != schema.DERIVED]


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"], ["help"]])
def test_alone_it_lists_its_commands(do, arguments):
    status, out, err = do(*arguments)
    assert (status, err) == (0, "")
    for name in commands.COMMANDS:
        assert f"dcgan-tf {name} " in out


@pytest.mark.parametrize("arguments", [["--version"], ["train", "--version"]])
def test_the_version(do, arguments):
    assert do(*arguments) == (0, f"dcgan_tf {dcgan_tf.__version__}\n", "")


def test_an_unknown_command_is_one_line(do, tmp_path):
    status, out, err = do("trian", "--mode=acgan")
    assert (status, out, err.count("\n")) == (2, "", 1)
    for words in ("trian", ", ".join(commands.COMMANDS), "did you mean train?"):
        assert words in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", commands.COMMANDS)
def test_every_command_has_a_help_of_its_own(do, name):
    status, out, err = do(name, "-h")
    assert (status, err) == (0, "")
    assert f"dcgan-tf {name} " in out
    listed = titles(out)[""]
    assert [title for title in listed if re.search(r"--?h(elp)?\b", title)] == [
        "-h, --help"
    ]
    assert {"--helpfull", "--version", "--flagfile"} <= set(listed)


def test_the_help_of_train_is_short_and_grouped(do):
    status, out, err = do("train", "--help")
    assert (status, err) == (0, "")
    listed = titles(out)
    assert list(listed) == ["", *schema.GROUPS]
    assert listed["model"] == ["--mode", "--architecture"]
    assert listed["loss"] == ["--adversarial_loss"]
    assert "--run_dir" in listed[""]
    settings = [t for group in schema.GROUPS for t in listed[group] if t[2:] in SETTINGS]
    assert {"--image_size", "--cache_dir", "--skip_broken"} <= set(listed["data"])
    assert 5 < len(settings) < 15
    hidden = len(SETTINGS) - len(settings)
    assert out.endswith(f"\n{hidden} more flags: --helpfull\n")
    assert max(map(len, out.partition("Flags:")[2].splitlines())) <= 80


def test_the_full_help_lists_every_setting_with_its_default(do):
    status, out, err = do("train", "--helpfull")
    assert (status, err) == (0, "")
    listed = titles(out)
    assert list(listed) == ["", *schema.GROUPS]
    found = [t for group in schema.GROUPS for t in listed[group] if t[2:] in SETTINGS]
    assert sorted(found) == sorted(f"--{name}" for name in SETTINGS)
    assert "more flags" not in out
    entries = {}
    for line in out.splitlines():
        if line.startswith("  -"):
            name = line.strip()
        elif line.startswith("      "):
            entries[name] = f"{entries.get(name, '')} {line.strip()}".strip()
    for name in SETTINGS:
        assert "Default" in entries[f"--{name}"], name
    for name, words in {
        "learning_rate": "Default: 0.001, or the architecture's own",
        "label_fusion": "Default: cgan concatenate, acgan concatenate",
        "batch_size": "Default: 64, or the architecture's own; on digits 32",
        "g_batch_multiplier": "Default, with --update_rule=alternating: 2",
        "log_every_steps": "Default, with --steps: 200",
        "keep_checkpoints": "Default: 3. May change on a resume",
        "latent_prior": "One of normal, uniform. Default: normal",
        "r1_weight": "on images of your own 1.0",
    }.items():
        assert words in " ".join(entries[f"--{name}"].split())


@pytest.mark.parametrize(
    "given",
    [
        ["--flagfile=acgan_keras"],
        ["--flagfile=acgan_keras.flags"],
        ["--flagfile=experiments/acgan_keras.flags"],
        ["-flagfile=acgan_keras"],
        ["--flagfile", "acgan_keras"],
    ],
)
def test_a_flagfile_that_the_package_carries_is_found(do, given, tmp_path):
    """From an empty folder, and from one in which a folder has its name."""
    (tmp_path / "acgan_keras").mkdir()
    more = ["--dataset=digits", "--precision=float32", "--run_dir=new", "--dry_run"]
    status, out, _ = do("train", *given, *more)
    assert status == 0
    assert "acgan, architecture keras_2018, alternating" in out
    assert "--real_label=0.95" in out
    assert not (tmp_path / "new").exists()


def test_the_flagfiles_in_their_own_folder_come_first(do, tmp_path):
    (tmp_path / "acgan_keras").write_text("--mode=dcgan\n--batch_size=0\n")
    status, _, err = do("train", "--flagfile=acgan_keras")
    assert status == 2
    assert "--batch_size=0" in err


@pytest.mark.parametrize(
    "content",
    [
        "--mode=acgan  # a comment\n# another\n\n--seed=7\n",
        "\ufeff--mode=acgan\n--seed=7",  # as Windows' editor saves it
        "--mode acgan\r\n--seed 7\r\n",
        "--flagfile=other\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_flagfiles_of_any_editor_are_read(do, tmp_path, content, encoding):
    (tmp_path / "mine").write_text(content, encoding)
    (tmp_path / "other").write_text("--mode=acgan --seed=7")
    more = ["--dataset=digits", "--precision=float32", "--run_dir=new", "--dry_run"]
    status, out, _ = do("train", "--flagfile=mine", *more)
    assert (status, "acgan, architecture compact" in out, "--seed=7" in out) == (0, 1, 1)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\x00\xff", "is no file of flags"),
        (b"--run_dir='unclosed", "is no file of flags (No closing quotation)"),
        (b"--flagfile=mine", "holds itself"),
        (b"--deterministic False", "False: not a flag; write --flag=false"),
    ],
)
def test_a_flagfile_that_cannot_be_read_is_one_line(do, tmp_path, content, told):
    (tmp_path / "mine").write_bytes(content)
    status, out, err = do("train", "--flagfile=mine")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert told in err


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--flagfile=acgan_kears"], "did you mean acgan_keras"),
        # Somebody's own file that is not there is none of the package's.
        (["--flagfile=mine/acgan_keras.flags"], "--flagfile=mine/acgan_keras.flags: "),
        (["--flagfile=acgan_keras.txt"], "--flagfile=acgan_keras.txt: "),
        (["--flagfile="], "--flagfile=: "),
        (["--flagfile"], "--flagfile=: "),
        (["--flagfile=."], "--flagfile=.: "),
    ],
)
def test_an_unknown_flagfile_is_one_line(do, given, told):
    status, out, err = do("train", *given)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert told in err
    assert "acgan_keras, acgan_keras_2017, acgan_keras_gan" in err


def test_every_flagfile_is_one_that_train_takes(do):
    """All of it: a dry run with no setting left to a default."""
    files = sorted(flags.FLAGFILES.glob("*.flags"))
    assert len(files) == 5
    for file in files:
        text = file.read_text()
        more = ["--dataset=digits", "--dry_run", "--run_dir=new"]
        status, out, _ = do("train", f"--flagfile={file.stem}", *more)
        assert status == 0
        shown = set(re.findall(r"^ +--(\w+)=", out, re.MULTILINE))
        given = set(re.findall(r"^--(\w+)=", text, re.MULTILINE))
        assert given - shown == {"run_dir"}
        assert shown <= given


def test_switches_have_a_no(do):
    more = ["--dataset=digits", "--dry_run", "--precision=float32"]
    _, out, _ = do("train", "--mode=acgan", "--class_head=ac", "--test_losses", *more)
    assert "--class_head=ac" in out
    assert "--test_losses=True" in out


def broken(values):
    raise ZeroDivisionError("of an error\nthat nobody foresaw")


def test_what_nobody_foresaw_is_one_line(do, monkeypatch):
    monkeypatch.delenv("DCGAN_TF_TRACEBACK", raising=False)
    monkeypatch.setattr(sample, "main", broken)
    status, out, err = do("sample")
    assert (status, out) == (1, "")
    assert err == (
        "error: unexpected ZeroDivisionError: of an error; DCGAN_TF_TRACEBACK=1 in the "
        "environment shows where\n"
    )


def test_the_environment_asks_for_its_traceback(do, monkeypatch):
    monkeypatch.setenv("DCGAN_TF_TRACEBACK", "1")
    monkeypatch.setattr(sample, "main", broken)
    with pytest.raises(ZeroDivisionError, match="nobody foresaw"):
        do("sample")
    # Yet it is no traceback of wrong use.
    assert do("sample", "--count=0")[0] == 2


def test_it_is_a_program(tmp_path):
    """python -m dcgan_tf, in a process of its own: exit status and both streams."""
    package = str(pathlib.Path(dcgan_tf.__file__).parents[1])
    ended = subprocess.run(
        [sys.executable, "-m", "dcgan_tf", "sample", "--count=0"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": package},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("error: --count=0: ")
    assert ended.stderr.count("\n") == 1


def in_a_shell(tmp_path, line, **environment):
    """(exit status, stdout, stderr) of a line in which $DCGAN is dcgan-tf."""
    root = pathlib.Path(dcgan_tf.__file__).parent.parent
    done = subprocess.run(
        line.replace("$DCGAN", f"{sys.executable} -m dcgan_tf"),
        shell=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root), **environment},
        check=False,
        capture_output=True,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("closed", ["2>&-", ">&-", ">&- 2>&-"])
def test_closed_streams_stop_nothing(tmp_path, closed):
    status, _, _ = in_a_shell(tmp_path, f"$DCGAN sample --digits=2 {closed}")
    assert status == 0
    assert (tmp_path / "sample.png").exists()


def test_an_error_on_a_closed_stderr_is_not_told_on_stdout(tmp_path):
    status, out, _ = in_a_shell(tmp_path, "$DCGAN sample --digits=x 2>&-")
    assert (status, out) == (2, b"")


def test_letters_that_a_terminal_lacks_are_escaped(tmp_path):
    ascii_only = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    line = "$DCGAN sample --digits=2 --output=é.png"
    status, out, err = in_a_shell(tmp_path, line, **ascii_only)
    assert (status, err) == (0, b"")
    assert out.startswith(b"\\xe9.png: ")
