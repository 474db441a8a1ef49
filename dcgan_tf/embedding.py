"""Shows how a generator knows which class to draw, when noise and label meet.

    python -m dcgan_tf.embedding --run=checkpoints/acgan

Writes embedding.png and embedding.json: the classes' embedding; how much each class mutes
each coordinate of the noise; and how well a linear probe names the class from what the
generator is fed, against a new network's embedding and against chance.
"""

import json
import pathlib
import sys

import numpy as np
from absl import flags

from dcgan_tf import command, engine, errors, files
from dcgan_tf.runs import Run

SHOWN = 2_000  # points in the scatter


def define_flags() -> flags.FlagValues:
    values = flags.FlagValues()
    command.define_string(values, "run", "folder of the run.  Required")
    command.define_string(
        values, "output", "folder for the figure and the JSON.  Default: the run's"
    )
    return values


def main(values: flags.FlagValues) -> None:
    run = Run.existing(values.run)
    config = run.read_config()
    if config.label_fusion is None:
        raise errors.UsageError(
            f"--run={run.folder}: its generator has no embedding of the class (mode "
            f"{config.mode}, architecture {config.architecture}); name a run of acgan"
        )
    output = pathlib.Path(values.output or run.folder).expanduser()
    if not output.is_dir():
        raise errors.UsageError(f"--output={output}: is no folder; make it first")
    pyplot = _pyplot()
    engine.start()
    from dcgan_tf import probing, state, trained  # which import TensorFlow

    loaded = trained.load(run.folder)
    measured, arrays = probing.measure(loaded.gan, config)
    new, _ = probing.measure(state.create(config).gan, config)  # as the run began
    report = {
        "run": str(run.folder),
        "step": loaded.step,
        "fusion": config.label_fusion,
        "trained": measured,
        "new_network": new,
    }
    figure = draw(pyplot, arrays, f"{config.label_fusion}, at step {loaded.step:,}")
    with files.replacing(output / "embedding.png") as path:
        figure.savefig(path)
    with files.replacing(output / "embedding.json") as path:
        path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    for name, part in (("trained", measured), ("new", new)):
        probes, muted = part["probes"], part["muted_coordinates"]
        print(
            f"{name}: class named from |fused| {probes['absolute_fused']:.1%}, "
            f"from fused {probes['fused']:.1%}, from noise alone {probes['noise']:.1%} "
            f"(chance {probes['chance']:.1%}); muted coordinates of each class {muted}"
        )
    print(f"{output / 'embedding.png'}, {output / 'embedding.json'}")


def _pyplot():
    try:
        import matplotlib
    except ImportError:
        raise errors.UsageError(
            "embedding: draws with matplotlib, which is not installed; "
            "pip install --editable '.[plots]'"
        ) from None
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def draw(pyplot, arrays: dict, title: str):
    """The figure: the embedding and what it keeps as heat maps; noise before and after."""
    figure = pyplot.figure(figsize=(12, 10), layout="constrained")
    figure.suptitle(f"Label embedding: {title}")
    rows = figure.add_gridspec(3, 2, height_ratios=(1, 1, 2.4))
    table = arrays["table"]
    most = np.abs(table).max()
    for place, values, name, style in (
        (0, table, "embedding", {"cmap": "RdBu", "vmin": -most, "vmax": most}),
        (1, arrays["kept"], "kept: |entry| / the coordinate's largest", {"vmin": 0}),
    ):
        axes = figure.add_subplot(rows[place, :])
        image = axes.imshow(values, aspect="auto", interpolation="nearest", **style)
        axes.set(title=name, xlabel="coordinate", ylabel="class")
        axes.set_yticks(range(len(table)))
        figure.colorbar(image, ax=axes)
    labels = arrays["labels"][:SHOWN]
    for column, (points, name) in enumerate(
        zip(arrays["points"], ("noise", "what the generator is fed"), strict=True)
    ):
        axes = figure.add_subplot(rows[2, column])
        scatter = axes.scatter(*points[:SHOWN].T, c=labels, cmap="tab10", s=6)
        axes.set(title=f"{name}: two principal components")
    entries = scatter.legend_elements(num=None)
    axes.legend(*entries, title="class", loc="upper left", bbox_to_anchor=(1, 1))
    return figure


if __name__ == "__main__":
    sys.exit(command.run(main, define_flags(), __doc__))
