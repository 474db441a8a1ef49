"""The report of one run and of several: its data, and the page in a browser."""

import re

import hand_made
import pytest

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
        "0 1 2 3 4 5 6 7 8 9 10.3 11.3",  # classes, distances of the nearest images
        "1.00% of the generated images are near copies: closer than 9.5 grey levels",
        "Losses generator 0.5 discriminator 2.5",
        "Real or fake real 75.0%",
    ):
        assert shown in text, shown
    assert "Missing" not in text
    order = "epoch 2", "class accuracy", "Command", "Curves over the epochs", "Machine"
    places = [text.index(part) for part in order]
    assert places == sorted(places)
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
    assert "lower is better. Bold: the best." in text
    # A run has a colour, and each of its curves a dash.
    read = """all => all.map(path =>
        ["stroke", "stroke-dasharray"].map(name => path.getAttribute(name)))"""
    styles = tab.locator(".chart").first.locator(".legend path").evaluate_all(read)
    assert styles == [[f"var(--s{run})", dash] for run in (1, 2) for dash in (None, "7 4")]
    card = tab.locator(".frames").first
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
    script = (page.TEMPLATES / "chart.js").read_text()
    (tmp_path / "page.html").write_text(f"<script>{script}</script>")
    tab.goto((tmp_path / "page.html").as_uri())
    draw = """chart => {
        const given = {title: "t", caption: "c", unit: "step", ...chart};
        const card = chartCard(given, [{name: "run"}]);
        const all = (selector, read) => [...card.querySelectorAll(selector)].map(read);
        return [
            ...["cx", "cy"].map((name) => all("circle", (dot) => +dot.getAttribute(name))),
            all(".reference", (path) => +path.getAttribute("d").match(/ (.*)H/)[1])[0],
            all("text", (text) => text.textContent),
            card.querySelector("figcaption").textContent,
        ];
    }"""
    curve = {"run": 0, "number": 0, "label": "a", "points": [[1, 0.25], [2, 0.25]]}
    curves = [curve | {"reference": 0.5}]
    curves += [curve | {"reference": None, "points": [[1, 0.75], [2, 0.75]]}]
    x, y, across, texts, caption = tab.evaluate(draw, {"share": True, "curves": curves})
    assert x[0] == x[2] < x[1] == x[3]
    assert y[0] == y[1] > y[2] == y[3]
    assert across == pytest.approx((y[0] + y[2]) / 2, abs=0.1)
    assert {"0%", "100%", "1", "2", "step"} <= set(texts)
    assert caption == "c Dotted: real training images."
    wide = curve | {"reference": None, "points": [[1, 1000.0], [2, 1.0], [3, 10.0]]}
    _, y, _, _, caption = tab.evaluate(draw, {"wide": True, "curves": [wide]})
    assert y[1] - y[2] == pytest.approx((y[1] - y[0]) / 3)
    assert caption == "c Logarithmic axis."
    values = "[1534.2, 0.33333, 2, 0.0000123, -1e6].map((value) => valueText(value, false))"
    assert tab.evaluate(values) == ["1530", "0.333", "2", "0.0000123", "-1000000"]


def test_many_classes_have_names_and_what_has_no_value_has_no_tile(tmp_path, small, tab):
    run = hand_made.make(tmp_path / "run", hand_made.of_pets(small("cgan", steps=6)))
    path = run.folder / "evaluation.json"
    path.write_text(path.read_text().replace('"recall": 0.5', '"recall": null'))
    content = page.render("page.html", report.content([record.read(run)]))
    (tmp_path / "page.html").write_bytes(content)
    assert "Curves over the steps" in show(tab, tmp_path / "page.html")
    assert "recall" not in tab.inner_text(".tiles")
    names = run.read_config().names
    for heads in ("thead th", "tbody th"):
        assert tab.locator(f".confusion {heads}").all_inner_texts() == names
    cell = tab.locator(".confusion tbody tr").nth(3).locator("td").nth(4)
    assert cell.get_attribute("title") == f"{names[3]}, seen as {names[4]}: 10.0%"
    assert tab.locator("ol li").all_inner_texts() == [
        f"{names[n]}, seen as {names[n + 1]}: 10.0%" for n in range(10)
    ]


def test_figures_of_other_measurements_are_not_set_beside(run, other):
    path = other.folder / "evaluation.json"
    path.write_text(path.read_text().replace('"ema": true', '"ema": false'))
    table = report.content(record.read_all([run.folder, other.folder]))["table"]
    assert table["references"] == []
    assert {row["best"] for row in table["rows"]} == {None}
    assert table["rows"][0]["cells"] == ["87.50%", "93.75%"]
    assert table["compared"] is None


def test_no_script_comes_in_by_a_name(tmp_path, small, tab):
    """Neither by the name of a class, nor by that of a run."""
    names = {"class_names": ["</script><script>x", *"123456789"]}
    run = hand_made.make(tmp_path / "<b>run", small("cgan").model_copy(update=names))
    content = page.render("page.html", report.content([record.read(run)]))
    assert b"<script>x" not in content
    assert b"<b>" not in content
    (tmp_path / "page.html").write_bytes(content)
    show(tab, tmp_path / "page.html")
    assert tab.inner_text("h1") == "<b>run"
