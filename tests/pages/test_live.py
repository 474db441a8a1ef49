"""live.html and live.js: what a run says of itself while it trains, and in a browser."""

import json
import time

import hand_made
import pytest

from dcgan_tf.config.intervals import Intervals
from dcgan_tf.pages import live
from dcgan_tf.pages.figures import MOST_POINTS
from dcgan_tf.pages.live import LivePage
from dcgan_tf.reporting import frames, grids, metrics_log
from dcgan_tf.support import errors


@pytest.fixture
def run(tmp_path, small):
    return hand_made.make(tmp_path / "run", small("acgan", epochs=4))


def page_of(run, step=6):
    config = run.read_config()
    return LivePage(run, config, Intervals.of(config, per_epoch=3), step)


def curve(content, title, label):
    chart = next(one for one in content["charts"] if one["title"] == title)
    return next(one for one in chart["curves"] if one["label"] == label)["points"]


def add(run, page, epoch, **more):
    """What the loop does at a log entry."""
    frame = frames.path_of(run.samples, "epoch", epoch)
    grids.write_png(frame, hand_made.PIXELS[0, ..., 0])
    metrics_log.append(run.metrics, hand_made.entry(epoch, **more))
    page.add(hand_made.entry(epoch, **more))


def test_each_entry_is_shown_with_its_frame(run):
    with page_of(run) as page:
        begun = live.read(run)
        assert curve(begun, "Losses", "generator") == [[1, 1.0], [2, 0.5]]
        # Of the two epochs that are left; those of the log took 30 s each.
        assert (begun["state"], begun["left"]) == ("training", pytest.approx(60))
        assert (begun["number"], begun["numbers"]) == (2, 4)
        add(run, page, 3, **{"warning/one_class": 1})
        content = live.read(run)
        assert curve(content, "Losses", "generator")[-1] == [3, 0.33333]
        assert (content["frame"], content["step"]) == ("samples/epoch_0003.png", 9)
        assert content["left"] == pytest.approx(content["every"])  # an epoch is left
        assert content["warnings"][0].startswith("the images of all classes are alike")
        assert content["titles"] == list("0123456789")
        add(run, page, 4)
        assert live.read(run)["warnings"] == []
    assert live.read(run)["state"] == "complete"


def test_a_run_that_ends_early_says_how(run):
    with page_of(run):
        pass
    assert live.read(run)["state"] == "stopped"
    with pytest.raises(errors.RunError), page_of(run):
        raise errors.RunError("generator/loss is nan")
    content = live.read(run)
    assert (content["state"], content["message"]) == ("failed", "generator/loss is nan")


def test_nothing_is_written_where_another_process_writes(run):
    page = page_of(run)
    page.__enter__()
    (run.folder / live.SCRIPT).write_text("of another")
    error = errors.NotAloneError("another")
    page.__exit__(type(error), error, None)
    assert (run.folder / live.SCRIPT).read_text() == "of another"


def test_a_disk_that_refuses_the_last_word_hides_no_error(run):
    page = page_of(run)
    page.__enter__()
    run.folder.rename(run.folder.with_name("moved"))
    error = errors.RunError("diverged")
    page.__exit__(type(error), error, None)
    assert not run.folder.exists()


@pytest.mark.parametrize("step", [6, 12])
def test_a_disk_that_refuses_the_last_word_makes_no_error(run, step):
    page = page_of(run, step)
    page.__enter__()
    run.folder.rename(run.folder.with_name("moved"))
    page.__exit__(None, None, None)
    assert not run.folder.exists()


def test_long_curves_are_thinned_evenly_and_keep_their_end(run):
    for epoch in range(3, 1002):
        metrics_log.append(run.metrics, hand_made.entry(epoch))
    with page_of(run, step=3003):
        found = curve(live.read(run), "Losses", "generator")
    assert len(found) <= MOST_POINTS
    assert [x for x, _ in found[-3:]] == [995, 998, 1001]
    assert (run.folder / live.SCRIPT).stat().st_size < 100_000


def test_what_javascript_lacks_is_left_out(run):
    metrics_log.append(run.metrics, hand_made.entry(3, **{"generator/loss": float("nan")}))
    with page_of(run):
        assert len(curve(live.read(run), "Losses", "generator")) == 2


@pytest.mark.parametrize("text", ["", "show(", "show([1]);\n", "show({);\n", "\udcff"])
def test_a_damaged_script_says_nothing(run, text):
    (run.folder / live.SCRIPT).write_bytes(text.encode(errors="surrogateescape"))
    assert live.read(run) == {}


def test_an_open_page_shows_what_is_new(run, tab):
    with page_of(run) as page:
        tab.goto((run.folder / live.PAGE).as_uri())
        hand_made.wait_until(tab, "document.title === '2/4 run'")
        assert "training" in tab.inner_text("header")
        add(run, page, 3)
        hand_made.wait_until(tab, "document.title === '3/4 run'")
        hand_made.wait_until(
            tab, "document.querySelector('#newest img').src.includes('epoch_0003')"
        )
        assert "0.333" in tab.inner_text("#charts")
        circles = tab.locator("#charts figure").first.locator("circle")
        assert circles.count() == 6  # three epochs of two players
    hand_made.wait_until(tab, "document.querySelector('#state').textContent === 'stopped'")


@pytest.mark.parametrize(
    ("every", "ago", "state"),
    [
        (60, 500, "training"),
        (60, 700, "silent"),
        (1000, 2900, "training"),
        (1000, 3100, "silent"),
        (None, 1700, "training"),
        (None, 1900, "silent"),
    ],
)
def test_a_page_says_when_a_run_is_silent(run, tab, every, ago, state):
    with page_of(run):
        pass
    changes = {"state": "training", "written": time.time() - ago, "every": every}
    text = f"{live.BEGINS}{json.dumps({**live.read(run), **changes})}{live.ENDS}"
    (run.folder / live.SCRIPT).write_text(text)
    tab.goto((run.folder / live.PAGE).as_uri())
    tab.wait_for_selector(f"#state.{state}")
    assert ("may have been killed" in tab.inner_text("#place")) == (state == "silent")
