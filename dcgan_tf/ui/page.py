"""The page: six tabs, on the commands' own functions."""

import html
import pathlib
import shlex
import shutil
import tempfile

import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from dcgan_tf import evaluate, export, main, playground, report, sample
from dcgan_tf.cli import flags, plan
from dcgan_tf.config import presets, resolve, schema
from dcgan_tf.datasets import source
from dcgan_tf.reporting import frames, grids
from dcgan_tf.support import errors
from dcgan_tf.ui.command import SHIPPED, Runs, plain

FIRST = ["mode", "image_size", "steps", "epochs"]
NAMES = [*FIRST, *(name for name in schema.SETTINGS if name not in (*FIRST, "dataset"))]
WORDS = {name: schema.json_schema(name).get("enum") for name in schema.SETTINGS}
PLAY = ["classes", "per_class", "count", "interpolate", "morph", "seed", "truncation"]
ABOUT = "with a folder in it for each class, if any; or digits, mnist or another image set"


def serve(runs: Runs, port: int | None, inbrowser: bool) -> None:
    """Serves the page until Ctrl-C."""
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    blocks = make_page(runs)
    for event in blocks.fns.values():
        event.fn = in_a_line(event.fn)
    blocks.launch(
        **dict(server_name="127.0.0.1", server_port=port, share=False, inbrowser=inbrowser),
        **dict(footer_links=[], max_file_size="2gb", quiet=True, prevent_thread_lock=True),
        **dict(mcp_server=False, run_history=False, app_kwargs={"middleware": [hosts]}),
        allowed_paths=[str(runs.root.absolute()), tempfile.gettempdir()],
        css="iframe {width: 100%; height: 80vh; border: 0}",
        theme=gr.themes.Default(font="system-ui", font_mono="monospace"),
    )
    print(f"{blocks.local_url}  (Ctrl-C ends the page; trainings go on)", flush=True)
    blocks.block_thread()


def in_a_line(handler):
    """Takes what is empty as not given; shows an error as the command's line."""

    def shown(*values):
        try:
            return handler(*(None if value == "" else value for value in values))
        except Exception as error:
            line = html.escape(errors.first_line(error))
            raise gr.Error(line, duration=None, print_exception=False) from None

    return shown


def make_page(runs: Runs):
    with gr.Blocks(title="dcgan-tf", analytics_enabled=False) as blocks:
        gr.Markdown("# dcgan-tf")
        with gr.Row():
            run = gr.Dropdown([SHIPPED], label="Run")
            state = gr.Textbox(label="State", lines=3, scale=2, interactive=False)
        with gr.Tab("Pictures"):
            data = gr.Textbox(label="Folder of pictures, .npz or name", info=ABOUT)
            files = gr.File(label="Or drop pictures, or a .zip", file_count="multiple")
            button = gr.Button("Look", variant="primary")
            lines = gr.Textbox(label="What was read", lines=5, interactive=False)
            grid = gr.Image(label="As networks see them", buttons=["download"])
        with gr.Tab("Train"):
            live = train(runs, run, data, files, button, [lines, grid])
        with gr.Tab("Play"):
            make(runs, run, sample, PLAY, [".png", ".gif", ".npz"])
        with gr.Tab("Measure"):
            gr.Markdown(evaluate.__doc__.partition("\n")[0])
            measure = gr.Button("Measure", variant="primary")
            make(runs, run, report)
        with gr.Tab("Take away"):
            make(runs, run, export, ["format"], [""])
            make(runs, run, playground, ["which"])
            make(runs, run, report)
        with gr.Tab("Runs") as tab:
            listed = gr.CheckboxGroup([], label="Runs")
            make(runs, listed, report)

        def states() -> gr.CheckboxGroup:
            return gr.CheckboxGroup([(f"{n}: {runs.state(n)}", n) for n in runs.names()])

        def follow(name: str) -> tuple[str, str]:
            log, path = runs.log(name), runs.get(name).folder / "live.html"
            lines = log.read_text(errors="replace").splitlines() if log.exists() else []
            return "\n".join([runs.state(name), *lines[-2:]]), element(path, "The run")

        measure.click(lambda n: runs.start(n, ["evaluate", f"--run={runs.root / n}"]), run)
        tab.select(states, None, listed)
        run.focus(lambda: gr.Dropdown(runs.names()), None, run)
        blocks.load(lambda: gr.Dropdown(runs.names(), value=runs.names()[0]), None, run)
        gr.Timer(2).tick(follow, run, [state, live], show_progress="hidden")
    return blocks


def element(path: pathlib.Path, title: str) -> str:
    """Returns what shows a picture, or a page in a frame; "" for others, or without it."""
    place = f"/gradio_api/file={path.absolute().as_uri().removeprefix('file://')}"
    image = f'<img src="{place}" alt="{title}">'
    frame = f'<iframe src="{place}" title="{title}" sandbox="allow-scripts"></iframe>'
    shown = {".html": frame, ".png": image, ".gif": image}.get(path.suffix, "")
    return shown if path.exists() else ""


def control(flag):
    words = getattr(flag.parser, "enum_values", None) or WORDS.get(flag.name)
    about = {"label": flag.name, "info": flag.help, "value": ""}
    return gr.Dropdown(["", *words], **about) if words else gr.Textbox(**about)


def make(runs: Runs, run, command, names=(), kinds=(".html",)) -> None:
    """Has a command's flags, and a button that makes a file of one of these kinds."""
    chosen = [control(command.define_flags()[name]) for name in names]
    kind = gr.Radio(kinds, value=kinds[0], label="Kind of file", visible=len(kinds) > 1)
    button = gr.Button(f"Make: {command.__name__.rpartition('.')[2]}", variant="primary")
    shown, file = gr.HTML(), gr.File(label="Take this", interactive=False)

    def made(run: str | list[str], suffix: str | None, *texts) -> tuple[str, str]:
        several = run if isinstance(run, list) else [run]
        name = plain("-".join(several))[:99] + (suffix or "")
        given = dict(zip(names, texts, strict=True))
        given["output"] = path = pathlib.Path(tempfile.mkdtemp(), name)
        flags.parse(values := command.define_flags(), given)
        folders = [str(runs.get(name).folder) for name in several]
        values["run"].value = folders if command is report else folders[0]
        command.main(values)
        if path.is_dir():
            path = pathlib.Path(shutil.make_archive(str(path), "zip", path))
        return element(path, "Made"), str(path)

    button.click(made, [run, kind, *chosen], [shown, file])


def train(runs: Runs, run, data, files, look, shown: list) -> gr.HTML:
    """Makes the controls of a training; returns where its live page is shown."""
    defined = main.define_flags()
    with gr.Row():
        mode, size = control(defined["mode"]), control(defined["image_size"])
        about = "about; empty: the default"
        minutes = gr.Number(10, label="minutes", info=about, precision=0, minimum=1)
        name = gr.Textbox(label="name", info="of the run, and of its folder")
    with gr.Accordion("More", open=False):
        steps, epochs, *others = [control(defined[name]) for name in NAMES[2:]]
    with gr.Row():
        start_button = gr.Button("Start", variant="primary")
        stop, go_on = gr.Button("Stop"), gr.Button("Go on")
    will = gr.Code("", "shell", label="What will run", wrap_lines=True, interactive=False)

    def show(dataset: str | None, name: str | None, minutes: float | None, *texts) -> str:
        folder, given = runs.get(plain(name)).folder, dict(zip(NAMES, texts, strict=True))
        given |= {"dataset": dataset, "run_dir": folder, "skip_broken": True}
        if minutes and not (given["steps"] or given["epochs"]):
            given["minutes"] = minutes
        argv = flags.parse(values := main.define_flags(), given)
        overrides, options = flags.overrides(values), flags.data_options(values)
        planned = plan.make(overrides, run_dir=str(folder), options=options, fresh=True)
        config, length = planned.config, planned.counted(planned.requested)
        if values.minutes:
            length = f"about {values.minutes} minutes by the speed that is measured first"
        command = shlex.join(["dcgan-tf", "train", *argv])
        return f"# {config.mode}, {config.architecture}, {length}\n{command}"

    def start(command: str, name: str | None) -> gr.Dropdown:
        runs.start(plain(name), shlex.split(command, comments=True)[1:])
        return gr.Dropdown(runs.names(), value=plain(name))

    def longer(name: str, *counts: str | None) -> None:
        config, typed = runs.get(name).read_config(), zip(FIRST[2:], counts, strict=True)
        # They may have been typed for another run.
        more = {n: c for n, c in typed if c and 0 < (getattr(config, n) or 0) < int(c)}
        given = {**more, "run_dir": runs.root / name}
        runs.start(name, ["train", *flags.parse(main.define_flags(), given)])

    requested = [data, name, minutes, mode, size, steps, epochs, *others]
    looked, outputs = lambda *given: read(runs, *given), [data, files, *shown, mode, name]
    look.click(looked, [data, files, size], outputs).success(show, requested, will)
    gr.on([mode.input, size.blur, minutes.blur, name.blur], show, requested, will)
    start_button.click(show, requested, will).success(start, [will, name], run)
    stop.click(runs.stop, run)
    go_on.click(longer, [run, steps, epochs])
    return gr.HTML()


def read(runs: Runs, name: str | None, files: list[str] | None, size: str | None) -> tuple:
    """Reads a data set; returns its name, what a user should know, and some of it."""
    name = source.settled(runs.keep(files) if files else name or presets.AUTO, None)
    flags.parse(values := main.define_flags(), {"image_size": size, "skip_broken": True})
    dataset = source.find(name, flags.data_options(values))
    images, labels = dataset.read("train")
    names = dataset.class_names or range(dataset.spec.classes)
    sizes = (f"{name} {(labels == k).sum():,}" for k, name in enumerate(names))
    copies = len(images) - len({hash(image.tobytes()) for image in images})
    lines = [str(dataset), ", ".join(sizes), f"copies of others: {copies:,}"]
    text = "\n".join([*lines, *dataset.notes, *dataset.warnings])
    some = grids.grid(images[frames.evenly(len(images), 24)], 8)
    pixels = grids.legible(some, grids.Layout(*dataset.spec.shape[:2], 8))
    has_classes = dataset.spec.classes > 1
    mode = resolve.DEFAULT_MODE if has_classes else resolve.WITHOUT_CLASSES
    called = plain(f"{source.short_name(name)}-{mode}-{len(runs.names())}")
    return name, None, text, pixels, mode, called
