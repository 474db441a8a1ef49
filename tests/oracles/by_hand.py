"""The compact DCGAN and its updates with each adversarial loss, written once more.

TensorFlow's plain operations in float64; nothing of the package or of Keras is used.
Images are 28x28x1; there is no dropout.
"""

import tensorflow as tf
from published import Player

SLOPE = 0.25  # of LeakyReLU; TensorFlow's operation keeps it in float32
EPSILON, MOMENTUM = 1e-3, 0.99  # of BatchNormalization (Keras's)


class Generator:
    """Weights in the order of Keras's `get_weights`: gamma, beta, mean, variance."""

    def __init__(self, weights):
        self.weights = [tf.Variable(w, dtype=tf.float64) for w in weights]
        self.averages = [(3, 4), (8, 9), (13, 14)]
        flat = {index for pair in self.averages for index in pair}
        self.trainable_variables = [w for n, w in enumerate(self.weights) if n not in flat]

    def normalised(self, x, first, training):
        gamma, beta, mean, variance = self.weights[first : first + 4]
        if training:
            axes = list(range(len(x.shape) - 1))
            m = tf.reduce_mean(x, axes)
            v = tf.reduce_mean((x - m) ** 2, axes)
            mean.assign(MOMENTUM * mean + (1 - MOMENTUM) * m)
            variance.assign(MOMENTUM * variance + (1 - MOMENTUM) * v)
        else:
            m, v = mean, variance
        return gamma * (x - m) / tf.sqrt(v + EPSILON) + beta

    def __call__(self, latents, training):
        w, count = self.weights, len(latents)
        x = tf.maximum(self.normalised(tf.constant(latents) @ w[0], 1, training), 0)
        x = tf.maximum(self.normalised(x @ w[5], 6, training), 0)
        x = tf.reshape(x, [count, 7, 7, 128])
        x = tf.nn.conv2d_transpose(x, w[10], [count, 14, 14, 64], 2)
        x = tf.maximum(self.normalised(x, 11, training), 0)
        x = tf.nn.conv2d_transpose(x, w[15], [count, 28, 28, 1], 2) + w[16]
        return tf.tanh(x)


class Discriminator:
    def __init__(self, weights):
        self.weights = [tf.Variable(w, dtype=tf.float64) for w in weights]
        self.trainable_variables = self.weights

    def __call__(self, images):
        def leaky(x):
            return tf.where(x > 0, x, SLOPE * x)

        w = self.weights
        x = leaky(tf.nn.conv2d(images, w[0], 2, "SAME") + w[1])
        x = leaky(tf.nn.conv2d(x, w[2], 2, "SAME") + w[3])
        x = leaky(tf.reshape(x, [len(images), -1]) @ w[4] + w[5])
        return x @ w[6] + w[7]


def penalty(discriminator, images):
    """Half the squared norm of each image's gradient, the mean over images."""
    images = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = tf.reduce_sum(discriminator(images))
    return tf.reduce_mean(tf.reduce_sum(tape.gradient(logits, images) ** 2, [1, 2, 3])) / 2


def log_sigmoid(x):
    return tf.math.log(1 / (1 + tf.exp(-x)))


def cross_entropy(x, target):
    return -tf.reduce_mean(target * log_sigmoid(x) + (1 - target) * log_sigmoid(-x))


REAL_LABEL, GENERATOR_LABEL = 0.75, 0.875

# Of logits: the discriminator's loss on real images and on fakes, and the generator's.
APART = {
    "non_saturating": (
        lambda r: cross_entropy(r, REAL_LABEL),
        lambda f: cross_entropy(f, 0.0),
        lambda f: cross_entropy(f, GENERATOR_LABEL),
    ),
    "hinge": (
        lambda r: tf.reduce_mean(tf.maximum(0.0, 1 - r)),
        lambda f: tf.reduce_mean(tf.maximum(0.0, 1 + f)),
        lambda f: tf.reduce_mean(-f),
    ),
    "least_squares": (
        lambda r: 0.5 * tf.reduce_mean((r - 1) ** 2),
        lambda f: 0.5 * tf.reduce_mean(f**2),
        lambda f: 0.5 * tf.reduce_mean((f - 1) ** 2),
    ),
}


class System:
    """Two players, a loss, its weights (real, fake, R1, R2), and Adam's rates and beta_1.

    log: (player, gradients) of every move, in order.
    """

    def __init__(self, g, d, loss, weights, rates, beta_1):
        self.g, self.d, self.loss, self.log = g, d, loss, []
        self.real, self.fake, self.r1, self.r2 = weights
        self.for_g = Player("generator", g, rates[0], beta_1, self.log)
        self.for_d = Player("discriminator", d, rates[1], beta_1, self.log)

    def of_discriminator(self, real, fake):
        """{term: value}, "loss" among them; real or fake may be None."""
        if self.loss == "relativistic":
            adversarial = -tf.reduce_mean(log_sigmoid(real - fake))
            return {"adversarial": adversarial, "loss": adversarial}
        on_real, on_fake, _ = APART[self.loss]
        terms, loss = {}, tf.constant(0.0, tf.float64)
        if real is not None:
            terms["adversarial_real"] = on_real(real)
            loss += self.real * terms["adversarial_real"]
        if fake is not None:
            terms["adversarial_fake"] = on_fake(fake)
            loss += self.fake * terms["adversarial_fake"]
        return {**terms, "loss": loss}

    def penalised(self, terms, images, fakes):
        """With R1 and R2 in the loss, as far as they have weights and images."""
        for name, weight, seen in (
            ("r1_penalty", self.r1, images),
            ("r2_penalty", self.r2, fakes),
        ):
            if weight and seen is not None:
                terms[name] = penalty(self.d, seen)
                terms["loss"] += weight * terms[name]
        return terms

    def of_generator(self, real, fake):
        if self.loss == "relativistic":
            return -tf.reduce_mean(log_sigmoid(fake - real))
        return APART[self.loss][2](fake)

    def paired(self, images, latents):
        """Both gradients at the same weights; then both move."""
        with tf.GradientTape(persistent=True) as tape:
            fakes = self.g(latents, training=True)
            real, fake = self.d(tf.constant(images)), self.d(fakes)
            of_g = self.of_generator(real, fake)
            terms = self.of_discriminator(real, fake)
            terms = self.penalised(terms, images, fakes.numpy())
        self.for_g.move(tape, of_g)
        self.for_d.move(tape, terms["loss"])
        return self.named(of_g, terms)

    def alternating(self, images, latents, more_latents, separate=False):
        """The discriminator in one step or in two, then the generator on new latents."""
        fakes = self.g(latents, training=False).numpy()
        terms, losses = {}, []
        for seen in ((images, None), (None, fakes)) if separate else ((images, fakes),):
            with tf.GradientTape() as tape:
                logits = [None if x is None else self.d(tf.constant(x)) for x in seen]
                found = self.penalised(self.of_discriminator(*logits), *seen)
            self.for_d.move(tape, found["loss"])
            terms |= found
            losses.append(found["loss"])
        terms["loss"] = sum(losses) / len(losses)
        with tf.GradientTape() as tape:
            fake = self.d(self.g(more_latents, training=True))
            of_g = self.of_generator(self.d(tf.constant(images)), fake)
        self.for_g.move(tape, of_g)
        return self.named(of_g, terms)

    def named(self, of_g, terms):
        return {
            "generator/loss": of_g,
            "generator/adversarial": of_g,
            **{f"discriminator/{name}": value for name, value in terms.items()},
        }
