"""The report of one run and of several: what it shows, and what it holds."""

import re
import shutil

import hand_made
import pytest
from conftest import new_config
from hand_made import text_of

from dcgan_tf import report as command
from dcgan_tf.cli import flags
from dcgan_tf.metrics.figures import CHARTS
from dcgan_tf.pages import figures, plots, record, report
from dcgan_tf.reporting import frames


@pytest.fixture
def run(tmp_path, small):
    return hand_made.make(tmp_path / "run", small("acgan", epochs=2))


def read(run):
    return record.read(run, run.folder.name)


def do(capsys, *arguments):
    values = command.define_flags()
    status = flags.run(command.main, values, command.__doc__, list(arguments))
    return status, *capsys.readouterr()


def test_a_run_is_one_page(run, tmp_path, capsys):
    output = tmp_path / "page.html"
    status, out, err = do(capsys, f"--run={run.folder}", f"--output={output}")
    assert (status, err) == (0, "")
    assert re.fullmatch(rf"{output}: 0\.\d MB\n", out)
    page = output.read_text()
    text = text_of(page)
    for shown in (
        "acgan on digits; complete: 2 epochs",
        "digits: 48 images of 10 classes, 28x28x1",
        "2 epochs of batches of 16; stands at step 6",
        "1 min, without evaluations and saving; 2 images/s",
        "threads 2",
        "tensorflow 2.",
        "87.50% class accuracy (GAN-test) ↑ real images: 96.88%",
        "Fréchet distance ↓ 12.500 12.500 Between",
        "kernel distance (KID) ↓ - -",
        "297 images, compared with 297 real test images of digits",
        "a note of &lt;the&gt; evaluation.",
        "0 10.2 1 11.2 2 12.2",  # classes and distances of the nearest training images
        "1.00% of the generated images are near copies: closer than 9.5 grey levels",
        "Losses generator 0.5 discriminator 2.5",
        "Real or fake real 75.0%",
        "a slow one. Dotted: real training images.",
        "negative_slope 0.2 LeakyReLU",
    ):
        assert shown in text, shown
    assert "Missing" not in text
    assert len(re.findall(r'"caption": "epoch \d"', page)) == 3


def test_the_curves_stand_where_their_values_are():
    """Of two curves the higher one is drawn higher, and both from left to right."""
    low, high = [(1, 0.25), (2, 0.25)], [(1, 0.75), (2, 0.75)]
    curves = [plots.Curve(low, 0), plots.Curve(high, 1)]
    svg = plots.draw("Losses", curves, [(0.5, 2)], share=True)
    assert svg.startswith('<svg role="img" aria-label="Losses"')
    heights = {}
    for number in (1, 2, 3):
        (path,) = re.findall(rf'<path d="(M[^"]*)"[^>]*stroke: var\(--s{number}\)', svg)
        (x, y), (later, same) = re.findall(r"([\d.]+) ([\d.]+)", path)[:2]
        assert float(x) < float(later)
        assert y == same
        heights[number] = float(y)
    assert heights[2] < heights[3] < heights[1]
    assert heights[1] - heights[3] == pytest.approx(heights[3] - heights[2])
    assert not re.search("#0[123]0", svg)  # every colour is the page's
    assert ">25%<" not in svg
    assert ">100%<" in svg


def test_a_damaged_frame_is_left_out(run):
    (run.samples / "epoch_0001.png").write_bytes(b"\x89PNG")
    frames = report._frames(read(run), 10**6)
    assert [frame["caption"] for frame in frames] == ["epoch 0", "epoch 2"]


def test_of_many_frames_sound_ones_are_chosen(run):
    frame = frames.path_of(run.samples, "epoch", 3)
    frame.write_bytes(b"\x89PNG")
    chosen = report._frames(read(run), 0)
    assert [one["caption"] for one in chosen] == ["epoch 2"]


def test_frames_are_chosen_evenly_in_the_room_that_there_is(run):
    for epoch in range(3, 9):
        shutil.copy(
            run.samples / "epoch_0002.png", frames.path_of(run.samples, "epoch", epoch)
        )
    found = read(run)
    size = max(len(frame["image"]) for frame in report._frames(found, 10**9))
    chosen = report._frames(found, 3 * size)
    assert [frame["caption"] for frame in chosen] == ["epoch 0", "epoch 4", "epoch 8"]
    assert [one["caption"] for one in report._frames(found, 0)] == ["epoch 8"]


def test_numbers_have_no_exponent():
    values = (1534.2, 0.33333, 2.0, 0.0000123, -1e6)
    shown = [figures.plain(value, share=False) for value in values]
    assert shown == ["1530", "0.333", "2", "0.0000123", "-1000000"]


def test_a_confusion_matrix_has_the_requested_class_in_its_rows(run):
    rows = report._confusion(read(run))["rows"]
    assert rows[0][:3] == [(0.9, True), (0.1, False), (0.0, False)]
    assert rows[9][9] == (1.0, True)


@pytest.fixture
def other(tmp_path, small):
    config = small("cgan", epochs=2, r1_weight=0.5)
    made = hand_made.make(tmp_path / "other", config)
    hand_made.write_evaluation(made.folder, accuracy=0.9375)
    return made


def test_runs_stand_side_by_side(run, other, tmp_path, capsys):
    output = tmp_path / "both.html"
    arguments = [f"--run={one.folder}" for one in (run, other)]
    assert do(capsys, *arguments, f"--output={output}")[0] == 0
    page = output.read_text()
    text = text_of(page)
    assert "mode acgan cgan" in text
    assert "r1_weight 1.0 0.5" in text
    assert "Bold: the best." in text
    assert "run, generator 0.5 run, discriminator 2.5 other, generator 0.5" in text
    assert "<b>93.75%</b>" in page
    assert page.count("<b>87.50%</b>") == 0
    differing = text[text.index("Settings that differ") : text.index("Images")]
    assert "batch_size" not in differing


def test_a_run_has_a_colour_and_each_of_its_curves_a_dash(run, other):
    def styles(*records):
        legend = report._chart(CHARTS[0], list(records))["legend"]
        return [(entry["colour"], entry["dash"]) for entry in legend]

    assert styles(read(run), read(other)) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert styles(read(run)) == [(0, 0), (1, 0)]


@pytest.mark.parametrize(
    ("one", "another"),
    [('"test_images": 297', '"test_images": 200'), ('"ema": true', '"ema": false')],
)
def test_figures_of_other_measurements_are_not_set_beside(run, other, one, another):
    path = other.folder / "evaluation.json"
    path.write_text(path.read_text().replace(one, another))
    table = report._table([read(run), read(other)])
    assert (table["alike"], table["others"], table["bold"]) == (False, [], False)
    page = report.page([read(run), read(other)])
    assert "do not compare" in text_of(page)
    assert "93.75%" in page
    assert "<b>93.75%" not in page
    assert "Bold" not in text_of(page)


def test_a_run_that_is_named_twice_is_shown_once(run, tmp_path, capsys):
    output = tmp_path / "page.html"
    (tmp_path / "link").symlink_to(run.folder)
    folders = [run.folder, run.folder / ".." / "run", tmp_path / "link"]
    arguments = [f"--run={folder}" for folder in folders]
    assert do(capsys, *arguments, f"--output={output}")[0] == 0
    assert "<h1>run</h1>" in output.read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "--run: name the folder of a run"),
        (["--run={}/none"], "holds no run"),
        (["--run={}/run", "--output={}/page.pdf"], "must end in .html"),
        (["--run={}/run", "--output={}/no/page.html"], "no is no folder"),
        ([f"--run={{}}/{name}" for name in "abcdefghi"], "at most 8"),
    ],
)
def test_wrong_use_is_one_line(run, tmp_path, capsys, arguments, told):
    for name in "abcdefghi":
        shutil.copytree(run.folder, tmp_path / name)
    before = sorted(tmp_path.rglob("*"))
    status, out, err = do(capsys, *(one.format(tmp_path) for one in arguments))
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert told in err
    assert sorted(tmp_path.rglob("*")) == before


def test_no_script_comes_in_by_a_name(tmp_path, small):
    config = new_config("digits", mode="cgan", precision="float32", batch_size=16)
    names = ["</script><script>x", *"123456789"]
    config = config.model_copy(update={"class_names": names})
    page = report.page([read(hand_made.make(tmp_path / "<b>run", config))])
    assert "<script>x" not in page
    assert "<b>run" not in page


def test_a_browser_plays_it_and_asks_for_nothing(run, other, tmp_path, tab):
    output = tmp_path / "page.html"
    output.write_text(report.page([read(run), read(other)]))
    asked = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(output.as_uri())
    card = tab.locator(".frames").first
    assert card.locator("output").inner_text() == "epoch 2"
    last = card.locator("img").get_attribute("src")
    card.locator("input").fill("0")
    assert card.locator("output").inner_text() == "epoch 0"
    assert card.locator("img").get_attribute("src") != last
    card.locator("button").click()
    card.locator("output", has_text="epoch 2").wait_for()
    assert card.locator("img").get_attribute("src") == last
    tab.set_viewport_size({"width": 360, "height": 800})
    wide = "document.documentElement.scrollWidth > innerWidth"
    assert not tab.evaluate(wide)
    assert all(url.startswith(("file:", "data:")) for url in asked)
