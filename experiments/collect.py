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

import pathlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping

from dcgan_tf.metrics.figures import FIGURES, REAL
from dcgan_tf.pages import record
from dcgan_tf.pages.record import Record
from dcgan_tf.reporting import frames, grids
from dcgan_tf.runs.folder import Run

FRAMES = 20
ABSOLUTE = re.compile(r'(?<=["=])/(?:[^"/]+/)*([^"/]+)(?=")')  # paths in JSON
FOLDER = pathlib.Path(__file__).parent
SHIPPED = FOLDER.parent / "checkpoints" / "pretrained"
PRINTED = [figure for figure in FIGURES if figure.printed and figure.compared]
LOSSES = {  # means over the last log entry
    "generator's loss": "generator/loss",
    "discriminator's loss": "discriminator/loss",
}


def collect(run: Run, output: pathlib.Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    evaluation, newest = record.read(run).evaluation, run.newest_checkpoint()
    if evaluation is None or (newest and evaluation.of["step"] != newest.step):
        command = [sys.executable, "-m", "dcgan_tf.evaluate", f"--run={run.folder}"]
        subprocess.run(command, check=True)
    for path in (run.config_file, run.folder / "evaluation.json"):
        text = ABSOLUTE.sub(r"\1", path.read_text(encoding="utf-8"))
        (output / path.name).write_text(text, encoding="utf-8")
    shutil.copyfile(run.metrics, output / run.metrics.name)
    *_, newest_frame = frames.paths(run.samples).values()
    last = frames.read(newest_frame)
    layout = grids.Layout.of_preview(run.read_config())
    grids.write_png(output / "grid.png", grids.legible(last, layout))
    frames.write_gif(output / "training.gif", run.samples, layout, most=FRAMES)


def evaluated(paths: Iterable[pathlib.Path]) -> Iterator[Record]:
    """Yields the runs of these evaluation.json."""
    for path in sorted(paths):
        entry = record.read(Run(path.parent))
        if entry.evaluation:
            yield entry


def table() -> str:
    """Returns a Markdown table: a row for each evaluated experiment on MNIST."""
    heads = ["experiment", "processor", "precision", "length", "minutes", *LOSSES]
    rows, real = [], {}
    for entry in evaluated(FOLDER.rglob("evaluation.json")):
        if entry.evaluation.protocol["dataset"] != "mnist":
            continue
        config, last = entry.config, entry.entries[-1]
        real = entry.evaluation.real
        unit, end = ("steps", config.steps) if config.steps else ("epochs", config.epochs)
        cells = [
            str(entry.run.folder.relative_to(FOLDER)),
            entry.content.starts[-1]["machine"]["device"],
            config.precision,
            f"{last[unit.removesuffix('s')]:,} of {end:,} {unit}",
            f"{entry.seconds / 60:.0f}",
            *(f"{last[name]:.3f}" for name in LOSSES.values()),
        ]
        rows.append([*cells, *_texts(entry.evaluation.generated)])
    rows.append([REAL, *[""] * (len(heads) - 1), *_texts(real)])
    return _markdown([*heads, *(figure.title for figure in PRINTED)], rows)


def _texts(figures: Mapping) -> list[str]:
    return [figure.text(figures.get(figure.key)) for figure in PRINTED]


def card() -> str:
    """Returns a Markdown table: a column for each shipped generator and reference."""
    columns: dict[str, dict] = {}
    references: dict[str, dict] = {}
    for entry in evaluated(SHIPPED.glob("*/evaluation.json")):
        columns[f"`{entry.name}`"] = entry.evaluation.generated
        for name, figures in entry.evaluation.figures.items():
            if name != "generated":  # a reference's figures: those of the fullest one
                references[name] = references.get(name, {}) | figures
    columns |= references
    rows = [
        [figure.title, *(figure.text(held.get(figure.key)) for held in columns.values())]
        for figure in FIGURES
        if figure.compared
    ]
    shares = [held.get("class_shares") for held in columns.values()]
    cells = [f"{min(share):.1%} to {max(share):.1%}" if share else "" for share in shares]
    return _markdown(["", *columns], [*rows, ["shares of the classes", *cells]])


def _markdown(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    if sys.argv[1:] == ["--table"]:
        print(table())
    elif sys.argv[1:] == ["--card"]:
        print(card())
    elif len(sys.argv) == 3:
        collect(Run(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[2]))
    else:
        sys.exit(__doc__)
