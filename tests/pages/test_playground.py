"""The playground in a real browser: what it draws, against what TensorFlow computes."""

import functools

import imageio.v3 as iio
import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import new_config
from hand_made import wait_until
from keras import layers

from dcgan_tf.config import resolve
from dcgan_tf.data.pipeline import to_uint8
from dcgan_tf.gans.build import build
from dcgan_tf.models import blocks
from dcgan_tf.pages import page, playground
from dcgan_tf.runs import trained
from dcgan_tf.runs.folder import PRETRAINED

KERNEL = np.diag([2, -3, 1])
# [latents, embedding]: the rows behind the latents' do not count.
BOTH = np.concatenate([KERNEL, 9 * np.eye(3)])


@pytest.mark.parametrize(
    ("kernel", "table", "fusion", "orders"),
    [
        (KERNEL, None, None, [[1, 0, 2]]),
        (BOTH, np.ones((2, 3)), "concatenate", [[1, 0, 2]]),
        (KERNEL, [[1, 1, 1], [1, 0.1, 5]], "multiply", [[1, 0, 2], [2, 0, 1]]),
    ],
)
def test_principal_directions_are_those_of_the_largest_response(
    kernel, table, fusion, orders
):
    """By hand, of a diagonal kernel; a class that multiplies has directions of its own."""
    inputs, x = blocks.fused_inputs(3, 2, fusion)
    dense = layers.Dense(3, use_bias=False)
    generator = keras.Model(inputs, dense(x))
    dense.set_weights([np.float32(kernel)])
    if table is not None:
        generator.get_layer("label_embedding").set_weights([np.float32(table)])
    directions = playground.principal_directions(generator)
    assert np.allclose(directions.max(axis=-1), [1, 1, 1, 0, 0, 0])  # of three latents
    assert directions[:, :3].argmax(axis=-1).tolist() == orders


@functools.cache
def shipped():
    return trained.load(PRETRAINED)


def multiplying():
    """An ACGAN whose embedding multiplies, so that classes have directions of their own."""
    settings = {"mode": "acgan", "label_fusion": "multiply", "precision": "float32"}
    settings["architecture"] = "compact2"
    config = new_config("digits", **settings)
    gan = build(config)
    layer = gan.ema_generator.get_layer("label_embedding")
    # Untrained images would be grey whatever the latents.
    layer.set_weights([30 * weight for weight in layer.get_weights()])
    return trained.TrainedRun(config, gan, step=7)


def show(tab, path, loaded):
    """Opens the page of a generator, which it returns, once all is drawn."""
    path.write_bytes(page.render("playground.html", playground.content(loaded)))
    tab.goto(path.as_uri())
    settled(tab)
    return loaded.gan.ema_generator


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


def check_drawn(drawn, model, latents, labels):
    """Weights in half precision may move a pixel by a level of 255."""
    images = to_uint8(model([tf.constant(np.float32(latents)), tf.constant(labels)]))
    assert np.abs(np.reshape(drawn, images.shape).astype(int) - images).max() <= 1


MNIST = {"dataset": "mnist", "classes": 10, "height": 28, "width": 28, "channels": 1}
WIDE = {"dataset": "pets", "classes": 3, "height": 16, "width": 32, "channels": 3}
RGBA = {"dataset": "pets", "classes": 2, "height": 16, "width": 16, "channels": 4}
LARGE = {"dataset": "pets", "classes": 2, "height": 48, "width": 64, "channels": 3}
long = pytest.mark.long
GENERATE = """inputs => inputs.map(([latents, weights]) =>
  Array.from(generate(Float32Array.from(latents), Float32Array.from(weights))))"""


@pytest.mark.parametrize(
    ("overrides", "data"),
    [
        ({"mode": "acgan", "label_fusion": "multiply"}, MNIST),
        ({"mode": "cgan", "label_fusion": "add"}, WIDE),
        pytest.param({"mode": "cgan", "label_fusion": "concatenate"}, WIDE, marks=long),
        pytest.param({"mode": "dcgan"}, {**MNIST, "classes": 1}, marks=long),
        ({"mode": "cgan", "latent_dim": 7}, LARGE),
    ],
)
def test_a_browser_draws_what_tensorflow_does(tab, tmp_path, overrides, data):
    """Of random weights, scaled so that images have all grey levels."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    config = resolve.new({**overrides, "ema_half_life": 0}, class_names=None, **data)
    gan = build(config)
    generator, labels = gan.generator, np.array([config.classes - 1, 0])
    latents = gan.sample_latents(len(labels), [0, 0])
    for layer in generator.layers:
        layer.set_weights([w + rng.normal(0, 0.05, w.shape) for w in layer.get_weights()])
    deviation = np.arctanh(generator([latents, tf.constant(labels)]).numpy()).std()
    for weight in generator.layers[-1].trainable_weights:
        weight.assign(weight / deviation)
    show(tab, tmp_path / "page.html", trained.TrainedRun(config, gan, step=0))
    weights = np.eye(config.classes)[labels].tolist()
    inputs = list(zip(latents.numpy().tolist(), weights, strict=True))
    drawn = to_uint8(np.float32(tab.evaluate(GENERATE, inputs)))
    assert drawn.std() > 25
    check_drawn(drawn, generator, latents, labels)


def test_a_generator_of_transparent_pictures_draws_them_so(tab, tmp_path):
    """Catches a picture that is opaque, or without something behind it."""
    given = {"mode": "cgan", "precision": "float32"}
    config = resolve.new(given, class_names=None, **RGBA)
    gan = build(config)
    show(tab, tmp_path / "page.html", trained.TrainedRun(config, gan, step=0))
    read = "c => [...c.getContext('2d').getImageData(0, 0, 16, 16).data]"
    drawn = settled(tab).locator("#steered").evaluate(read)
    alpha = np.reshape(drawn, (16, 16, 4))[..., 3]
    assert np.abs(alpha - 127.5).max() < 40, "untrained images are half transparent"
    behind = "c => getComputedStyle(c).backgroundImage"
    assert "gradient" in tab.locator("#steered").evaluate(behind)


def test_what_is_typed_is_drawn_by_a_seed(tab, tmp_path):
    """The page asks for nothing; an error in a drawing stops no other one."""
    requests = []
    tab.on("request", lambda request: requests.append(request.url))
    model = show(tab, tmp_path / "page.html", shipped())
    tab.fill("#text", "70x42")
    assert "Digits" in tab.inner_text("#text-field")
    assert tab.locator("#pictures figcaption").all_inner_texts() == ["7", "0", "4", "2"]
    latents = [latents_of(tab, 1, index) for index in range(4)]
    check_drawn(shown(tab), model, latents, [7, 0, 4, 2])
    for typed, count, dropped in ((0, 0, ""), (102, 100, "first 100 of 102 pictures")):
        tab.fill("#text", "7" * typed)
        assert tab.locator("#pictures canvas").count() == count
        assert dropped in tab.inner_text("#dropped")
    failing = """() => {
        redraw([() => { throw new Error("of a drawing"); }]);
        cancelAnimationFrame(frame);
        try { drawWaiting(); } catch {}
    }"""
    settled(tab).evaluate(failing)
    tab.fill("#text", "33")
    first = shown(tab)
    assert (first[0] != first[1]).any()
    tab.click("#new-latents")
    assert (shown(tab) != first).any()
    tab.fill("#seed", "1")
    assert (shown(tab) == first).all()
    tab.check("#shared")
    assert (shown(tab) == first[0]).all()
    assert requests == [(tmp_path / "page.html").as_uri()]


@pytest.mark.parametrize("load", [shipped, multiplying])
def test_the_pad_moves_the_latents_along_the_principal_directions(tab, tmp_path, load):
    model = show(tab, tmp_path / "page.html", load())
    directions = playground.principal_directions(model)
    directions = np.resize(directions, (10, *directions.shape[1:]))  # or one of each class
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
    assert tab.evaluate("state.shift") == [0] * playground.DIRECTIONS


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


def test_a_morph_mixes_the_embeddings_of_its_classes_and_dragging_follows(tab, tmp_path):
    """Normal latents keep their norm on the way to others."""
    model = show(tab, tmp_path / "page.html", shipped())
    latents = [latents_of(tab, 1)]
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
    tab.uncheck("#same-latents")
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


def test_classes_of_own_images_are_chosen_by_name(tab, tmp_path):
    """A name is text, whatever it looks like; nothing is wider than the window."""
    names = ["</script><b>dog"]
    names += ["a long name of a class with_an_unbroken_part_of_some_length"] * 39
    data = {**WIDE, "dataset": "/home/me/{{data}}", "classes": 40, "class_names": names}
    config = resolve.new({"mode": "acgan"}, **data)
    show(tab, tmp_path / "page.html", trained.TrainedRun(config, build(config), step=7))
    assert tab.locator(".subtitle").inner_text() == "ACGAN trained on {{data}}, step 7"
    assert not tab.is_visible("#text")
    for width in (360, 1600):
        tab.set_viewport_size({"width": width, "height": 800})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        hidden = "chips => chips.scrollHeight - chips.clientHeight"
        assert tab.locator("#chips").evaluate(hidden) == 0
    tab.click("#clear")
    assert tab.is_disabled("#save")
    for _ in range(2):
        tab.click("#chips button >> nth=0")
    tab.click("#remove")
    tab.fill("#copies", "3")
    settled(tab)
    assert tab.locator("#pictures figcaption").all_inner_texts() == [names[0]] * 3


def saved(tab, script):
    """The PNG that a script saves, uint8 [H, W, 4]."""
    with tab.expect_download() as download:
        tab.evaluate(script)
    assert download.value.suggested_filename.endswith(".png")
    return iio.imread(download.value.path())


def test_pictures_without_classes_are_counted_truncated_and_saved(tab, tmp_path):
    """In a file each pixel is 8 x 8, and where a side would pass 4,096 fewer."""
    config = new_config("digits", mode="dcgan", precision="float32")
    loaded = trained.TrainedRun(config, build(config), step=7)
    model = show(tab, tmp_path / "page.html", loaded)
    assert not tab.is_visible("#clear")
    for count, size in (("13", (672, 1344)), ("2", (224, 448))):
        tab.fill("#copies", count)
        assert tab.locator("#pictures canvas").count() == int(count)
        assert saved(tab, "byId('save').click()").shape == (*size, 4)
    assert saved(tab, "savePng(Array(20).fill(pictures[0]), 20, '')").shape[1] == 7 * 560
    for times in (0.5, 1.5):
        tab.fill("#truncation", str(times))
        latents = [times * latents_of(tab, 1, index) for index in range(2)]
        drawn = shown(tab)
        check_drawn(drawn, model, latents, [0, 0])
        png = saved(tab, "pictures[1].canvas.parentElement.click()")[..., 0]
        assert (png == drawn[1].repeat(8, axis=0).repeat(8, axis=1)).all()
