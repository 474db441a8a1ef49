"""The lines that a run prints."""

import pytest

from dcgan_tf.metrics.figures import FIGURES
from dcgan_tf.reporting import console

LOSSES = {"generator/loss": 0.75, "discriminator/loss": 1.3333, "images_per_second": 1234.5}


@pytest.mark.parametrize(
    ("accuracies", "words"),
    [
        ({"adversarial_accuracy": 0.6}, "accuracy 60%"),  # of pairs
        (
            {
                "adversarial_accuracy_real": 0.9,
                "adversarial_accuracy_fake": 0.7,
                "class_accuracy_real": 1.0,
                "class_accuracy_fake": 0.5,
            },
            "accuracy 80%, class 75%",
        ),
    ],
)
def test_the_line_of_an_entry_has_losses_accuracies_and_the_speed(accuracies, words):
    entry = LOSSES | {f"discriminator/{name}": a for name, a in accuracies.items()}
    entry["generator/class_accuracy"] = 0.01  # the discriminator's alone are shown
    line = console.losses(entry, "epoch 3/50")
    assert line == f"epoch 3/50: G 0.750, D 1.333 ({words}), 1234 img/s"


def test_the_figures_of_an_evaluation():
    entry = {
        "step": 3,
        "quality/selection_score": 0.5,
        "quality/frechet_classifier_distance": 12.0,
        "quality/classifier_score": 9.0,  # not among those that are printed
        "quality/recall": 0.25,
    }
    assert console.quality(entry) == (
        "  Fréchet distance ↓ 12.000, recall ↑ 0.250, selection score ↑ 0.500"
    )


def test_figures_are_not_torn_from_their_names_and_fit_80_columns():
    entry = {f"quality/{figure.key}": 12345.0 for figure in FIGURES}
    lines = console.quality(entry).split("\n")
    assert len(lines) > 1
    assert all(len(line) <= 80 for line in lines)
    assert all(line.startswith("  ") and line.rstrip(",")[-1].isdigit() for line in lines)
