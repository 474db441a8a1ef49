"""The lines that a run prints."""

import pytest

from dcgan_tf.reporting import console

LOSSES = {"generator/loss": 0.75, "discriminator/loss": 1.3333, "images_per_second": 1234.5}


REAL_AND_FAKE = {
    "adversarial_accuracy_real": 0.9,
    "adversarial_accuracy_fake": 0.7,
    "class_accuracy_real": 1.0,
    "class_accuracy_fake": 0.5,
}
PAIRS = {"adversarial_accuracy": 0.6}


@pytest.mark.parametrize(
    ("accuracies", "words"),
    [(PAIRS, "accuracy 60%"), (REAL_AND_FAKE, "accuracy 80%, class 75%")],
)
def test_the_line_of_an_entry_has_losses_accuracies_and_the_speed(accuracies, words):
    entry = LOSSES | {f"discriminator/{name}": a for name, a in accuracies.items()}
    entry["generator/class_accuracy"] = 0.01  # the discriminator's alone are shown
    line = console.losses(entry, "epoch 3/50")
    assert line == f"epoch 3/50: G 0.750, D 1.333 ({words}), 1234 img/s"
