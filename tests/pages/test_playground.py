"""The playground in a real browser: what it draws, against what TensorFlow computes."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import untrained
from hand_made import wait_until

from dcgan_tf.config import resolve
from dcgan_tf.data.pipeline import to_uint8
from dcgan_tf.gans.build import build
from dcgan_tf.pages import network, page, playground
from dcgan_tf.runs import trained
from dcgan_tf.runs.folder import PRETRAINED


def write(path, loaded):
    """Writes the page of a generator; returns its path and the generator."""
    path.write_bytes(page.render("playground.html", playground.content(loaded)))
    return path, loaded.gan.ema_generator


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The page of the ACGAN that comes with the package, and its generator."""
    path = tmp_path_factory.mktemp("page") / "playground.html"
    return write(path, trained.load(PRETRAINED))


@pytest.fixture
def multiplying(tmp_path):
    """The same of an ACGAN whose embedding multiplies, so classes have other directions."""

    def strengthen(gan):  # or untrained images would be grey whatever the latents
        layer = gan.ema_generator.get_layer("label_embedding")
        layer.set_weights([30 * weight for weight in layer.get_weights()])

    run, _ = untrained(tmp_path / "run", strengthen, mode="acgan", label_fusion="multiply")
    return write(tmp_path / "playground.html", trained.load(run.folder))


def show(tab, path):
    tab.goto(path.as_uri())
    settled(tab)


def settled(tab):
    """The tab, once everything that waits to be drawn is."""
    wait_until(tab, "frame === 0")
    return tab


def shown(tab, selector="#pictures canvas", at=0):
    """The grey levels of canvases, uint8 [N, 28, 28], from `at` pixels on."""
    read = f"c => [...c.getContext('2d').getImageData({at}, {at}, 28, 28).data]"
    levels = settled(tab).locator(selector).evaluate_all(f"all => all.map({read})")
    return np.uint8(levels).reshape(-1, 28, 28, 4)[..., 0]


def latents_of(tab, *arguments):
    script = "given => Array.from(sampleLatents(...given))"
    return np.float32(tab.evaluate(script, list(arguments)))


def check_drawn(ours, model, latents, labels):
    """Weights in half precision may move a pixel by a level of 255."""
    images = model([tf.constant(np.float32(latents)), tf.constant(labels)]).numpy()
    assert np.abs(ours.astype(int) - to_uint8(images)[..., 0]).max() <= 1


def test_what_is_typed_is_drawn_by_a_seed(tab, shipped):
    """The page asks for nothing; an error in a drawing stops no other one."""
    requests = []
    tab.on("request", lambda request: requests.append(request.url))
    show(tab, shipped[0])
    tab.fill("#text", "70x42")
    assert "Digits" in tab.inner_text("#text-field")
    assert tab.locator("#pictures figcaption").all_inner_texts() == ["7", "0", "4", "2"]
    latents = [latents_of(tab, 1, index) for index in range(4)]
    check_drawn(shown(tab), shipped[1], latents, [7, 0, 4, 2])
    tab.fill("#text", "")
    assert tab.locator("#pictures canvas").count() == 0
    tab.fill("#text", "0123456789" * 2)
    assert tab.locator("#pictures canvas").count() == 12
    failing = """() => {
        redraw([() => { throw new Error("of a drawing"); }]);
        cancelAnimationFrame(frame);
        try { drawWaiting(); } catch {}
    }"""
    settled(tab).evaluate(failing)
    tab.fill("#text", "33")
    first = shown(tab)
    assert (first[0] != first[1]).any()
    tab.click("#new-noise")
    assert tab.input_value("#seed") != "1"
    assert (shown(tab) != first).any()
    tab.fill("#seed", "1")
    assert (shown(tab) == first).all()
    tab.check("#shared")
    assert (shown(tab) == first[0]).all()
    assert requests == [shipped[0].as_uri()]


@pytest.mark.parametrize("which", ["shipped", "multiplying"])
def test_the_pad_moves_the_noise_along_the_principal_directions(tab, request, which):
    path, model = request.getfixturevalue(which)
    show(tab, path)
    directions = network.principal_directions(model)
    if which == "shipped":
        directions = np.repeat(directions, 10, axis=0)  # of all classes
    tab.fill("#text", "27")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        tab.press("#pad", key)
    tab.locator("#sliders input").first.fill("2")
    latents = np.array([latents_of(tab, 1, index) for index in range(2)])
    for index, number in enumerate((2, 7)):
        latents[index] += np.array([0.4, -0.2, 2]) @ directions[number][:3]
    check_drawn(shown(tab), model, latents, [2, 7])
    check_drawn(shown(tab, "#steered"), model, latents[:1], [2])
    # The lower right corner of the map is 3 along the first, and -3 along the second.
    latents[0] += np.array([2.6, -2.8]) @ directions[2][:2]
    check_drawn(shown(tab, "#map", at=6 * 28), model, latents[:1], [2])
    tab.click("#centre")
    assert tab.evaluate("state.shift") == [0] * network.DIRECTIONS


def drag(tab, selector, x, y):
    """From the middle to a place, given as shares of the width and the height."""
    box = tab.locator(selector).bounding_box()
    start, end = (
        (box["x"] + a * box["width"], box["y"] + b * box["height"])
        for a, b in ((0.5, 0.5), (x, y))
    )
    tab.mouse.move(*start)
    tab.mouse.down()
    tab.mouse.move(*end)
    tab.mouse.up()
    tab.mouse.move(*start)


def test_a_morph_mixes_the_embeddings_of_its_classes_and_dragging_follows(tab, shipped):
    """Normal latents keep their norm on the way to others."""
    show(tab, shipped[0])
    model, latents = shipped[1], [latents_of(tab, 1)]
    tab.select_option("#from-class", "2")
    tab.select_option("#to-class", "8")
    for key, number in (("Home", 2), ("End", 8)):
        tab.press("#between", key)
        check_drawn(shown(tab, "#between-picture canvas"), model, latents, [number])
    tab.locator("#between").fill("25")
    embedding = model.get_layer("label_embedding").embeddings
    before = embedding.numpy()
    mixed = before.copy()
    mixed[5] = 0.75 * before[2] + 0.25 * before[8]
    embedding.assign(mixed)
    check_drawn(shown(tab, "#between-picture canvas"), model, latents, [5])
    embedding.assign(before)
    tab.uncheck("#one-noise")
    script = "[0, 0.5, 1].map(share => Array.from(morphInputs(share)[0]))"
    start, middle, end = np.array(tab.evaluate(script))
    assert np.allclose(start, latents_of(tab, 1))
    assert np.allclose(end, latents_of(tab, 2))
    norms = np.linalg.norm([start, middle, end], axis=1)
    assert norms[1] == pytest.approx((norms[0] + norms[2]) / 2, rel=0.05)
    many = np.array([latents_of(tab, seed) for seed in range(50)])
    assert abs(many.mean()) < 0.05  # 3.5 standard errors
    assert abs(many.std() - 1) < 0.035
    tab.set_viewport_size({"width": 1200, "height": 1600})
    drag(tab, "#pad", 1.2, 0.5 - 1 / 7)
    tab.click("#pad", button="right", position={"x": 5, "y": 5})
    assert np.allclose(tab.evaluate("state.shift.slice(0, 2)"), [3, 1], atol=0.05)
    drag(tab, "#strip", 2.5 / 7, 0.5)
    assert tab.evaluate("state.between") == pytest.approx(2 / 6, abs=0.01)


def show_page(tab, path, **overrides):
    """Of untrained networks for images of 16x32x3; and these."""
    given = {"mode": "acgan", "dataset": "/home/me/{{data}}", "classes": 2}
    names = ["cat", "</script><b>dog"]
    given |= {"class_names": names, "height": 16, "width": 32, "channels": 3} | overrides
    made = {name: given.pop(name) for name in ("mode", "latent_prior") if name in given}
    config = resolve.new(made, **given)
    show(tab, write(path, trained.TrainedRun(config, build(config), step=7))[0])


def test_classes_of_own_images_are_chosen_by_name(tab, tmp_path):
    """A name is text, whatever it looks like; nothing is wider than the window."""
    show_page(tab, tmp_path / "own.html")
    assert tab.locator(".subtitle").inner_text() == "ACGAN trained on {{data}}, step 7"
    assert not tab.is_visible("#text")
    for _ in range(6):
        tab.click("#remove")
    tab.click("#chips button >> nth=1")
    settled(tab)
    assert tab.locator("#pictures figcaption").all_inner_texts() == ["</script><b>dog"]
    names = ["a", "a long name of a class with_an_unbroken_part_of_some_length"] * 20
    show_page(tab, tmp_path / "many.html", classes=40, class_names=names)
    for width in (360, 1600):
        tab.set_viewport_size({"width": width, "height": 800})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
