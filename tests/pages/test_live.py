"""live.html and live.js: what a run says of itself while it trains, and in a browser."""

import json
import time

import hand_made
import pytest

from dcgan_tf.config.intervals import Intervals
from dcgan_tf.pages import record
from dcgan_tf.pages.page import MOST_POINTS, LivePage
from dcgan_tf.reporting import log
from dcgan_tf.support import errors


@pytest.fixture
def run(tmp_path, small):
    return hand_made.make(tmp_path / "run", small("acgan", epochs=4))


def page_of(run, step=6):
    config = run.read_config()
    return LivePage(run, config, Intervals.of(config, per_epoch=3), step)


def generator_losses(content):
    return content["charts"][0]["curves"][0]["points"]


def test_each_entry_is_shown_with_its_warnings_and_the_end(run):
    with page_of(run) as page:
        shown = record.live(run)["live"]
        # The epochs of the log have three steps, and took 30 s each.
        assert (shown["state"], shown["pace"]) == ("training", pytest.approx(10))
        assert (shown["step"], shown["end"]) == (6, 12)
        odd = {"warning/one_class": 1, "generator/class_accuracy": float("nan")}
        page.add(hand_made.add(run, 3, **odd), 64.0)
        content = record.live(run)
        assert generator_losses(content) == [[1, 1.0], [2, 0.5], [3, 0.33333]]
        assert content["live"]["pace"] == 0.25  # a batch of 16 without the start-up
        (warning,) = content["runs"][0]["warnings"]
        assert warning.startswith("the images of all classes are alike")
        page.add(hand_made.add(run, 4), None)
        assert record.live(run)["runs"][0]["warnings"] == []
    assert record.live(run)["live"]["state"] == "complete"


def test_a_run_that_failed_says_why(run):
    with pytest.raises(errors.RunError), page_of(run):
        raise errors.RunError("generator/loss is nan")
    shown = record.live(run)["live"]
    assert (shown["state"], shown["message"]) == ("failed", "generator/loss is nan")


def test_long_curves_are_thinned_evenly_and_keep_their_end(run):
    for epoch in range(3, 1002):
        log.append(run.metrics, hand_made.entry(epoch))
    with page_of(run, step=3003):
        points = generator_losses(record.live(run))
    assert len(points) <= MOST_POINTS
    assert [x for x, _ in points[-3:]] == [995, 998, 1001]


CUT = """all => all.filter((title) =>
    title.scrollWidth > title.clientWidth || title.scrollHeight > title.clientHeight)"""


@pytest.mark.parametrize(("mode", "share"), [("dcgan", 0.45), ("acgan", 0.9)])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_frame_is_the_largest_and_each_title_can_be_read(
    tmp_path, small, tab, mode, share, width
):
    """Charts fill its side and the place below it, over steps where the run counts them."""
    run = hand_made.make(tmp_path / "run", hand_made.of_pets(small(mode, steps=12)))
    tab.set_viewport_size({"width": width, "height": 900})
    with page_of(run):
        tab.goto((run.folder / "live.html").as_uri())
        card = tab.locator(".frames").bounding_box()
        image = tab.locator(".frames img").bounding_box()
        charts = [chart.bounding_box() for chart in tab.locator(".chart").all()]
        units = tab.locator(".chart text").all_text_contents()
        assert tab.locator(".titles span").count() == (20 if mode == "acgan" else 0)
        assert tab.locator(".titles span").evaluate_all(CUT) == []
        assert generator_losses(record.live(run)) == [[3, 1.0], [6, 0.5]]
    assert ("epoch" in units, units.count("step")) == (False, len(charts))
    assert image["width"] > width * (0.8 if width == 390 else share)
    assert image["height"] < 0.75 * 900
    below = [chart["x"] for chart in charts if chart["y"] > card["y"] + card["height"]]
    assert min(below) == card["x"]
    assert not tab.evaluate("document.documentElement.scrollWidth > innerWidth")


# Seconds between log entries, and the longest that is no silence.
SILENCES = {60: 600, 1000: 3000, None: 1800}


def test_an_open_page_shows_what_is_new_and_when_a_run_is_silent(run, tab):
    """Without a reload, by the script beside it."""
    with page_of(run) as page:
        tab.goto((run.folder / "live.html").as_uri())
        hand_made.wait_until(tab, "document.title === '2/4 run'")
        assert "training" in tab.inner_text("header")
        page.add(hand_made.add(run, 3), None)
        hand_made.wait_until(tab, "document.title === '3/4 run'")
        frame = "document.querySelector('.frames img').src"
        hand_made.wait_until(tab, f"{frame}.includes('samples/epoch_0003.png?')")
        assert "0.333" in tab.inner_text(".grid")
        assert tab.locator(".titles span").all_inner_texts() == list("0123456789")
    tab.wait_for_selector(".state.stopped")
    assert "the same command goes on" in tab.inner_text("#place")
    content = record.live(run)
    for every, limit in SILENCES.items():
        content["live"] |= {"state": "training", "pace": every and every / 3}
        for more, state in ((-100, "training"), (100, "silent")):
            content["written"] = time.time() - limit - more
            tab.evaluate(f"void show({json.dumps(content)})")
            assert tab.inner_text(".state") == state, (every, more)
            killed = "may have been killed" in tab.inner_text("#place")
            assert killed == (state == "silent")
