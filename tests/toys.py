"""Runs of the real loop, folder and files, by networks of one layer and a line of sums."""

import dataclasses

import keras
import tensorflow as tf

from dcgan_tf.cli import launch
from dcgan_tf.config.presets import PRESETS
from dcgan_tf.gans import build
from dcgan_tf.runs import checkpoint
from dcgan_tf.runs.folder import Run, RunConfig
from dcgan_tf.support import stop_signal
from dcgan_tf.training import loop
from dcgan_tf.training.devices import Workers
from dcgan_tf.training.train_state import TrainState


class Killed(stop_signal.AtOnce):
    """The end of the process."""


def go(folder, config, split, test=None, parent=None, **options):
    """Trains the run in a folder from its newest checkpoint on, as the command does.

    options: of `launch.train`.  Returns the run, and the signal that stopped it.
    """
    run = Run(folder)
    content = run.read() if run.exists() else RunConfig(config, parent)
    state = TrainState.create(config)
    if info := run.newest_checkpoint():
        checkpoint.restore(state.checkpoint(), info)
    with run.locked():
        content = dataclasses.replace(content, config=config)
        run.write_config(content)
        return run, launch.train(run, content, state, split, test, Workers(), **options)


def generator(spec, latent_dim):
    latents = keras.Input((latent_dim,))
    labels = keras.Input((), dtype="int32")
    pixels = keras.layers.Dense(784, activation="tanh")(latents)
    return keras.Model([latents, labels], keras.layers.Reshape(spec.shape)(pixels))


def discriminator(spec, **sizes):
    """sizes: of the heads besides the adversarial one"""
    images = keras.Input(spec.shape)
    labels = keras.Input((), dtype="int32")
    pixels = keras.layers.Flatten()(images)
    heads = {"adversarial": 1, **sizes}
    logits = {name: keras.layers.Dense(size)(pixels) for name, size in heads.items()}
    return keras.Model([images, labels], logits)


class Toys:
    """Lets cgan and dcgan be toys, whose every step is a call, while `monkeypatch` lasts.

    at:      what else happens in a step, by its number: a function of the state
    scores:  what evaluations find, by step; by default the real ones evaluate
    options: what `make_train_steps` was given, at each start
    calls:   the step that each call has reached
    """

    def __init__(self, monkeypatch, small):
        self._monkeypatch, self._small = monkeypatch, small
        self.at, self.scores, self.options, self.calls = {}, {}, [], []
        for mode in ("dcgan", "cgan"):
            networks, architecture = (generator, discriminator), PRESETS[mode].usual
            monkeypatch.setitem(build.NETWORKS, (mode, architecture), networks)
        monkeypatch.setattr(launch, "make_train_steps", self._make_steps)
        monkeypatch.setattr(loop, "CALL_SECONDS", 0.0)

    def config(self, mode="cgan", **settings):
        return self._small(mode, **{"latent_dim": 4, "ema_half_life": 0, **settings})

    def score(self, scores):
        self.scores = scores
        self._monkeypatch.setattr(loop.classifier, "load", lambda *_: None)
        self._monkeypatch.setattr(loop, "Evaluator", lambda *_: self)

    def figures_of_run(self, run):
        return {"selection_score": self.scores[run.step]}

    def _make_steps(self, state, config, **options):
        self.options.append(options)

        def steps(batches, count):
            for _ in range(int(count)):
                images, _ = next(batches)
                for weight in state.gan.generator.weights:
                    weight.assign(weight * 0.5 + tf.reduce_mean(images))
                for total in state.term_sums.values():
                    total.assign_add(1.0)
                state.term_steps.assign_add(1)
                state.step.assign_add(1)
                self.at.get(int(state.step), lambda state: None)(state)
            self.calls.append(int(state.step))
            return state.step

        return steps
