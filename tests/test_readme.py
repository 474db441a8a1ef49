"""The documents: links lead somewhere, README's commands run, words are today's."""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

import numpy as np
import pytest
from conftest import mnist_is_prepared
from PIL import Image

import dcgan_tf
from dcgan_tf import compare, evaluate, export, main, playground, report, sample
from dcgan_tf.__main__ import COMMANDS

ROOT = pathlib.Path(__file__).parent.parent
PACKAGE = pathlib.Path(dcgan_tf.__file__).parent
README = ROOT / "README.md"
SETTINGS = ROOT / "docs" / "settings.md"  # which lists version 0.1's names
DOCUMENTS = [
    README,
    ROOT / "BUILD.md",
    ROOT / "benchmarks" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "experiments").rglob("README.md")),
]
TEST_COMMAND = (
    "    python3 -m venv .venv && .venv/bin/pip install --quiet --editable '.[dev]' "
    "&& .venv/bin/python -m pytest"
)

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^    (\S.*)$", re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
OURS = re.compile(r"(dcgan-tf|python -m dcgan_tf)\b")
# What README's indented lines may be that this test does not run.
NOT_RUN = (
    r"python3 -m venv \.venv && ",
    r"pip install ",
    r"checkpoints/acgan/config\.json +",  # the listing of a run's folder
    r" +(checkpoints/|metrics\.jsonl|samples/|training\.gif|events\S*|live\.html) +",
)

TINY = ["--dataset=digits", "--batch_size=500", "--preview_rows=1"]
# Runs in one process what it finds in a JSON file, and writes each status and output.
DRIVER = """
import contextlib, io, json, pathlib, sys, traceback
from dcgan_tf import __main__ as cli
from dcgan_tf.support import tf_setup
tf_setup.import_quietly(initialise=False)
from dcgan_tf.training import strategy
strategy.make(2)  # before TensorFlow is used
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

# Words and names of version 0.1 which have a standard term today.
PRIVATE_WORDS = re.compile(
    r"""verdict | \bjudg | drawn\ as\ asked | \baveraged\b | average_half_life
    | \bauxiliary_ | gradient_penalty | leaky_slope | noise_size | \bagreement
    | validity | copies\ of\ ten | held_out_images | frames_kept | steps_per_call
    | start_from | evaluate_losses | to\ the\ letter | to\ the\ bit | no\ numbers""",
    re.VERBOSE | re.IGNORECASE,
)
# Flags of other programs, and of the benchmarks.
OTHER_FLAGS = {
    *("check", "editable", "junitxml", "logdir", "no-deps", "quiet"),
    *("no-install-recommends", "ntasks", "table"),
    *("against", "curve", "mnist", "modes", "out", "quick", "sweep", "turns"),
}


def text_of(path):
    return path.read_text(encoding="utf-8")


def name_of(path):
    return str(path.relative_to(ROOT))


def anchors(path):
    """The anchors of a document's headings, as they are shown in public."""
    headings = HEADING.findall(FENCE.sub("", text_of(path)))
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in kept}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_to_files_and_headings(document):
    for link in LINK.findall(SPAN.sub("", FENCE.sub("", text_of(document)))):
        if link.startswith("https://"):
            continue
        place, _, anchor = link.partition("#")
        target = document.parent / place if place else document
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_readme_is_short():
    assert len(text_of(README).splitlines()) <= 130


def test_readme_has_one_test_command():
    """Which .ci/run takes as the first line that ends so."""
    lines = text_of(README).splitlines()
    assert [line for line in lines if line.endswith("pytest")] == [TEST_COMMAND]


def test_every_indented_line_of_readme_is_run_or_known():
    for line in INDENTED.findall(FENCE.sub("", text_of(README))):
        assert OURS.match(line) or any(re.match(known, line) for known in NOT_RUN), line


def readme_commands(text):
    """What README shows to be run, in its order: ("command" or "python", content)."""
    fences = list(FENCE.finditer(text))
    assert [fence[1] for fence in fences] == ["python"] * len(fences)
    found = [(fence.start(), "python", fence[2]) for fence in fences]
    for pattern in (INDENTED, SPAN):
        for match in pattern.finditer(text):
            if OURS.match(match[1]):
                found.append((match.start(), "command", arguments(match[1])))
    return [(kind, content) for _, kind, content in sorted(found)]


def arguments(line):
    """A command line as `dcgan_tf.__main__.main` takes it."""
    words = shlex.split(line, comments=True)
    if words[0] == "dcgan-tf":
        return words[1:]
    module = words[2].partition(".")[2]
    command = {module: name for name, module in COMMANDS.items()}[module]
    return [command, *words[3:]]


def shortened(kind, content, mnist):
    """The same with settings that take seconds."""
    if kind == "python":
        return kind, content
    command, *given = content
    if any(one.startswith("--flagfile") for one in given):
        # Without MNIST the flags are parsed, and nothing else is done.
        given = [*given, "--dry_run" if mnist else "--version"]
    elif "--dataset=pictures" in given:
        given = [*given, "--batch_size=16", "--steps=2"]
    elif command == "train":
        longer = any(one.startswith("--epochs") for one in given)
        given = [*given, *TINY, f"--epochs={2 if longer else 1}"]
    elif "--samples=set.npz" in given:
        given = [*given, "--dataset=digits"]
    return kind, [command, *given]


def draw_pictures(folder):
    """160 pictures of noise: cats and dogs."""
    pixels = np.random.default_rng(0).integers(0, 256, (160, 20, 20, 3), np.uint8)
    for number, image in enumerate(pixels):
        path = folder / ("cat", "dog")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)


def test_what_readme_shows_runs(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    pretrained = ROOT / "checkpoints" / "pretrained"
    (tmp_path / "checkpoints" / "pretrained").symlink_to(pretrained)
    draw_pictures(tmp_path / "pictures")
    mnist = mnist_is_prepared()
    shown = readme_commands(text_of(README))
    commands = [shortened(*one, mnist) for one in shown]
    assert {content[0] for kind, content in commands if kind == "command"} >= {
        *("train", "sample", "evaluate", "export")
    }
    (tmp_path / "commands.json").write_text(json.dumps(commands))
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, "commands.json", "results.json"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": path,
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        },
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "results.json").read_text())
    failed = [
        (content, status, output)
        for (_, content), (status, output) in zip(commands, results, strict=True)
        if status != 0
    ]
    assert not failed
    made = {
        "sample.png",
        "set.npz",
        "pets.npz",
        "exported",
        "morph.gif",
        "playground.html",
        "report.html",
        "checkpoints/acgan/training.gif",
    }
    assert all((tmp_path / one).exists() for one in made)
    for name in re.findall(r"^ {4} +(\S+)  ", text_of(README), re.MULTILINE):
        assert list((tmp_path / "checkpoints" / "acgan").glob(name)), name


@pytest.mark.parametrize(
    "document", [one for one in DOCUMENTS if one != SETTINGS], ids=name_of
)
def test_flags_that_documents_name_exist(document):
    known = set(OTHER_FLAGS) | {"flagfile", "help", "helpfull", "version"}
    for command in (main, sample, evaluate, export, compare, report, playground):
        for name in command.define_flags():
            known |= {name, f"no{name}"}
    text = text_of(document)
    code = [*SPAN.findall(text), *INDENTED.findall(text)]
    named = {flag for one in code for flag in re.findall(r"(?<!\S)--([\w-]+)", one)}
    assert named <= known


@pytest.mark.parametrize(
    "path",
    [
        *(one for one in DOCUMENTS if one != SETTINGS),
        *sorted(PACKAGE.rglob("*.py")),
        *sorted(PACKAGE.rglob("*.flags")),
    ],
    ids=name_of,
)
def test_words_are_those_of_the_field(path):
    assert not PRIVATE_WORDS.findall(text_of(path))


def test_tests_that_the_table_of_faults_names_exist():
    code = "".join(text_of(path) for path in (ROOT / "tests").rglob("test_*.py"))
    for name in re.findall(r"`(test_\w+)`", text_of(ROOT / "docs" / "reliability.md")):
        assert f"def {name}(" in code, name
