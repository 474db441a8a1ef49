"""What a run prints of a log entry."""

from collections.abc import Mapping

PLAYERS = ("generator", "discriminator")
FIGURES = (
    "class_accuracy",
    "frechet_classifier_distance",
    "recall",
    "coverage",
    "intra_class_std",
    "selection_score",
)
Entry = Mapping[str, float]


def losses(entry: Entry, name: str) -> str:
    """An entry's name, both losses, the discriminator's accuracies, and the speed."""
    parts = [f"{player} {entry[f'{player}/loss']:.3f}" for player in PLAYERS]
    accuracies = []
    for kind in ("adversarial", "class"):
        found = [
            value
            for key, value in entry.items()
            if key.startswith(f"discriminator/{kind}_accuracy")
        ]
        if found:
            accuracies.append(f"{kind} {100 * sum(found) / len(found):.0f} %")
    parts[-1] += f" (its accuracy: {', '.join(accuracies)})"
    return f"{name}: {', '.join(parts)}, {entry['images_per_second']:.0f} images/s"


def quality(entry: Entry) -> str:
    """The figures of an evaluation."""
    found = [name for name in FIGURES if f"quality/{name}" in entry]
    parts = [f"{name.replace('_', ' ')} {entry[f'quality/{name}']:.3f}" for name in found]
    return "  " + ", ".join(parts)


def loss_table(entry: Entry, weights: Mapping[str, Mapping[str, float]]) -> str:
    """Both players' losses on the epoch's batches and on the test split.

    weights: of each player's terms, by the beginning of their keys: "generator/",
    "test/generator/" ...  Columns: the total, and the terms of each kind, times their
    weights.  They add up to it, but for a gradient penalty, which stands in the total of
    training alone.
    """
    kinds = [kind for kind in ("adversarial", "class", "twin") if _has(entry, kind)]
    lines = [("", "total", *kinds)]
    for player in PLAYERS:
        for split, prefix in (("train", f"{player}/"), ("test", f"test/{player}/")):
            terms = [
                sum(
                    weight * entry[prefix + term]
                    for term, weight in weights[prefix].items()
                    if term.split("_")[0] == kind and prefix + term in entry
                )
                for kind in kinds
            ]
            values = (f"{value:.4f}" for value in (entry[f"{prefix}loss"], *terms))
            lines.append((f"{player}, {split}", *values))
    return "\n".join(
        f"{name:<22}" + "".join(f"{value:>13}" for value in values)
        for name, *values in lines
    )


def _has(entry: Entry, kind: str) -> bool:
    return f"generator/{kind}" in entry
