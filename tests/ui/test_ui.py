"""The local page, in Chromium: from a folder of pictures to a trained generator."""

import functools
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile

import pytest
from conftest import draw

from dcgan_tf.exports import formats
from dcgan_tf.support import atomic_files, errors
from dcgan_tf.ui import command as ui
from dcgan_tf.ui.command import Runs

CLASS = "<script>alert(1)<\N{DIVISION SLASH}script>"
COMMAND = ".cm-content:has-text('dcgan-tf train')"
CONTROLS = "button|checkbox|combobox|link|radio|slider|spinbutton|tab|textbox"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with spaces and brackets in its path, where the server's runs lie, too."""
    place = tmp_path_factory.mktemp("ui")
    pictures = draw(place / "my [own] pictures", (CLASS, "dog"), 150)
    shutil.copy(pictures / "dog" / "1.png", pictures / "dog" / "copy.png")
    (pictures / "dog" / "torn.png").write_bytes(b"no picture")
    (place / "empty").mkdir()
    return place


@pytest.fixture(scope="module")
def serve(place):
    """Starts servers, as (process, address), which end with the module's tests."""
    if importlib.util.find_spec("gradio") is None:
        pytest.skip("gradio is not installed: pip install gradio")
    folders = {"XDG_CACHE_HOME": str(place / "cache"), "TMPDIR": str(place)}
    argv = [sys.executable, "-m", "dcgan_tf", "ui", "--no_browser"]
    options = {"cwd": place, "env": os.environ | folders, "text": True}
    started = []

    def start():
        started.append(subprocess.Popen(argv, stdout=subprocess.PIPE, **options))
        return started[-1], started[-1].stdout.readline().split()[0]

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=60)
    runs = Runs(place / "checkpoints")
    for name in filter(runs.is_busy, runs.names()):
        runs.stop(name)


@pytest.fixture(scope="module")
def address(serve):
    return serve()[1]


@pytest.fixture
def opened(address, tab):
    tab.goto(address)
    tab.get_by_label("Folder of pictures").wait_for()
    return tab


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
    left = iter(range(600))
    while not condition():
        next(left)
        tab.wait_for_timeout(200)


def value(tab, label, text, seconds=60):
    """Waits until the text stands in the box of this label, and returns what it says."""
    from playwright.sync_api import expect

    box = tab.get_by_label(label, exact=True)
    expect(box).to_have_value(re.compile(re.escape(text)), timeout=seconds * 1_000)
    return box.input_value()


def test_from_a_folder_to_what_will_run(opened, address, place):
    """Catches a broken path, a name that becomes markup, and a request to another host."""
    tab, asked = opened, []
    tab.on("request", lambda request: asked.append(request.url))
    tab.reload()
    look(tab, place / "empty")
    tab.get_by_text("holds no pictures").wait_for()
    look(tab, place / "my [own] pictures")
    read = value(tab, "What was read", "held out")
    classes = rf"\n{re.escape(CLASS)} (\d+), dog (\d+)\n"
    counts = re.search(rf"(\d+) training images and (\d+) held(?s:.*){classes}", read)
    train, held_out, *each = map(int, counts.groups())
    assert (train + held_out, sum(each)) == (151, train)
    assert "copies of others: 1" in read
    assert "torn.png" in read
    turn_to(tab, "Train")
    words = tab.locator(COMMAND).inner_text().split()
    ours = {"--mode=cgan", "--minutes=10", "--run_dir=checkpoints/my_own_pictures-cgan-1"}
    assert ours <= {*words}
    assert not [u for u in asked if not u.startswith((address, "blob:", "data:"))]
    foreign = urllib.request.Request(address, headers={"Host": "example.org"})
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(foreign)


def test_every_control_has_a_name_and_fits_a_phone(opened):
    """Catches a control that a screen reader cannot name, and a page wider than a phone."""
    for title in ("Pictures", "Train", "Play", "Measure", "Take away", "Runs"):
        opened.set_viewport_size({"width": 1280, "height": 900})
        turn_to(opened, title)
        tree = opened.locator("body").aria_snapshot()
        assert not re.findall(rf"- (?:{CONTROLS})(?: \[\w+\])*:?$", tree, re.M)
        opened.set_viewport_size({"width": 390, "height": 844})
        assert opened.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_zip_writes_nothing_outside_no_links_and_no_part(tmp_path, monkeypatch):
    """A page that unpacks what a stranger packed could write anywhere, or fill the disk."""
    runs = Runs(tmp_path / "runs")
    link = zipfile.ZipInfo("pets/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for entry in ("pets/../../../evil.txt", "pets/cat/1.png", link):
            archive.writestr(entry, "/etc/passwd")
    monkeypatch.setattr(ui, "MOST_FILES", 2)
    with pytest.raises(errors.UsageError, match="too large"):
        runs.keep([archive.filename])
    assert not [file for file in runs.root.rglob("*") if file.is_file()]
    monkeypatch.undo()
    kept = runs.keep([archive.filename])
    assert runs.keep([archive.filename]) == kept
    assert all(path.is_relative_to(kept) for path in tmp_path.rglob("evil.txt"))
    assert not [file for file in runs.root.rglob("*") if file.is_symlink()]
    assert list(runs.root.rglob("cat/1.png"))


@pytest.mark.long
def test_the_digits_are_trained_longer_measured_compared_and_taken_away(opened, place):
    """Catches a tab whose command fails, and a complete run that cannot be made longer."""
    tab, runs = opened, Runs(place / "checkpoints")
    look(tab, "digits")
    value(tab, "What was read", "9 156")
    turn_to(tab, "Train")
    click(tab, "More", exact=False)
    tab.get_by_label("name of the run").fill("digits")
    for steps, button in (("3", "Start"), ("6", "Go on")):
        tab.get_by_label("steps length").fill(steps)
        click(tab, button)
        value(tab, "State", f"complete: {steps} steps", 120)
        until(tab, lambda: not runs.is_busy("digits"))
    turn_to(tab, "Measure")
    click(tab, "Measure")  # which trains a classifier
    value(tab, "State", "evaluation.json", 500)
    turn_to(tab, "Runs")
    for label in ("digits: complete: 6 steps", ui.SHIPPED):
        tab.get_by_role("checkbox", name=label).check()
    click(tab, "Make: report")
    page = tab.frame_locator("iframe[title='Made']:visible")
    page.get_by_role("heading", name="digits and acgan").wait_for(timeout=60_000)
    turn_to(tab, "Play")
    tab.get_by_role("textbox", name="morph generate").fill("3,8")
    tab.get_by_role("radio", name=".gif").check()
    click(tab, "Make: sample")
    tab.locator("a[download$='.gif']").wait_for(timeout=60_000)
    turn_to(tab, "Take away")
    for kind, made in formats.FORMATS.items():
        if all(map(importlib.util.find_spec, made.needs)):
            tab.get_by_role("combobox", name="format").fill(kind)
            tab.get_by_role("combobox", name="format").press("Enter")
            path = f"tmp*/tmp*/digits/{made.file}"
            # A click while the one before is at work is passed over.
            export = functools.partial(click, tab, "Make: export")
            until(tab, lambda path=path, export=export: export() or [*place.glob(path)])
    assert runs.get("digits").newest_checkpoint().step == 6
    assert (runs.get("digits").folder / "evaluation.json").exists()


@pytest.mark.long
def test_a_training_outlives_the_server_and_is_stopped_once(browser, place, serve, tab):
    """Catches work that is lost, a run that trains twice, and a page that forgets it."""
    (process, address), runs = serve(), Runs(place / "checkpoints")
    tab.goto(address)
    look(tab, place / "my [own] pictures")  # 1
    value(tab, "What was read", "dog")
    turn_to(tab, "Train")  # 2
    name = re.search(r"--run_dir=checkpoints/(\S+)", tab.locator(COMMAND).inner_text())[1]
    click(tab, "Start")  # 3
    value(tab, "State", "still training", 90)
    tab.frame_locator("iframe[title='The run']").get_by_role("img").first.wait_for()
    with pytest.raises(errors.UsageError, match="at work"):
        runs.start(name, [])
    tab.reload()
    value(tab, "State", "still training")
    process.kill()
    assert atomic_files.is_locked(runs.get(name).folder)
    _, address = serve()
    other = browser.new_page()
    for page in (tab, other):
        page.goto(address)
        turn_to(page, "Train")
        value(page, "State", "still training")
    for page in (tab, other):  # twice at once: the second would end it without saving
        click(page, "Stop")
    value(tab, "State", "saved; the same command goes on")
    stopped = runs.get(name).newest_checkpoint().step
    until(tab, lambda: not runs.is_busy(name))
    click(tab, "Go on")
    value(other, "State", "first step done", 200)
    click(other, "Stop")
    value(other, "State", "saved; the same command goes on")
    until(tab, lambda: not runs.is_busy(name))
    other.close()
    assert runs.get(name).newest_checkpoint().step >= stopped


def test_a_torn_run_is_broken_and_the_shipped_one_is_not_trained(tmp_path):
    """Catches a page that a broken run prevents, and work in the package's own folder."""
    runs = Runs(tmp_path)
    (runs.root / "torn").mkdir()
    (runs.root / "torn" / "config.json").write_text("{")
    assert runs.state("torn").startswith("broken")
    with pytest.raises(errors.UsageError, match="not yours"):
        runs.start(ui.SHIPPED, ["evaluate"])
