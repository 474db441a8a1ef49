"""The local page, in Chromium: from a folder of pictures to a trained generator."""

import importlib.util
import os
import signal
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile

import pytest
from conftest import draw

from dcgan_tf.runs.folder import Run
from dcgan_tf.support import errors
from dcgan_tf.ui import command as ui
from dcgan_tf.ui.command import Runs

SECOND = 1_000  # ms
CLASS = "<script>alert(1)</script>"


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path / "runs", os.environ)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with spaces and brackets in its path, where the server's runs lie, too."""
    place = tmp_path_factory.mktemp("ui")
    draw(
        place / "my [own] pictures", (CLASS.replace("/", "\N{DIVISION SLASH}"), "dog"), 150
    )
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
    runs = Runs(place / "checkpoints", os.environ)
    for name in filter(runs.trains, runs.names()):
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


def look(tab, path):
    tab.get_by_role("tab", name="Pictures").click()
    tab.get_by_label("Folder of pictures").fill(str(path))
    tab.get_by_role("button", name="Look").click()


def value(tab, label, text, seconds=60):
    """Waits until the text stands in the box of this label, and returns what it says."""
    box = tab.get_by_label(label).first
    until = time.monotonic() + seconds
    while text not in box.input_value():
        assert time.monotonic() < until, (label, text, box.input_value())
        tab.wait_for_timeout(200)
    return box.input_value()


def test_from_a_folder_to_what_will_run(opened, server, place):
    """Catches a broken path, a name that becomes markup, and a request to another host."""
    tab, asked = opened
    look(tab, place / "empty")
    tab.get_by_text("holds no pictures").wait_for()
    look(tab, place / "my [own] pictures")
    read = value(tab, "What was read", "held out")
    assert "dog" in read
    assert "script>alert(1)" in read
    tab.get_by_role("tab", name="Train").click()
    command = value(tab, "The same in a terminal", "dcgan-tf train")
    assert "--mode=cgan" in command
    assert "--run_dir=checkpoints/my_own_pictures-cgan" in command
    assert "16x16x3" in value(tab, "What will run", "minutes")
    assert {url.split("/")[2] for url in asked if url.startswith("http")} == {
        server.address.split("/")[2]
    }
    foreign = urllib.request.Request(server.address, headers={"Host": "example.org"})
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(foreign)


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


def test_the_generator_of_the_package_is_left_as_it_is(runs):
    """A measurement would write into the package, and a training go on in it."""
    with pytest.raises(errors.UsageError, match="choose one of your own"):
        runs.start(ui.SHIPPED)


@pytest.mark.long
def test_play_and_take_away(opened):
    """Catches a tab whose command fails, on the generator that comes with the package."""
    tab, _ = opened  # before there are other runs
    tab.get_by_role("tab", name="Measure").click()
    tab.get_by_role("button", name="Measure").click()
    tab.get_by_text("choose one of your own").wait_for()
    tab.get_by_role("tab", name="Play").click()
    tab.get_by_role("textbox", name="morph generate").fill("3,8")
    tab.get_by_label(".gif").check()
    tab.get_by_role("button", name="Make: sample").click()
    tab.locator("a[download$='.gif']").first.wait_for(timeout=60 * SECOND)
    tab.get_by_role("tab", name="Take away").click()
    for command, suffix in (("export", "zip"), ("playground", "html")):
        tab.get_by_role("button", name=f"Make: {command}").click()
        tab.locator(f"a[download$='.{suffix}']").first.wait_for(timeout=60 * SECOND)


@pytest.mark.long
def test_a_training_outlives_page_and_server_and_is_stopped_once(
    browser, place, serve, tab
):
    """Catches work that is lost, a run that trains twice, and a page that forgets it."""
    server, name = serve(), "my_own_pictures-cgan"
    run, runs = Run(place / "checkpoints" / name), Runs(place / "checkpoints", os.environ)
    tab.goto(server.address)
    look(tab, place / "my [own] pictures")  # 1
    value(tab, "What was read", "dog")
    tab.get_by_role("tab", name="Train").click()  # 2
    value(tab, "The same in a terminal", "dcgan-tf train")
    tab.get_by_role("button", name="Start").click()  # 3
    value(tab, "State", "still training", 90)
    first = tab.frame_locator("iframe[title='The run']").get_by_role("img").first
    first.wait_for(timeout=180 * SECOND)

    with pytest.raises(errors.UsageError, match="trains already"):
        runs.start(name)
    tab.reload()
    tab.get_by_role("tab", name="Train").click()
    value(tab, "State", "still training")
    server.end(signal.SIGKILL)
    assert run.is_locked()
    server = serve()
    tab.goto(server.address)
    other = browser.new_page()
    other.goto(server.address)
    for page in (tab, other):
        page.get_by_role("tab", name="Train").click()
        value(page, "State", "still training")
    for page in (tab, other):  # twice at once: the second would end it without saving
        page.get_by_role("button", name="Stop").click()
    value(tab, "What it says", "saved; the same command goes on")
    stopped = run.newest_checkpoint().step
    while runs.trains(name):  # its process ends
        tab.wait_for_timeout(200)
    tab.get_by_role("button", name="Go on").click()
    value(other, "State", "still training", 90)
    value(other, "What it says", f"resumed at step {stopped:,}")
    value(other, "What it says", "first step done", 120)
    other.get_by_role("button", name="Stop").click()
    value(other, "What it says", "saved; the same command goes on")
    other.close()
    assert run.newest_checkpoint().step >= stopped
