"""The steps of the published programs, in plain Keras.

The tutorial's is as its authors wrote it.  The ACGAN example's `train_on_batch` and
`predict` are compiled functions here, which is what Keras makes of them.  The maxout CGAN
is in a plain loop of our own.

Each function builds its networks and returns a callable that does one whole step, with
the next batch from its own pipeline.  `path` is a file of `data.write`.
"""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from benchmarks import data


def dcgan_tutorial(path: str, batch_size: int, policy: str = "float32"):
    """The DCGAN tutorial of tensorflow.org: its networks, its pipeline, its train_step."""
    keras.config.set_dtype_policy(policy)
    images, _ = data.floats(path)
    dataset = tf.data.Dataset.from_tensor_slices(images).shuffle(60_000).batch(batch_size)
    generator, discriminator = _tutorial_generator(), _tutorial_discriminator()
    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    generator_optimizer = keras.optimizers.Adam(1e-4)
    discriminator_optimizer = keras.optimizers.Adam(1e-4)

    @tf.function
    def train_step(images):
        noise = tf.random.normal([batch_size, 100])
        with tf.GradientTape() as gen_tape, tf.GradientTape() as disc_tape:
            generated_images = generator(noise, training=True)
            real_output = discriminator(images, training=True)
            fake_output = discriminator(generated_images, training=True)
            gen_loss = cross_entropy(tf.ones_like(fake_output), fake_output)
            disc_loss = cross_entropy(
                tf.ones_like(real_output), real_output
            ) + cross_entropy(tf.zeros_like(fake_output), fake_output)
        gen_gradients = gen_tape.gradient(gen_loss, generator.trainable_variables)
        disc_gradients = disc_tape.gradient(disc_loss, discriminator.trainable_variables)
        generator_optimizer.apply_gradients(
            zip(gen_gradients, generator.trainable_variables, strict=True)
        )
        discriminator_optimizer.apply_gradients(
            zip(disc_gradients, discriminator.trainable_variables, strict=True)
        )
        return disc_loss

    batches = iter(dataset.repeat())
    return lambda: train_step(next(batches))


def _tutorial_generator():
    return keras.Sequential(
        [
            keras.Input((100,)),
            layers.Dense(7 * 7 * 256, use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Reshape((7, 7, 256)),
            layers.Conv2DTranspose(128, 5, strides=1, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Conv2DTranspose(64, 5, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Conv2DTranspose(
                1, 5, strides=2, padding="same", use_bias=False, activation="tanh"
            ),
        ]
    )


def _tutorial_discriminator():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(64, 5, strides=2, padding="same"),
            layers.LeakyReLU(),
            layers.Dropout(0.3),
            layers.Conv2D(128, 5, strides=2, padding="same"),
            layers.LeakyReLU(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )


def acgan_keras(path: str, batch_size: int):
    """The ACGAN example of Keras, 2018: D on B real and B fakes, then G on 2B."""
    images, labels = data.floats(path)
    generator, discriminator = _acgan_generator(), _acgan_discriminator()
    generator_optimizer = keras.optimizers.Adam(2e-4, beta_1=0.5)
    discriminator_optimizer = keras.optimizers.Adam(2e-4, beta_1=0.5)
    adversarial = keras.losses.BinaryCrossentropy()
    classes = keras.losses.SparseCategoricalCrossentropy()
    random = np.random.default_rng(0)

    @tf.function
    def train_discriminator(x, y, aux_y, weights):
        with tf.GradientTape() as tape:
            real, named = discriminator(x, training=True)
            loss = adversarial(y, real) + classes(aux_y, named, sample_weight=weights)
        variables = discriminator.trainable_variables
        discriminator_optimizer.apply_gradients(
            zip(tape.gradient(loss, variables), variables, strict=True)
        )

    @tf.function
    def train_generator(noise, sampled):
        with tf.GradientTape() as tape:
            real, named = discriminator(
                generator([noise, sampled], training=True), training=True
            )
            trick = tf.fill([2 * batch_size, 1], 0.95)
            loss = adversarial(trick, real) + classes(sampled, named)
        variables = generator.trainable_variables
        generator_optimizer.apply_gradients(
            zip(tape.gradient(loss, variables), variables, strict=True)
        )
        return loss

    @tf.function
    def predict(noise, sampled):
        return generator([noise, sampled], training=False)

    steps = len(images) // batch_size
    count = 0

    def step():
        nonlocal count
        rows = slice(count % steps * batch_size, (count % steps + 1) * batch_size)
        count += 1
        noise = random.uniform(-1, 1, (batch_size, 100)).astype("float32")
        sampled = random.integers(0, 10, (batch_size, 1)).astype("int32")
        fakes = predict(tf.constant(noise), tf.constant(sampled)).numpy()
        x = np.concatenate((images[rows], fakes))
        y = np.array([0.95] * batch_size + [0.0] * batch_size, "float32")[:, None]
        aux_y = np.concatenate((labels[rows], sampled[:, 0]))
        weights = np.array([2.0] * batch_size + [0.0] * batch_size, "float32")
        train_discriminator(*(tf.constant(part) for part in (x, y, aux_y, weights)))
        noise = random.uniform(-1, 1, (2 * batch_size, 100)).astype("float32")
        sampled = random.integers(0, 10, (2 * batch_size, 1)).astype("int32")
        return train_generator(tf.constant(noise), tf.constant(sampled))

    return step


def _acgan_generator():
    latent = keras.Input((100,))
    image_class = keras.Input((1,), dtype="int32")
    embedded = layers.Embedding(10, 100, embeddings_initializer="glorot_normal")(
        image_class
    )
    x = layers.Multiply()([latent, layers.Flatten()(embedded)])
    x = layers.Dense(3 * 3 * 384, activation="relu")(x)
    x = layers.Reshape((3, 3, 384))(x)
    for filters, strides, padding in ((192, 1, "valid"), (96, 2, "same")):
        x = layers.Conv2DTranspose(
            filters,
            5,
            strides=strides,
            padding=padding,
            activation="relu",
            kernel_initializer="glorot_normal",
        )(x)
        x = layers.BatchNormalization()(x)
    fake = layers.Conv2DTranspose(
        1,
        5,
        strides=2,
        padding="same",
        activation="tanh",
        kernel_initializer="glorot_normal",
    )(x)
    return keras.Model([latent, image_class], fake)


def _acgan_discriminator():
    image = keras.Input((28, 28, 1))
    x = image
    for filters, strides in ((32, 2), (64, 1), (128, 2), (256, 1)):
        x = layers.Conv2D(filters, 3, padding="same", strides=strides)(x)
        x = layers.LeakyReLU(negative_slope=0.2)(x)
        x = layers.Dropout(0.3)(x)
    features = layers.Flatten()(x)
    fake = layers.Dense(1, activation="sigmoid")(features)
    aux = layers.Dense(10, activation="softmax")(features)
    return keras.Model(image, [fake, aux])


def cgan_maxout(path: str, batch_size: int):
    """The maxout CGAN of experiments/cgan_maxout.flags in a plain loop, a step a call."""
    images, labels = data.floats(path)
    dataset = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(60_000)
    generator, discriminator = _maxout_generator(), _maxout_discriminator()
    optimizers = [keras.optimizers.Adam(1e-3, beta_1=0.5) for _ in range(2)]
    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)

    @tf.function
    def train_step(x, y):
        noise = tf.random.normal([batch_size, 100])
        with tf.GradientTape() as gen_tape, tf.GradientTape() as disc_tape:
            fakes = generator([noise, y], training=True)
            real = discriminator([x, y], training=True)
            fake = discriminator([fakes, y], training=True)
            with tf.GradientTape() as inner:
                inner.watch(x)
                seen = discriminator([x, y])
            slope = inner.gradient(seen, x)
            penalty = tf.reduce_mean(tf.reduce_sum(slope**2, axis=[1, 2, 3]))
            gen_loss = cross_entropy(tf.ones_like(fake), fake)
            disc_loss = (
                cross_entropy(tf.ones_like(real), real)
                + cross_entropy(tf.zeros_like(fake), fake)
                + 10.0 / 2.0 * penalty
            )
        for network, optimizer, tape, loss in (
            (generator, optimizers[0], gen_tape, gen_loss),
            (discriminator, optimizers[1], disc_tape, disc_loss),
        ):
            variables = network.trainable_variables
            optimizer.apply_gradients(
                zip(tape.gradient(loss, variables), variables, strict=True)
            )
        return disc_loss

    batches = iter(dataset.batch(batch_size, drop_remainder=True).repeat().prefetch(2))
    return lambda: train_step(*next(batches))


class _Maxout(layers.Layer):
    def __init__(self, units, pieces):
        super().__init__()
        self.linear = layers.Dense(units * pieces)
        self.shape = (-1, units, pieces)

    def call(self, x):
        return tf.reduce_max(tf.reshape(self.linear(x), self.shape), axis=-1)


def _maxout_generator():
    noise, label = keras.Input((100,)), keras.Input((), dtype="int32")
    hidden = []
    for x, units in ((_one_hot(label), 200), (noise, 1000)):
        x = layers.BatchNormalization()(layers.Dense(units)(x))
        hidden.append(layers.ReLU()(x))
    x = layers.LeakyReLU(negative_slope=0.2)(
        layers.Dense(512)(layers.Concatenate()(hidden))
    )
    x = layers.BatchNormalization()(x)
    x = layers.BatchNormalization()(layers.Dense(784)(x))
    x = layers.Rescaling(2.0, offset=-1.0)(layers.Activation("sigmoid")(x))
    return keras.Model([noise, label], layers.Reshape((28, 28, 1))(x))


def _maxout_discriminator():
    image, label = keras.Input((28, 28, 1)), keras.Input((), dtype="int32")
    seen = layers.Flatten()(layers.Rescaling(0.5, offset=0.5)(image))
    features = layers.Concatenate()(
        [_Maxout(240, 5)(seen), _Maxout(50, 5)(_one_hot(label))]
    )
    return keras.Model([image, label], layers.Dense(1)(_Maxout(240, 4)(features)))


def _one_hot(label):
    return layers.CategoryEncoding(10, output_mode="one_hot")(layers.Reshape((1,))(label))
