from conftest import new_config

from dcgan_tf.gans import build
from dcgan_tf.metrics.figures import FIGURES
from dcgan_tf.reporting import console


def test_the_line_of_an_entry_has_losses_accuracies_and_the_speed():
    entry = {
        "images_per_second": 1234.5,
        "generator/loss": 0.75,
        "discriminator/loss": 1.3333,
        "generator/class_accuracy": 0.01,  # the discriminator's are told
        "discriminator/adversarial_accuracy_real": 0.9,
        "discriminator/adversarial_accuracy_fake": 0.7,
        "discriminator/class_accuracy_real": 1.0,
        "discriminator/class_accuracy_fake": 0.5,
    }
    assert console.losses(entry, "epoch 3/50") == (
        "epoch 3/50: G 0.750, D 1.333 (accuracy 80%, class 75%), 1234 img/s"
    )


def test_a_pair_has_one_accuracy():
    entry = {
        "images_per_second": 10.0,
        "generator/loss": 1.0,
        "discriminator/loss": 2.0,
        "discriminator/adversarial_accuracy": 0.6,
    }
    assert console.losses(entry, "step 1/2") == (
        "step 1/2: G 1.000, D 2.000 (accuracy 60%), 10 img/s"
    )


def test_the_figures_of_an_evaluation():
    entry = {
        "step": 3,
        "quality/selection_score": 0.5,
        "quality/frechet_classifier_distance": 12.0,
        "quality/classifier_score": 9.0,  # not among those that are printed
        "quality/recall": 0.25,
    }
    assert console.quality(entry) == (
        "  Frechet distance ↓ 12.000, recall ↑ 0.250, selection score ↑ 0.500"
    )


def test_figures_are_not_torn_from_their_names_and_fit_80_columns():
    printed = [figure.key for figure in FIGURES if figure.printed]
    entry = {f"quality/{name}": 12345.0 for name in printed}
    lines = console.quality(entry).split("\n")
    assert len(lines) > 1
    assert all(len(line) <= 80 for line in lines)
    assert all(line.startswith("  ") and line.rstrip(",")[-1].isdigit() for line in lines)


def table(entry, **overrides):
    """The words of each line of the table, for a run of these settings."""
    config = new_config(**overrides)
    gan = build.build(config)
    test_gan = build.test_gan(gan, config)
    weights = {
        "generator/": gan.generator_weights,
        "discriminator/": build.reported_weights(config),
        "test/generator/": test_gan.generator_weights,
        "test/discriminator/": test_gan.discriminator_weights,
    }
    return [line.split() for line in console.loss_table(entry, weights).splitlines()]


def test_the_table_shows_what_the_second_class_head_adds_and_takes():
    terms = {"loss": -1.0, "adversarial": 1.0, "class": 2.0, "twin": 6.0}
    entry = {f"generator/{name}": value for name, value in terms.items()}
    for part, kinds in (("real", (1.0, 2.0, 3.0)), ("fake", (4.0, 7.0, 9.0))):
        for kind, value in zip(("adversarial", "class", "twin"), kinds, strict=True):
            entry[f"discriminator/{kind}_{part}"] = value
    entry |= {f"test/{name}": value for name, value in entry.items()}
    entry["discriminator/loss"] = 16.0  # (1 + 4) + 2 + 9
    entry["test/discriminator/loss"] = 23.0  # (1 + 4) + (2 + 7) + 9
    assert table(entry, mode="acgan", g_class_weight=0.5) == [
        ["total", "adversarial", "class", "twin"],
        ["generator,", "train", "-1.0000", "1.0000", "1.0000", "-3.0000"],
        ["generator,", "test", "-1.0000", "1.0000", "1.0000", "-3.0000"],
        ["discriminator,", "train", "16.0000", "5.0000", "2.0000", "9.0000"],
        # On the test split, the classes of the fakes are not left out: 2 + 7.
        ["discriminator,", "test", "23.0000", "5.0000", "9.0000", "9.0000"],
    ]


def test_two_separate_steps_are_shown_by_their_mean():
    entry = {"generator/loss": 1.0, "generator/adversarial": 1.0, "generator/class": 0.0}
    entry["discriminator/loss"] = 3.0  # ((1 + 1) + (2 + 2)) / 2
    for part, value in (("real", 1.0), ("fake", 2.0)):
        entry[f"discriminator/adversarial_{part}"] = value
        entry[f"discriminator/class_{part}"] = value
    entry |= {f"test/{name}": value for name, value in entry.items()}
    lines = table(
        entry,
        mode="acgan",
        twin=False,
        update_rule="alternating",
        discriminator_update="separate",
        d_class_weight_fake=1.0,
        d_weight_real=1.0,
        d_weight_fake=1.0,
    )
    assert lines[3] == ["discriminator,", "train", "3.0000", "1.5000", "1.5000"]
    assert lines[4] == ["discriminator,", "test", "3.0000", "1.5000", "1.5000"]


def test_the_table_shows_what_the_losses_are_the_sum_of():
    """The ACGAN of the Keras example: halves of real and fake, the real classes alone."""
    discriminator = {
        "adversarial_real": 1.0,
        "adversarial_fake": 2.0,
        "class_real": 4.0,
        "class_fake": 8.0,
    }
    generator = {"adversarial": 0.25, "class": 0.5}
    entry = {"step": 1}
    for split, total in (("", 5.5), ("test/", 7.5)):
        entry[f"{split}generator/loss"] = 0.5
        entry |= {f"{split}generator/{n}": term for n, term in generator.items()}
        entry[f"{split}discriminator/loss"] = total
        entry |= {f"{split}discriminator/{n}": term for n, term in discriminator.items()}
    lines = table(entry, mode="acgan", architecture="keras_2018", g_class_weight=0.5)
    assert lines == [
        ["total", "adversarial", "class"],
        ["generator,", "train", "0.5000", "0.2500", "0.2500"],
        ["generator,", "test", "0.5000", "0.2500", "0.2500"],
        ["discriminator,", "train", "5.5000", "1.5000", "4.0000"],
        ["discriminator,", "test", "7.5000", "1.5000", "6.0000"],
    ]


def test_a_loss_of_pairs_has_one_term_a_player():
    entry = {}
    for split in ("", "test/"):
        entry |= {
            f"{split}generator/loss": 0.5,
            f"{split}generator/adversarial": 0.5,
            f"{split}discriminator/loss": 0.75,
            f"{split}discriminator/adversarial": 0.75,
        }
    entry["discriminator/r1_penalty"] = 2.0
    entry["discriminator/loss"] = 0.95  # 0.75 + 0.1 * 2
    assert table(entry, mode="cgan", adversarial_loss="relativistic") == [
        ["total", "adversarial"],
        ["generator,", "train", "0.5000", "0.5000"],
        ["generator,", "test", "0.5000", "0.5000"],
        ["discriminator,", "train", "0.9500", "0.7500"],
        ["discriminator,", "test", "0.7500", "0.7500"],
    ]
