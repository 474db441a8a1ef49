"""Copies what an experiment commits out of a run's folder, and prints the table of them.

    python experiments/collect.py checkpoints/cgan_maxout experiments/cgan_maxout
    python experiments/collect.py --table
    python experiments/collect.py --card

Of a run: config.json (settings, versions and commands), metrics.jsonl, evaluation.json
(made by dcgan-tf evaluate if the run has none of its newest step), the last grid and a GIF
of at most FRAMES frames.  Paths are shortened to their last part.  The table has a row for
each folder below this one with an evaluation.json on MNIST, and for its real training
images; nothing in it is typed by hand.  The card is the table of the shipped generators.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys

from dcgan_tf.reporting import frames, grids, metrics_log
from dcgan_tf.runs.folder import Run

FRAMES = 20
ABSOLUTE = re.compile(r'(?<=["=])/(?:[^"/]+/)*([^"/]+)(?=")')  # paths in JSON
FOLDER = pathlib.Path(__file__).parent
FIGURES = (
    ("class_accuracy", "class accuracy ↑", "{:.1%}"),
    ("frechet_classifier_distance", "Fréchet distance ↓", "{:.1f}"),
    ("recall", "recall ↑", "{:.3f}"),
    ("coverage", "coverage ↑", "{:.3f}"),
    ("intra_class_std", "intra-class std", "{:.3f}"),
)
LOSSES = {  # means over the last log entry
    "generator's loss": "generator/loss",
    "discriminator's loss": "discriminator/loss",
}
REAL = "real training images"
SHIPPED = FOLDER.parent / "checkpoints" / "pretrained"
CARD = (
    ("class_accuracy", "class accuracy (GAN-test)", "{:.2%}"),
    ("frechet_classifier_distance", "Fréchet classifier distance (not FID)", "{:.2f}"),
    ("kid", "kernel distance (KID)", "{:.2f}"),
    ("precision", "precision", "{:.3f}"),
    ("recall", "recall", "{:.3f}"),
    ("density", "density", "{:.3f}"),
    ("coverage", "coverage", "{:.3f}"),
    ("classifier_score", "classifier score", "{:.3f}"),
    ("intra_class_std", "intra-class std, of real", "{:.3f}"),
    ("classification_accuracy_score", "CAS (GAN-train)", "{:.2%}"),
)


def collect(run: Run, output: pathlib.Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    evaluation = run.folder / "evaluation.json"
    newest = run.newest_checkpoint()
    if not evaluation.exists() or (newest and _step(evaluation) != newest.step):
        command = [sys.executable, "-m", "dcgan_tf.evaluate", f"--run={run.folder}"]
        subprocess.run(command, check=True)
    for path in (run.config_file, evaluation):
        text = ABSOLUTE.sub(r"\1", path.read_text(encoding="utf-8"))
        (output / path.name).write_text(text, encoding="utf-8")
    shutil.copyfile(run.metrics, output / run.metrics.name)
    last = frames.read(frames.newest(run.samples))
    layout = grids.Layout.of_preview(run.read_config())
    grids.write_png(output / "grid.png", grids.legible(last, layout))
    frames.write_gif(output / "training.gif", run.samples, layout, most=FRAMES)


def _step(evaluation: pathlib.Path) -> int:
    return json.loads(evaluation.read_text(encoding="utf-8"))["of"]["step"]


def table() -> str:
    """A Markdown table: a row for each experiment on MNIST that has an evaluation."""
    heads = ["experiment", "processor", "precision", "length", "minutes", *LOSSES]
    heads += [title for _, title, _ in FIGURES]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    reference = {}
    for evaluation in sorted(FOLDER.rglob("evaluation.json")):
        folder = evaluation.parent
        report = json.loads(evaluation.read_text(encoding="utf-8"))
        if report["protocol"]["dataset"] != "mnist":
            continue
        reference = report["figures"][REAL]
        content = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        config = content["config"]
        entries = list(metrics_log.entries(folder / "metrics.jsonl"))
        unit = "steps" if "steps" in config else "epochs"
        done = entries[-1]["step" if unit == "steps" else "epoch"]
        cells = [
            str(folder.relative_to(FOLDER)),
            content["starts"][-1]["machine"]["device"],
            config["precision"],
            f"{done:,} of {config[unit]:,} {unit}",
            f"{sum(entry['seconds'] for entry in entries) / 60:.0f}",
            *(f"{entries[-1][name]:.3f}" for name in LOSSES.values()),
        ]
        lines.append(_row(cells, report["figures"]["generated"]))
    lines.append(_row([REAL, *[""] * (len(heads) - len(FIGURES) - 1)], reference))
    return "\n".join(lines)


def card() -> str:
    """A Markdown table: a column for each shipped generator, and for the references."""
    columns = {}
    for evaluation in sorted(SHIPPED.glob("*/evaluation.json")):
        figures = json.loads(evaluation.read_text(encoding="utf-8"))["figures"]
        # A reference's figures are those of the fullest evaluation.
        generated = {f"`{evaluation.parent.name}`": figures.pop("generated")}
        for name, found in (generated | figures).items():
            columns[name] = columns.get(name, {}) | found
    names = sorted(columns, key=lambda name: not name.startswith("`"))
    lines = [f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for key, title, form in CARD:
        found = [columns[name].get(key) for name in names]
        cells = ["" if one is None else form.format(one) for one in found]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    shares = [columns[name].get("class_shares") for name in names]
    cells = [f"{min(one):.1%} to {max(one):.1%}" if one else "" for one in shares]
    lines.append(f"| shares of the classes | {' | '.join(cells)} |")
    return "\n".join(lines)


def _row(cells: list[str], found: dict) -> str:
    figures = [
        form.format(found[key]) if found.get(key) is not None else ""
        for key, _, form in FIGURES
    ]
    return f"| {' | '.join([*cells, *figures])} |"


if __name__ == "__main__":
    if sys.argv[1:] == ["--table"]:
        print(table())
    elif sys.argv[1:] == ["--card"]:
        print(card())
    elif len(sys.argv) == 3:
        collect(Run(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[2]))
    else:
        sys.exit(__doc__)
