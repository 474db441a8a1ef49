"""The page: six tabs, on the commands' own functions."""

import functools
import html
import itertools
import pathlib
import shlex
import shutil
import tempfile

import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from dcgan_tf import evaluate, export, main, playground, report, sample
from dcgan_tf.cli import flags, plan
from dcgan_tf.config import presets, schema
from dcgan_tf.datasets import cache, source
from dcgan_tf.pages import page, record
from dcgan_tf.pages import report as reports
from dcgan_tf.reporting import frames, grids
from dcgan_tf.support import errors
from dcgan_tf.ui.command import SHIPPED, Runs, plain

MORE = [name for name in schema.SETTINGS if name not in ("mode", "dataset")]
NAMES = ["mode", "image_size", *MORE]  # flags of a training, in the order of their controls
# Commands with a button: their flags that have a control, and the kinds of file they make.
PLAY = sample, "classes per_class count interpolate morph seed", ".png .gif .npz"
TAKE = (export, "format", ""), (playground, "which", ".html"), (report, "", ".html")
# Images a second on two cores at 32x32, and how they fall with the pixels.
PACE, EXPONENT = 1_000, 0.72
ABOUT = "with a folder in it for each class, if any; or digits, mnist or another image set"
shown_text = functools.partial(gr.Textbox, interactive=False)
# Without Gradio's button that shares an image in the web.
shown_image = functools.partial(gr.Image, interactive=False, buttons=["download"])


def serve(runs: Runs, port: int | None, inbrowser: bool) -> None:
    """Serves the page until Ctrl-C."""
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    live = Mount("/runs", StaticFiles(directory=runs.root, check_dir=False))
    blocks = Page(runs).blocks
    blocks.launch(
        **dict(server_name="127.0.0.1", server_port=port, share=False, inbrowser=inbrowser),
        **dict(footer_links=[], max_file_size="2gb", quiet=True, prevent_thread_lock=True),
        app_kwargs={"middleware": [hosts], "routes": [live]},
        css="iframe {width: 100%; height: 80vh; border: 0}",
        theme=gr.themes.Default(font="system-ui", font_mono="monospace"),
    )
    print(f"{blocks.local_url}  (Ctrl-C ends the page; trainings go on)", flush=True)
    blocks.block_thread()


def told(handler):
    """Shows what goes wrong as the line that the command would print."""

    def shown(*values):
        try:
            return handler(*values)
        except Exception as error:
            line = html.escape(errors.first_line(error))
            raise gr.Error(line, duration=None, print_exception=False) from None

    return shown


def controls(command, names: list[str]) -> list:
    """Makes a control for each of these flags of a command, with its help."""
    made: list = []
    values = command.define_flags()
    for name in names:
        words = getattr(values[name].parser, "enum_values", None)
        if command is main and name in schema.FIELDS:
            words = schema.json_schema(name).get("enum")
        about = {"label": name, "info": values[name].help, "value": ""}
        made.append(gr.Dropdown(["", *words], **about) if words else gr.Textbox(**about))
    return made


class Page:
    def __init__(self, runs: Runs):
        self.runs = runs
        with gr.Blocks(title="dcgan-tf", analytics_enabled=False) as self.blocks:
            gr.Markdown("# dcgan-tf")
            self.run = gr.Dropdown([SHIPPED], label="Run", info="of all tabs but Pictures")
            self.tick = gr.Timer(2)
            makes = {
                "Pictures": self.pictures,
                "Train": self.train,
                "Play": lambda: self.make(*PLAY),
                "Measure": self.measure,
                "Take away": lambda: list(itertools.starmap(self.make, TAKE)),
                "Runs": self.compare,
            }
            for title, make in makes.items():
                with gr.Tab(title):
                    make()
            self.run.focus(lambda: gr.Dropdown(runs.names()), None, self.run)
            self.blocks.load(lambda: self.choose(runs.names()[0]), None, self.run)
        for event in self.blocks.fns.values():
            event.fn = told(event.fn)

    def choose(self, name: str) -> gr.Dropdown:
        return gr.Dropdown(self.runs.names(), value=name)

    def pictures(self) -> None:
        name = gr.Textbox(label="Folder of pictures, .npz or name", info=ABOUT)
        dropped = gr.File(label="Or drop pictures, or a .zip", file_count="multiple")
        button = gr.Button("Look", variant="primary")
        lines = shown_text(label="What was read", lines=5)
        grid = shown_image(label="As the networks see them")

        def look(name: str, files: list[str] | None, size: str):
            name = self.runs.keep(files) if files else name or presets.AUTO
            name = source.settled(name, None)
            shape, broken = (int(size), int(size)) if size else None, []
            try:
                dataset = source.find(name, cache.Options(size=shape))
            except errors.UsageError as error:  # raised again unless pictures are broken
                dataset = source.find(name, cache.Options(size=shape, skip_broken=True))
                broken = [f"left out: {error}"]
            images, counts = dataset.read("train")[0], dataset.counts["train"]
            copies = len(images) - len({hash(image.tobytes()) for image in images})
            names = dataset.class_names or range(len(counts))
            pairs = zip(names, counts, strict=True)
            sizes = ", ".join(f"{name} {count:,}" for name, count in pairs)
            lines = [str(dataset), sizes, f"copies of others: {copies:,}", *dataset.notes]
            lines += dataset.warnings
            some = grids.grid(images[frames.evenly(len(images), 24)], 8)
            pixels = grids.legible(some, grids.Layout(*dataset.spec.shape[:2], 8))
            mode = "cgan" if dataset.spec.classes > 1 else "dcgan"
            called = plain(f"{source.short_name(dataset.name)}-{mode}")
            return name, None, "\n".join(lines + broken), pixels, mode, called

        self.looking = look, button, [name, dropped], [lines, grid]

    def train(self) -> None:
        look, button, inputs, outputs = self.looking
        with gr.Row():
            mode, size = controls(main, NAMES[:2])
            minutes = gr.Number(10, label="minutes", info="about; empty: the default")
            name = gr.Textbox(label="name", info="of the run, and of its folder")
        with gr.Accordion("More", open=False):
            more = controls(main, NAMES[2:])
        with gr.Row():
            start = gr.Button("Start", variant="primary")
            stop, go_on = gr.Button("Stop"), gr.Button("Go on")
        will = shown_text(label="What will run", lines=3)
        terminal = shown_text(label="The same in a terminal")
        state, said = shown_text(label="State"), shown_text(label="What it says", lines=6)
        asked, shown = [inputs[0], name, minutes, mode, size, *more], [will, terminal]
        live = gr.HTML()

        def show(dataset: str, name: str, minutes: float | None, *texts):
            given = {key: value or None for key, value in zip(NAMES, texts, strict=True)}
            folder = self.runs.get(plain(name)).folder
            given |= {"dataset": dataset or None, "run_dir": folder, "skip_broken": True}
            argv = flags.parse(values := main.define_flags(), given)
            asked, options = flags.overrides(values), flags.data_options(values)
            planned = plan.make(asked, run_dir=str(folder), options=options, fresh=True)
            config, length = planned.config, planned.counted(planned.requested)
            if minutes and not given["steps"] and not given["epochs"]:
                pace = PACE * (1024 / (config.height * config.width)) ** EXPONENT
                steps = int(minutes * 60 * pace / config.batch_size / 200 + 1) * 200
                argv.append(f"--steps={steps}")
                length = f"{steps:,} steps, about {minutes} minutes on two cores"
            lines = f"{planned.dataset}\n{config.mode}, {config.architecture}, {length}"
            return lines, shlex.join(["dcgan-tf", "train", *argv])

        def begin(*given):
            lines, command = show(*given)
            self.runs.start(name := plain(given[1]), shlex.split(command)[1:])
            return lines, command, self.choose(name)

        looked = button.click(look, [*inputs, size], [*inputs, *outputs, mode, name])
        looked.success(show, asked, shown)
        gr.on([mode.input, size.blur, minutes.blur, name.blur], show, asked, shown)
        start.click(begin, asked, [*shown, self.run])
        stop.click(self.runs.stop, self.run)
        go_on.click(self.runs.start, self.run)
        following = [self.run, live], [state, said, live]
        self.tick.tick(self.follow, *following, show_progress="hidden")

    def follow(self, name: str, before: str) -> tuple:
        """Returns a run's state, what it printed, and its live page, unless it is shown."""
        log, path = self.runs.log(name), html.escape(f"/runs/{name}/live.html")
        said = log.read_text(errors="replace").splitlines()[-6:] if log.exists() else []
        frame = f'<iframe src="{path}" title="The run" sandbox="allow-scripts"></iframe>'
        frame = frame if (self.runs.root / name / "live.html").exists() else ""
        frame = gr.skip() if frame == before else frame
        return self.runs.state(name), "\n".join(said), frame

    def make(self, command, flag_names: str, suffixes: str) -> None:
        """Has a command's flags, and shows the file that it makes."""
        names, kinds, several = flag_names.split(), suffixes.split(" "), " " in suffixes
        given = controls(command, names)
        kind = gr.Radio(kinds, value=kinds[0], label="Kind of file", visible=several)
        title = command.__name__.rpartition(".")[2]
        button = gr.Button(f"Make: {title}", variant="primary")
        image = shown_image(label="Made", visible=several)
        file = gr.File(label="Take this", interactive=False)

        def make(name: str, suffix: str, *texts):
            path = pathlib.Path(tempfile.mkdtemp()) / f"{plain(name)}{suffix}"
            chosen = {key: value or None for key, value in zip(names, texts, strict=True)}
            self.do(command, name, output=path, **chosen)
            if path.is_dir():
                path = pathlib.Path(shutil.make_archive(str(path), "zip", path))
            return str(path) if suffix in (".png", ".gif") else None, str(path)

        button.click(make, [self.run, kind, *given], [image, file])

    def do(self, command, name: str, **given) -> None:
        """Does a command with a run, in this process."""
        values = command.define_flags()
        flags.parse(values, {"run": self.runs.get(name).folder, **given})
        command.main(values)

    def measure(self) -> None:
        gr.Markdown(evaluate.__doc__.partition("\n")[0])
        button, shown, runs = gr.Button("Measure", variant="primary"), gr.HTML(), self.runs
        measured = button.click(lambda name: self.do(evaluate, runs.own(name)), self.run)
        for event in (measured.success, self.run.change):
            event(lambda name: self.report([name]), self.run, shown)

    def report(self, names: list[str]) -> str:
        runs = [run for run in map(self.runs.get, names) if run.exists()]
        if not runs:
            return ""
        content = reports.content(record.read_all([str(run.folder) for run in runs]))
        text = html.escape(page.render("page.html", content).decode())
        return f'<iframe srcdoc="{text}" title="Report"></iframe>'

    def compare(self) -> None:
        listed = gr.CheckboxGroup([], label="Runs")
        refresh, button, shown = gr.Button("Refresh"), gr.Button("Compare"), gr.HTML()
        names, state = self.runs.names, self.runs.state
        look = lambda: gr.CheckboxGroup([(f"{n}: {state(n)}", n) for n in names()])  # noqa: E731
        gr.on([refresh.click, self.run.change], look, None, listed)
        button.click(self.report, listed, shown)
