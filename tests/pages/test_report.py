"""The report of one run and of several: its data, and the page in a browser."""

import re

import hand_made
import numpy as np
import pytest
from conftest import new_config

from dcgan_tf.pages import page, record, report


@pytest.fixture
def run(tmp_path, small):
    return hand_made.make(tmp_path / "run", small("acgan", epochs=2))


@pytest.fixture
def other(tmp_path, small):
    config = small("cgan", epochs=2, r1_weight=0.5)
    made = hand_made.make(tmp_path / "other", config)
    hand_made.write_evaluation(made.folder, accuracy=0.9375)
    return made


def show(tab, path):
    tab.goto(path.as_uri())
    tab.wait_for_selector("footer")
    return " ".join(tab.inner_text("body").split())


def test_a_run_is_one_page_that_asks_for_nothing(run, tmp_path, command, tab):
    """All that the report has to show, as a reader sees it."""
    output = tmp_path / "page.html"
    status, out, err = command("report", f"--run={run.folder}", f"--output={output}")
    assert (status, err) == (0, "")
    assert re.fullmatch(rf"{output}: 0\.\d MB\n", out)
    asked = []
    tab.on("request", lambda request: asked.append(request.url))
    text = show(tab, output)
    assert all(url.startswith(("file:", "data:")) for url in asked)
    for shown in (
        "run acgan on digits; complete: 2 epochs",
        "digits: 48 images of 10 classes, 28x28x1",
        "0:01:00 (h:mm:ss), without evaluations and saving; 2 images/s",
        "87.50% class accuracy (GAN-test) ↑ real images: 96.88%",
        "Fréchet distance ↓ 12.500 12.500 Between",
        "kernel distance (KID) ↓ - -",
        "297 images, compared with 297 real test images of digits",
        "0 10.3 1 11.3 2 12.3",  # classes and distances of the nearest training images
        "1.00% of the generated images are near copies: closer than 9.5 grey levels",
        "Losses generator 0.5 discriminator 2.5",
        "Real or fake real 75.0%",
    ):
        assert shown in text, shown
    assert "Missing" not in text
    tab.click("summary")
    assert "negative_slope 0.2 LeakyReLU" in " ".join(tab.inner_text("details").split())
    cells = tab.locator(".confusion tbody tr").first.locator("td").all_inner_texts()
    assert cells == ["90.0", "10.0", *[""] * 8]  # the requested class has a row


def test_a_player_shows_the_frames_and_runs_stand_side_by_side(
    run, other, tmp_path, command, tab
):
    output = tmp_path / "both.html"
    folders = [f"--run={entry.folder}" for entry in (run, other)]
    assert command("report", *folders, f"--output={output}")[0] == 0
    text = show(tab, output)
    for shown in (
        "mode acgan cgan",
        "r1_weight 1.0 0.5",
        "run, generator 0.5 run, discriminator 2.5 other, generator 0.5",
    ):
        assert shown in text, shown
    differing = text[text.index("Settings that differ") : text.index("Images")]
    assert "batch_size" not in differing
    bold = tab.locator(".figures tbody tr").first.locator("b").all_inner_texts()
    assert bold == ["93.75%"]
    # A run has a colour, and each of its curves a dash.
    read = """all => all.map(path =>
        ["stroke", "stroke-dasharray"].map(name => path.getAttribute(name)))"""
    styles = tab.locator(".chart").first.locator(".legend path").evaluate_all(read)
    assert styles == [[f"var(--s{run})", dash] for run in (1, 2) for dash in (None, "7 4")]
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
    assert not tab.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_curves_stand_where_their_values_are(tab, tmp_path):
    """On a share's axis, and on a logarithmic one; numbers have no exponent."""
    (tmp_path / "page.html").write_text(
        f"<script>{(page.TEMPLATES / 'chart.js').read_text()}</script>"
    )
    tab.goto((tmp_path / "page.html").as_uri())
    draw = """chart => {
        const card = chartCard(chart, [{name: "run"}]);
        const all = (selector) => [...card.querySelectorAll(selector)];
        return {
            caption: card.querySelector("figcaption").textContent,
            texts: all("text").map((text) => text.textContent),
            curves: all("[stroke-linejoin], path:not([class])").slice(-2)
                .map((path) => path.getAttribute("d")),
            across: all(".reference").map((path) => path.getAttribute("d")),
        };
    }"""
    curve = {"run": 0, "reference": None}
    low = {**curve, "number": 0, "label": "a", "points": [[1, 0.25], [2, 0.25]]}
    high = {**curve, "number": 1, "label": "b", "points": [[1, 0.75], [2, 0.75]]}
    chart = {"title": "t", "caption": "c", "share": True, "wide": False}
    drawn = tab.evaluate(draw, {**chart, "curves": [{**low, "reference": 0.5}, high]})
    places = [re.findall(r"([\d.]+),([\d.]+)", path) for path in drawn["curves"]]
    (below, above) = (np.float64(place) for place in places)
    assert below[0, 0] < below[1, 0]
    assert below[0, 1] == below[1, 1]
    between = float(re.search(r" ([\d.]+)H", drawn["across"][0])[1])
    assert between == pytest.approx((below[0, 1] + above[0, 1]) / 2, abs=0.1)
    assert above[0, 1] < below[0, 1]
    assert {"0%", "100%", "1", "2", "epoch"} <= set(drawn["texts"])
    assert drawn["caption"] == "c Dotted: real training images."
    wide = {**low, "points": [[1, 1000.0], [2, 1.0], [3, 10.0]]}
    drawn = tab.evaluate(draw, {**chart, "share": False, "wide": True, "curves": [wide]})
    heights = np.float64(re.findall(r",([\d.]+)", drawn["curves"][-1]))
    assert heights[1] - heights[2] == pytest.approx((heights[1] - heights[0]) / 3, abs=0.1)
    assert drawn["caption"] == "c Logarithmic axis."
    values = "[1534.2, 0.33333, 2, 0.0000123, -1e6].map((value) => valueText(value, false))"
    assert tab.evaluate(values) == ["1530", "0.333", "2", "0.0000123", "-1000000"]


@pytest.mark.parametrize(
    ("text", "another"),
    [('"test_images": 297', '"test_images": 200'), ('"ema": true', '"ema": false')],
)
def test_figures_of_other_measurements_are_not_set_beside(run, other, text, another):
    path = other.folder / "evaluation.json"
    path.write_text(path.read_text().replace(text, another))
    table = report.content(record.read_all([run.folder, other.folder]))["table"]
    assert table["references"] == []
    assert {row["best"] for row in table["rows"]} == {None}
    assert table["rows"][0]["cells"] == ["87.50%", "93.75%"]
    assert "do not compare" in table["notes"][1]
    assert "Bold" not in table["notes"][0]


def test_no_script_comes_in_by_a_name(tmp_path, tab):
    """Neither by the name of a class, nor by that of a run."""
    config = new_config("digits", mode="cgan", precision="float32", batch_size=16)
    names = ["</script><script>x", *"123456789"]
    config = config.model_copy(update={"class_names": names})
    run = hand_made.make(tmp_path / "<b>run", config)
    content = page.render("page.html", report.content([record.read(run)]))
    assert b"<script>x" not in content
    assert b"<b>" not in content
    (tmp_path / "page.html").write_bytes(content)
    show(tab, tmp_path / "page.html")
    assert tab.inner_text("h1") == "<b>run"
