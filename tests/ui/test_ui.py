"""The local page, in Chromium: from a folder of pictures to a trained generator."""

import importlib.util
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile

import pytest
from conftest import draw, untrained

from dcgan_tf.exports import formats
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import errors
from dcgan_tf.ui import command as ui
from dcgan_tf.ui.command import Runs

SECOND = 1_000  # ms
CLASS = "<script>alert(1)<\N{DIVISION SLASH}script>"
TABS = ("Pictures", "Train", "Play", "Measure", "Take away", "Runs")
CONTROLS = "button|checkbox|combobox|link|radio|slider|spinbutton|tab|textbox"


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path / "runs")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with spaces and brackets in its path, where the server's runs lie, too."""
    place = tmp_path_factory.mktemp("ui")
    pictures = draw(place / "my [own] pictures", (CLASS, "dog"), 150)
    shutil.copy(pictures / "dog" / "1.png", pictures / "dog" / "copy.png")
    (pictures / "dog" / "torn.png").write_bytes(b"no picture")
    (place / "empty").mkdir()
    return place


class Server:
    """`dcgan-tf ui` as a process, in a folder."""

    def __init__(self, place):
        variables = {"XDG_CACHE_HOME": str(place / "cache"), "TMPDIR": str(place)}
        argv = [sys.executable, "-m", "dcgan_tf", "ui", "--no_browser"]
        options = {"cwd": place, "env": {**os.environ, **variables}, "text": True}
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, **options)
        self.address = self.process.stdout.readline().split()[0]

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait(60)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def serve(place):
    """Starts servers, which end with the module's tests, and with them their trainings."""
    if importlib.util.find_spec("gradio") is None:
        pytest.skip("gradio is not installed: pip install gradio")
    started = []
    yield lambda: started.append(Server(place)) or started[-1]
    for server in started:
        server.end()
    runs = Runs(place / "checkpoints")
    for name in filter(runs.is_busy, runs.names()):
        runs.stop(name)


@pytest.fixture(scope="module")
def server(serve):
    return serve()


@pytest.fixture
def opened(server, tab):
    """The page in a tab, and the addresses that it asked for."""
    asked = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(server.address)
    tab.get_by_label("Folder of pictures").wait_for()
    return tab, asked


def click(tab, button, exact=True):
    tab.get_by_role("button", name=button, exact=exact).click()


def turn_to(tab, title):
    tab.get_by_role("tab", name=title, exact=True).click()


def look(tab, path):
    turn_to(tab, "Pictures")
    tab.get_by_label("Folder of pictures").fill(str(path))
    click(tab, "Look")


def until(tab, condition):
    """Waits until this is so, two minutes at most."""
    for _ in range(600):
        if condition():
            return
        tab.wait_for_timeout(200)
    raise AssertionError


def value(tab, label, text, seconds=60):
    """Waits until the text stands in the box of this label, and returns what it says."""
    from playwright.sync_api import expect

    box = tab.get_by_label(label, exact=True)
    expect(box).to_have_value(re.compile(re.escape(text)), timeout=seconds * SECOND)
    return box.input_value()


def command(tab, text="dcgan-tf train"):
    """Returns the command that the page shows, once this text is in it."""
    line = tab.locator(".cm-content", has_text=text)
    line.wait_for()
    return line.inner_text()


def test_from_a_folder_to_what_will_run(opened, server, place):
    """Catches a broken path, a name that becomes markup, and a request to another host."""
    tab, asked = opened
    look(tab, place / "empty")
    tab.get_by_text("holds no pictures").wait_for()
    look(tab, place / "my [own] pictures")
    read = value(tab, "What was read", "held out")
    of_class = r"\n<script>alert\(1\)<\N{DIVISION SLASH}script> (\d+), dog (\d+)\n"
    train, held_out, *each = map(
        int,
        re.search(rf"(\d+) training images and (\d+) held(?s:.*){of_class}", read).groups(),
    )
    assert train + held_out == 151
    assert sum(each) == train
    assert "copies of others: 1" in read
    assert "torn.png" in read
    turn_to(tab, "Train")
    shown = command(tab)
    assert "--mode=cgan" in shown
    assert "--run_dir=checkpoints/my_own_pictures-cgan-1" in shown
    assert {url.split("/")[2] for url in asked if url.startswith("http")} == {
        server.address.split("/")[2]
    }
    foreign = urllib.request.Request(server.address, headers={"Host": "example.org"})
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(foreign)


def test_every_control_has_a_name_and_fits_a_phone(opened):
    """Catches a control that a screen reader cannot name, and a page wider than a phone."""
    tab, _ = opened
    for title in TABS:
        tab.set_viewport_size({"width": 1280, "height": 900})
        turn_to(tab, title)
        tree = tab.locator("body").aria_snapshot()
        assert f'tab "{title}" [selected]' in tree
        assert not re.findall(rf"- (?:{CONTROLS})(?: \[\w+\])*:?$", tree, re.M)
        tab.set_viewport_size({"width": 390, "height": 844})
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390


def zipped(path, **files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, (text, mode) in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            archive.writestr(entry, text)
    return path


def test_a_zip_writes_nothing_outside_and_no_links(runs, tmp_path):
    """A page that unpacks what a stranger packed could write anywhere."""
    entries = {
        "pets/../../../evil.txt": ("out", 0o644),
        "pets/cat/1.png": ("in", 0o644),
        "pets/link": ("/etc/passwd", stat.S_IFLNK | 0o777),
    }
    path = zipped(tmp_path / "pets.zip", **entries)
    kept = runs.keep([str(path)])
    assert runs.keep([str(path)]) == kept
    assert all(path.is_relative_to(kept) for path in tmp_path.rglob("evil.txt"))
    assert not [file for file in runs.root.rglob("*") if file.is_symlink()]
    assert list(runs.root.rglob("cat/1.png"))


def test_a_zip_of_too_many_files_is_refused_whole(runs, tmp_path, monkeypatch):
    """Catches a .zip that fills the disk, and what is left of one that was refused."""
    monkeypatch.setattr(ui, "MOST_FILES", 1)
    path = zipped(tmp_path / "a.zip", a=("1", 0o644), b=("2", 0o644))
    with pytest.raises(errors.UsageError, match="unpack it yourself"):
        runs.keep([str(path)])
    assert not [file for file in runs.root.rglob("*") if file.is_file()]


def test_minutes_become_steps_by_the_pace_of_a_run_alike(runs):
    """Catches an estimate by a run of other images, and one that a broken run prevents."""
    run, _ = untrained(runs.root / "mine", batch_size=64)
    config = run.read_config()
    guessed, _ = runs.steps(config, 1)
    entry = {"step": 9, "images_per_second": 310.0}  # 290.6 steps of 64 images a minute
    run.metrics.write_text(json.dumps(entry) + "\n")
    (runs.root / "torn").mkdir()
    (runs.root / "torn" / "config.json").write_text("{")
    assert runs.state("torn").startswith("broken")
    assert runs.steps(config, 1)[0] == 300 != guessed
    assert "mine" in runs.steps(config, 1)[1]
    other = config.model_copy(update={"batch_size": 32})
    assert runs.steps(other, 1)[0] > guessed


def test_the_generator_of_the_package_is_left_as_it_is(runs):
    """A measurement would write into the package, and a training go on in it."""
    with pytest.raises(errors.UsageError, match="not yours"):
        runs.start(ui.SHIPPED, ["evaluate"])


@pytest.mark.long
def test_the_digits_are_trained_longer_measured_compared_and_taken_away(opened, place):
    """Catches a tab whose command fails, and a complete run that cannot be made longer."""
    tab, _ = opened
    runs, name = Runs(place / "checkpoints"), "digits"
    look(tab, "digits")
    value(tab, "What was read", "9 156")
    turn_to(tab, "Train")
    click(tab, "More", exact=False)
    tab.get_by_label("name of the run").fill(name)
    for steps, button in (("3", "Start"), ("6", "Go on")):
        tab.get_by_label("steps length").fill(steps)
        click(tab, button)
        value(tab, "State", f"complete: {steps} steps", 120)
        until(tab, lambda: not runs.is_busy(name))
    turn_to(tab, "Measure")
    click(tab, "Measure")
    value(tab, "State", "evaluation.json", 500)
    turn_to(tab, "Runs")
    for label in (f"{name}: complete: 6 steps", ui.SHIPPED):
        tab.get_by_label(label, exact=False).check()
    click(tab, "Make: report")
    page = tab.frame_locator("iframe[title='Made']:visible")
    page.get_by_role("cell", name="class accuracy").first.wait_for(timeout=60 * SECOND)
    turn_to(tab, "Play")
    tab.get_by_role("textbox", name="morph generate").fill("3,8")
    tab.get_by_label(".gif").check()
    click(tab, "Make: sample")
    tab.locator("a[download$='.gif']").wait_for(timeout=60 * SECOND)
    turn_to(tab, "Take away")
    click(tab, "Make: playground")
    page.get_by_role("button", name="New noise").wait_for(timeout=60 * SECOND)
    for kind, made in formats.FORMATS.items():
        if all(map(importlib.util.find_spec, made.needs)):
            tab.get_by_role("combobox", name="format").fill(kind)
            tab.get_by_role("combobox", name="format").press("Enter")
            click(tab, "Make: export")
            path = f"tmp*/tmp*/{name}/{made.file}"
            until(tab, lambda path=path: list(place.glob(path)))
    until(tab, lambda: list(place.glob(f"tmp*/gradio/*/{name}.zip")))


@pytest.mark.long
def test_a_training_outlives_page_and_server_and_is_stopped_once(
    browser, place, serve, tab
):
    """Catches work that is lost, a run that trains twice, and a page that forgets it."""
    server, runs = serve(), Runs(place / "checkpoints")
    tab.goto(server.address)
    look(tab, place / "my [own] pictures")  # 1
    value(tab, "What was read", "dog")
    turn_to(tab, "Train")  # 2
    name = re.search(r"--run_dir=checkpoints/(\S+)", command(tab))[1]
    click(tab, "Start")  # 3
    value(tab, "State", "still training", 90)
    first = tab.frame_locator("iframe[title='The run']").get_by_role("img").first
    first.wait_for(timeout=180 * SECOND)

    with pytest.raises(errors.UsageError, match="at work"):
        runs.start(name, [])
    tab.reload()
    value(tab, "State", "still training")
    server.end(signal.SIGKILL)
    run = Run(place / "checkpoints" / name)
    assert run.is_locked()
    server = serve()
    tab.goto(server.address)
    other = browser.new_page()
    other.goto(server.address)
    for page in (tab, other):
        turn_to(page, "Train")
        value(page, "State", "still training")
    for page in (tab, other):  # twice at once: the second would end it without saving
        click(page, "Stop")
    value(tab, "State", "saved; the same command goes on")
    stopped = run.newest_checkpoint().step
    until(tab, lambda: not runs.is_busy(name))
    click(tab, "Go on")
    value(other, "State", "still training", 90)
    value(other, "State", "first step done", 120)
    click(other, "Stop")
    value(other, "State", "saved; the same command goes on")
    other.close()
    assert run.newest_checkpoint().step >= stopped
