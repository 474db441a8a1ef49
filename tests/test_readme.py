"""The documents: links lead somewhere, lines are short, README's commands run."""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

import pytest
from conftest import draw, mnist_is_prepared

from dcgan_tf import compare, evaluate, export, main, playground, report, sample, verify
from dcgan_tf.ui import command as ui

ROOT = pathlib.Path(__file__).parent.parent
README = ROOT / "README.md"
LOGS = [ROOT / "experiments" / "LOG.md", ROOT / "benchmarks" / "LOG.md"]
DOCUMENTS = [
    *(README, ROOT / "BUILD.md", ROOT / "benchmarks" / "README.md"),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "experiments").rglob("README.md")),
    *sorted((ROOT / "checkpoints").rglob("README.md")),
]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^    (\S.*)$", re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$", re.MULTILINE)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
OURS = re.compile(r"(dcgan-tf|python -m dcgan_tf.main)\b")
# What README's indented lines may be that this test does not run.
NOT_RUN = re.compile(
    r"python3 -m venv \.venv && |pip install |checkpoints/acgan/config\.json "
)
# Flags of other programs, of the benchmarks, and of older versions.
OTHER_FLAGS = set(
    "check editable junitxml logdir no-deps quiet ntasks no-install-recommends table trace "
    "against card curve mnist modes out quick sweep turns twin notwin "
    "discriminator_update ema_interval lr_decay_images r1_decay_images "
    "flagfile help helpfull version".split()
)
TINY = ["--dataset=digits", "--batch_size=500", "--preview_rows=1"]
# Runs in one process what it finds in a JSON file, and writes each status and output.
DRIVER = """
import contextlib, io, json, pathlib, sys, traceback
from dcgan_tf import __main__ as cli
from dcgan_tf.support import tf_setup
tf_setup.import_quietly(initialise=False)
tf_setup.start()
from dcgan_tf.metrics import classifier
classifier.EPOCHS = classifier.LEAST_STEPS = 1  # or evaluate would take a minute
results = []
for kind, content in json.loads(pathlib.Path(sys.argv[1]).read_text()):
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        try:
            status = cli.main(content) if kind == "command" else exec(content, {}) or 0
        except SystemExit as error:
            status = error.code
        except Exception:
            traceback.print_exc()
            status = 1
    results.append((status, output.getvalue()))
pathlib.Path(sys.argv[2]).write_text(json.dumps(results))
"""


def text_of(path):
    return path.read_text(encoding="utf-8")


def anchors(path):
    """Returns the anchors of a document's headings, as they are shown in public."""
    headings = HEADING.findall(FENCE.sub("", text_of(path)))
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in kept}


def test_lines_have_at_most_100_characters():
    """Longer lines hide what a diff changed.  Tables outside of README may be wider."""
    for document in DOCUMENTS:
        for line in text_of(document).splitlines():
            wide = document != README and line.lstrip().startswith(("|", "!"))
            assert len(line) <= 100 or wide, (document, line)


def test_links_lead_to_files_and_headings():
    """A file that was moved or a heading that was renamed leaves a dead link."""
    for document in [*DOCUMENTS, *LOGS]:
        links = LINK.findall(SPAN.sub("", FENCE.sub("", text_of(document))))
        for place, _, anchor in ("".join(link).partition("#") for link in links):
            target = document.parent / place if place else document
            if not place.startswith("https://"):
                assert target.exists(), (document, place)
                assert not anchor or anchor in anchors(target), (document, anchor)


def test_flags_that_documents_name_exist():
    """A flag that was renamed stays in no document."""
    known = set(OTHER_FLAGS)
    commands = (main, sample, evaluate, export, verify, compare, report, playground, ui)
    for command in commands:
        for name in command.define_flags():
            known |= {name, f"no{name}"}
    for document in DOCUMENTS:
        code = [*SPAN.findall(text_of(document)), *INDENTED.findall(text_of(document))]
        named = {flag for one in code for flag in re.findall(r"(?<!\S)--([\w-]+)", one)}
        assert named <= known, document


def readme_commands(text):
    """Returns what README shows to be run, in order: ("command" or "python", content)."""
    fences = list(FENCE.finditer(text))
    assert [fence[1] for fence in fences] == ["python"] * len(fences)
    for line in INDENTED.findall(FENCE.sub("", text)):
        assert OURS.match(line) or NOT_RUN.match(line) or line[0] == " ", line
    shown = [(fence.start(), "python", fence[2]) for fence in fences]
    for pattern in (INDENTED, SPAN):
        for match in pattern.finditer(text):
            if OURS.match(match[1]):
                shown.append((match.start(), "command", arguments(match[1])))
    return [(kind, content) for _, kind, content in sorted(shown)]


def arguments(line):
    """Returns a command line as `dcgan_tf.__main__.main` takes it."""
    words = shlex.split(line, comments=True)
    return words[1:] if words[0] == "dcgan-tf" else ["train", *words[3:]]


def shortened(kind, content, mnist):
    """Returns the same with settings that take seconds."""
    if kind == "python":
        return kind, content
    command, *given = content
    if any(flag.startswith("--flagfile") for flag in given):
        # Without MNIST the flags are parsed, and nothing else is done.
        given = [*given, "--dry_run" if mnist else "--version"]
    elif "--dataset=pictures" in given:
        given = [*given, "--batch_size=16", "--steps=2"]
    elif command == "train":
        longer = any(flag.startswith("--epochs") for flag in given)
        given = [*given, *TINY, f"--epochs={2 if longer else 1}"]
    elif command == "sample":  # 200 are the least that `evaluate` measures
        given = [flag.replace("=100", "=20") for flag in given]
    elif "--samples=set.npz" in given:
        given = [*given, "--dataset=digits"]
    return kind, [command, *given]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    pretrained = ROOT / "checkpoints" / "pretrained"
    (tmp_path / "checkpoints" / "pretrained").symlink_to(pretrained)
    draw(tmp_path / "pictures", count=160, size=(20, 20))
    return tmp_path


def test_what_readme_shows_runs(folder):
    """A newcomer types these lines in this order; each must end well."""
    mnist = mnist_is_prepared()
    commands = [shortened(*one, mnist) for one in readme_commands(text_of(README))]
    assert {content[0] for kind, content in commands if kind == "command"} >= {
        *("train", "sample", "evaluate", "export", "report", "playground")
    }
    (folder / "commands.json").write_text(json.dumps(commands))
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {"PYTHONPATH": path, "XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-c", DRIVER, "commands.json", "results.json"]
    subprocess.run(command, cwd=folder, env={**os.environ, **environment}, check=True)
    results = json.loads((folder / "results.json").read_text())
    for (_, content), (status, output) in zip(commands, results, strict=True):
        assert status == 0, (content, output)
    for name in ("sample.png", "morph.gif", "playground.html", "pets.npz", "report.html"):
        assert (folder / name).exists(), name
    for name in re.findall(r"^ {4} +(\S+)  ", text_of(README), re.MULTILINE):
        assert list((folder / "checkpoints" / "acgan").glob(name)), name
