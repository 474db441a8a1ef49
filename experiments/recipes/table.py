"""The tables of README.md from results.jsonl: `python table.py`."""

import collections
import json
import pathlib
import statistics

COLUMNS = {
    "class_accuracy": "class accuracy ↑",
    "frechet": "Fréchet distance ↓",
    "precision": "precision ↑",
    "recall": "recall ↑",
    "coverage": "coverage ↑",
    "intra_class_std": "intra-class std",
}
SHARES = "least_share", "greatest_share"  # of the digits
MEASURED = "latents x 1.0"
NOT_SETTINGS = ("mode", "seed")


def main() -> None:
    path = pathlib.Path(__file__).with_name("results.jsonl")
    tables = collections.defaultdict(lambda: collections.defaultdict(list))
    for line in path.read_text().splitlines():
        row = json.loads(line)
        settings = ", ".join(
            f"{name} {value}"
            for name, value in row.items()
            if name not in NOT_SETTINGS and not name.startswith("latents")
        )
        tables[row.get("mode", "acgan")][settings].append(row[MEASURED])
    for mode, of_settings in tables.items():
        columns = [name for name in COLUMNS if mode != "dcgan" or name != "class_accuracy"]
        titles = [mode, "seeds", *map(COLUMNS.get, columns), "coverage from, to"]
        if mode == "dcgan":
            titles.append("digits from, to")
        print("", f"| {' | '.join(titles)} |", "|---" * len(titles) + "|", sep="\n")
        ordered = sorted(of_settings.items(), key=lambda pair: -_mean(pair[1], "coverage"))
        for settings, rows in ordered:
            means = [f"{_mean(rows, name):.3f}" for name in columns]
            found = [row["coverage"] for row in rows]
            spread = f"{min(found):.3f}, {max(found):.3f}"
            name = settings or "**the default of the time**"
            cells = [name, str(len(rows)), *means, spread]
            if mode == "dcgan":
                least, greatest = SHARES
                cells.append(
                    f"{min(row[least] for row in rows):.1%}, "
                    f"{max(row[greatest] for row in rows):.1%}"
                )
            print(f"| {' | '.join(cells)} |")


def _mean(rows, name: str) -> float:
    return statistics.mean(row[name] for row in rows)


if __name__ == "__main__":
    main()
