"""The page in a real browser: what it shows, against what TensorFlow computes."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import untrained
from hand_made import wait_until

from dcgan_tf.config import resolve
from dcgan_tf.data.pipeline import to_uint8
from dcgan_tf.gans.build import build
from dcgan_tf.pages import network
from dcgan_tf.pages import playground as pages
from dcgan_tf.runs import trained
from dcgan_tf.runs.folder import PRETRAINED

LEVELS = 1  # of 255, by which weights in half precision may move a pixel


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The page of the ACGAN that comes with the package, and its generator."""
    return written(trained.load(PRETRAINED), tmp_path_factory)


def written(loaded, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "playground.html"
    pages.write(path, loaded, discriminator=False)
    return path, loaded.gan.ema_generator


@pytest.fixture(scope="module")
def multiplying(tmp_path_factory):
    """The same of an ACGAN whose embedding multiplies, so classes have other directions."""

    def strengthen(gan):  # or untrained images would be grey whatever the latents
        layer = gan.ema_generator.get_layer("label_embedding")
        layer.set_weights([30 * weight for weight in layer.get_weights()])

    folder = tmp_path_factory.mktemp("run") / "run"
    run, _ = untrained(folder, strengthen, mode="acgan", label_fusion="multiply")
    return written(trained.load(run.folder), tmp_path_factory)


@pytest.fixture
def page(tab, shipped):
    return show(tab, shipped[0])


def show(tab, path):
    tab.goto(path.as_uri())
    return settled(tab)


def settled(tab):
    """The tab, once everything that waits to be drawn is."""
    wait_until(tab, "frame === 0")
    return tab


def shown(page, selector="#pictures canvas"):
    """The grey levels of canvases, uint8 [N, 28, 28]."""
    read = (
        "all => all.map(one => [...one.getContext('2d').getImageData(0, 0, 28, 28).data])"
    )
    levels = np.uint8(settled(page).locator(selector).evaluate_all(read))
    return levels.reshape(-1, 28, 28, 4)[..., 0]


def latents_of(page, *arguments):
    script = "given => Array.from(sampleLatents(...given))"
    return np.float32(page.evaluate(script, list(arguments)))


def drawn_by_tensorflow(model, latents, labels):
    images = model([tf.constant(np.float32(latents)), tf.constant(labels)])
    return to_uint8(images.numpy())[..., 0]


def check_drawn(ours, model, latents, labels):
    theirs = drawn_by_tensorflow(model, latents, labels)
    assert np.abs(ours.astype(int) - theirs).max() <= LEVELS


def test_what_is_typed_is_drawn(page, shipped):
    asked_for = []
    page.on("request", lambda request: asked_for.append(request.url))
    show(page, shipped[0])
    page.fill("#text", "70x42")
    assert "Digits" in page.inner_text("#text-field")
    assert page.locator("#pictures figcaption").all_inner_texts() == ["7", "0", "4", "2"]
    latents = [latents_of(page, 1, index) for index in range(4)]
    check_drawn(shown(page), shipped[1], latents, [7, 0, 4, 2])
    page.fill("#text", "")
    assert page.locator("#pictures canvas").count() == 0
    page.fill("#text", "0123456789" * 2)
    assert page.locator("#pictures canvas").count() == 12
    assert asked_for == [shipped[0].as_uri()]


def test_a_seed_gives_the_same_pictures_again(page):
    page.fill("#text", "33")
    first = shown(page)
    assert (first[0] != first[1]).any()
    page.click("#new-noise")
    assert page.input_value("#seed") != "1"
    assert (shown(page) != first).any()
    page.fill("#seed", "1")
    assert (shown(page) == first).all()
    page.check("#shared")
    assert (shown(page) == first[0]).all()


@pytest.mark.parametrize("which", ["shipped", "multiplying"])
def test_the_pad_moves_the_noise_along_the_principal_directions(tab, request, which):
    path, model = request.getfixturevalue(which)
    page = show(tab, path)
    directions = network.principal_directions(model)
    if which == "shipped":
        directions = np.repeat(directions, 10, axis=0)  # of all classes
    page.fill("#text", "27")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.press("#pad", key)
    page.locator("#sliders input").first.fill("2")
    latents = np.array([latents_of(page, 1, index) for index in range(2)])
    for index, number in enumerate((2, 7)):
        latents[index] += np.array([0.4, -0.2, 2]) @ directions[number][:3]
    check_drawn(shown(page), model, latents, [2, 7])
    check_drawn(shown(page, "#steered"), model, latents[:1], [2])
    # The lower right corner of the map is 3 along the first, and -3 along the second.
    latents[0] += np.array([2.6, -2.8]) @ directions[2][:2]
    read = "c => [...c.getContext('2d').getImageData(6 * 28, 6 * 28, 28, 28).data]"
    corner = np.uint8(page.locator("#map").evaluate(read)).reshape(28, 28, 4)[..., 0]
    check_drawn(corner, model, latents[:1], [2])
    page.click("#centre")
    assert page.evaluate("state.shift") == [0] * network.DIRECTIONS


def drag(page, selector, x, y):
    """From the middle to a place, given as shares of the width and the height."""
    box = page.locator(selector).bounding_box()
    place = [
        (box["x"] + a * box["width"], box["y"] + b * box["height"])
        for a, b in ((0.5, 0.5), (x, y))
    ]
    page.mouse.move(*place[0])
    page.mouse.down()
    page.mouse.move(*place[1])
    page.mouse.up()
    page.mouse.move(*place[0])


def test_dragging_follows_the_pointer_until_it_is_up(page):
    page.set_viewport_size({"width": 1200, "height": 1600})
    drag(page, "#pad", 1.2, 0.5 - 1 / 7)
    page.click("#pad", button="right", position={"x": 5, "y": 5})
    assert np.allclose(page.evaluate("state.shift.slice(0, 2)"), [3, 1], atol=0.05)
    drag(page, "#strip", 2.5 / 7, 0.5)
    assert page.evaluate("state.between") == pytest.approx(2 / 6, abs=0.01)


def test_a_morph_mixes_the_embeddings_of_its_classes(page, shipped):
    model, latents = shipped[1], [latents_of(page, 1)]
    page.select_option("#from-class", "2")
    page.select_option("#to-class", "8")
    for key, number in (("Home", 2), ("End", 8)):
        page.press("#between", key)
        check_drawn(shown(page, "#between-picture canvas"), model, latents, [number])
    page.locator("#between").fill("25")
    embedding = model.get_layer("label_embedding").embeddings
    before = embedding.numpy()
    mixed = before.copy()
    mixed[5] = 0.75 * before[2] + 0.25 * before[8]
    embedding.assign(mixed)
    check_drawn(shown(page, "#between-picture canvas"), model, latents, [5])
    embedding.assign(before)


def test_normal_latents_keep_their_norm_on_the_way_to_others(page):
    page.uncheck("#one-noise")
    script = "[0, 0.5, 1].map(share => Array.from(morphInputs(share)[0]))"
    start, middle, end = np.array(page.evaluate(script))
    assert np.allclose(start, latents_of(page, 1))
    assert np.allclose(end, latents_of(page, 2))
    norms = np.linalg.norm([start, middle, end], axis=1)
    assert norms[1] == pytest.approx((norms[0] + norms[2]) / 2, rel=0.05)
    many = np.array([latents_of(page, seed) for seed in range(50)])
    assert abs(many.mean()) < 0.05  # 3.5 standard errors
    assert abs(many.std() - 1) < 0.035


def write_page(path, **overrides):
    """Of untrained networks for images of 16x32x3; and these."""
    given = {"mode": "acgan", "dataset": "/home/me/{{page}}", "classes": 2}
    names = ["cat", "</script><b>dog"]
    given |= {"class_names": names, "height": 16, "width": 32, "channels": 3} | overrides
    settings = ("mode", "latent_prior", "adversarial_loss")
    made = {name: given.pop(name) for name in settings if name in given}
    config = resolve.new(made, **given)
    loaded = trained.TrainedRun(config, build(config), step=7)
    pages.write(path, loaded, discriminator=True)
    return loaded


def test_classes_of_own_images_and_what_the_discriminator_says(tab, tmp_path):
    loaded = write_page(tmp_path / "own.html", adversarial_loss="least_squares")
    show(tab, tmp_path / "own.html")
    assert tab.locator(".subtitle").inner_text() == "ACGAN trained on {{page}}, step 7"
    assert not tab.is_visible("#text")
    for _ in range(6):
        tab.click("#remove")
    tab.click("#chips button >> nth=1")
    settled(tab)
    assert tab.locator("#pictures figcaption").all_inner_texts() == ["</script><b>dog"]
    latents, label = tf.constant([latents_of(tab, 1)]), tf.constant([1])
    images = loaded.gan.ema_generator([latents, label])
    logits = loaded.gan.discriminate(images, label, training=False)
    logit = logits.adversarial.numpy().item()
    shown_logit = tab.locator("#pictures .scale span >> nth=1").inner_text()
    assert float(shown_logit.replace("\N{MINUS SIGN}", "-")) == pytest.approx(
        logit, abs=0.051
    )
    # This loss's targets are 0 and 1: the middle between fake and real is 0.5.
    left = tab.locator("#pictures .meter i").evaluate("marker => marker.style.left")
    assert float(left[:-1]) == pytest.approx(100 / (1 + np.exp(0.5 - logit)), abs=0.1)
    probabilities = tf.nn.softmax(logits.classes)[0].numpy()
    heights = tab.locator("#pictures .bars i").evaluate_all(
        "all => all.map(i => i.style.height)"
    )
    assert np.allclose([float(h[:-1]) for h in heights], 100 * probabilities, atol=0.1)
    best = ["cat", "</script><b>dog"][probabilities.argmax()]
    likeliest = f"{best}: {100 * probabilities.max():.0f} %"
    assert tab.locator("#pictures .class").inner_text() == likeliest


def test_classes_that_are_no_digits_are_not_called_digits(tab, tmp_path):
    write_page(
        tmp_path / "page.html", dataset="emnist/letters", classes=3, class_names=None
    )
    show(tab, tmp_path / "page.html")
    assert tab.inner_text("#text-field").strip() == "Classes, by number"
    assert "trained on emnist/letters, step" in tab.inner_text(".subtitle")


def test_an_error_in_a_drawing_stops_no_other(page):
    page.evaluate(
        """() => {
            redraw([() => { throw new Error("of a drawing"); }]);
            cancelAnimationFrame(frame);
            try { drawWaiting(); } catch {}
        }"""
    )
    page.fill("#text", "33")
    assert len(shown(page)) == 2


def test_without_classes_the_page_does_not_speak_of_them(tab, tmp_path):
    overrides = {"mode": "dcgan", "latent_prior": "uniform", "classes": 1}
    write_page(tmp_path / "page.html", **overrides, class_names=None)
    show(tab, tmp_path / "page.html")
    assert tab.locator("#pictures canvas").count() == 6
    assert "class" not in tab.locator("body").inner_text()
    latents = np.array([latents_of(tab, seed) for seed in range(50)])
    assert 0.99 < np.abs(latents).max() <= 1
    assert abs(latents.mean()) < 0.03


def test_nothing_is_wider_than_the_window(tab, tmp_path):
    names = ["a", "a long name of a class with_an_unbroken_part_of_some_length"] * 20
    write_page(tmp_path / "page.html", classes=40, class_names=names)
    show(tab, tmp_path / "page.html")
    for width in (360, 1600):
        tab.set_viewport_size({"width": width, "height": 800})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
