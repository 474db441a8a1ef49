"""Tells in how many minutes a run's images became good, and draws it.

    python -m benchmarks.time_to_quality --out=FILE.png --curve=NAME=MS=PATH [--curve=...]

PATH is a run's folder, or its log entries in a file.  Points are its evaluations: the
entries of metrics.jsonl that have one (--evaluate_every), and evaluation.json
(python -m dcgan_tf.evaluate).  Paths of one name make one line.  MS is what a step takes
with nothing beside it, in milliseconds: minutes are steps times that, so that runs which
shared their machine can stand in one picture.  A run that was begun by --init_from is
counted from there.  Prints the points, and the first at which all figures reach GOOD.
Wants matplotlib: pip install --editable '.[plots]'.
"""

import importlib.util
import json
import pathlib
import sys

from absl.flags import FlagValues

from dcgan_tf.cli import flags
from dcgan_tf.support import errors, tf_setup

GOOD = {"class_accuracy": 0.99, "recall": 0.80, "coverage": 0.85}
FIGURES, DRAWN = tuple(GOOD), ("class_accuracy", "coverage")
Point = tuple[float, dict[str, float]]  # minutes, figures


def points(path: pathlib.Path, milliseconds: float) -> list[Point]:
    """The evaluations of a run, in its folder or in a file of its log entries."""
    from dcgan_tf.reporting import log

    found = {}
    for entry in log.entries(path if path.is_file() else path / "metrics.jsonl"):
        figures = {n: entry[f"quality/{n}"] for n in FIGURES if f"quality/{n}" in entry}
        if figures:
            found[entry["step"]] = figures
    evaluation = path / "evaluation.json"
    if evaluation.is_file():
        content = json.loads(evaluation.read_text(encoding="utf-8"))
        figures = content["figures"]["generated"]
        if "step" in content["of"]:  # which images by --samples have not
            found[content["of"]["step"]] = {n: figures[n] for n in FIGURES if n in figures}
    return [(step * milliseconds / 60_000, found[step]) for step in sorted(found)]


def parsed(argument: str) -> tuple[str, float, pathlib.Path]:
    try:
        name, milliseconds, path = argument.split("=", 2)
        return name, float(milliseconds), pathlib.Path(path)
    except ValueError:
        raise errors.UsageError(f"--curve={argument}: must be NAME=MS=PATH") from None


def main(values: FlagValues) -> None:
    if not values.curve or not (values.out or "").endswith(".png"):
        raise errors.UsageError("--curve=NAME=MS=PATH and --out=FILE.png: must be given")
    if importlib.util.find_spec("matplotlib") is None:
        raise errors.UsageError(
            "--out: drawn by matplotlib, which is not installed; pip install --editable "
            "'.[plots]'"
        )
    tf_setup.start()
    lines: dict[str, list[Point]] = {}
    for name, milliseconds, path in map(parsed, values.curve):
        if not path.exists():
            raise errors.UsageError(f"--curve: {path} is not there")
        found = points(path, milliseconds)
        if not found:
            raise errors.UsageError(
                f"--curve: {path} has no evaluation (of a run's folder: "
                "python -m dcgan_tf.evaluate --run=DIR)"
            )
        lines[name] = sorted([*lines.get(name, []), *found], key=lambda point: point[0])
    print("| | minutes | " + " | ".join(FIGURES) + " |\n|---|---|" + "---|" * len(FIGURES))
    for name, line in lines.items():
        for minutes, figures in line:
            cells = (f"{figures[n]:.3f}" if n in figures else "" for n in FIGURES)
            print(f"| {name} | {minutes:.1f} | " + " | ".join(cells) + " |")
    wanted = ", ".join(f"{name} {least:.2f}" for name, least in GOOD.items())
    print(f"\n| | minutes until {wanted} |\n|---|---|")
    print("\n".join(f"| {name} | {until(line)} |" for name, line in lines.items()))
    draw(lines, values.out)


def until(line: list[Point]) -> str:
    """Returns the minutes at the first point whose figures are good.

    An unconditional run has no class accuracy.
    """
    least = {n: GOOD[n] for _, figures in line for n in figures}
    good = (m for m, f in line if all(f.get(n, 0) >= least[n] for n in least))
    first = next(good, None)
    return f"{first:.1f}" if first is not None else f"not within {line[-1][0]:.0f}"


def draw(lines: dict[str, list[Point]], path: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot, ticker

    figure, panels = pyplot.subplots(1, len(DRAWN), figsize=(12, 4.5), sharex=True)
    for panel, name in zip(panels, DRAWN, strict=True):
        for number, (label, line) in enumerate(lines.items()):
            seen = [(minutes, found[name]) for minutes, found in line if name in found]
            if seen:
                panel.plot(*zip(*seen, strict=True), "o-", color=f"C{number}", label=label)
        panel.set(xscale="log", ylim=(0, 1.02), title=name)
        panel.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        panel.xaxis.set_major_formatter("{x:g}")
        panel.xaxis.set_minor_locator(ticker.NullLocator())
        panel.set_xlabel("minutes of training")
        panel.grid(alpha=0.3)
    panels[-1].legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
    figure.tight_layout()
    figure.savefig(path, dpi=100)


def define_flags() -> FlagValues:
    return flags.new(
        out="where the picture goes: a .png",
        curve=flags.many("name, milliseconds a step, a run's folder or log entries"),
    )


if __name__ == "__main__":
    sys.exit(flags.run(main, define_flags(), __doc__))
