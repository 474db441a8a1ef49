"""Makes a folder of emoji pictures, a class for each of ten groups of OpenMoji.

The pictures are those of OpenMoji 17.0.0 (https://openmoji.org), whose licence is
CC BY-SA 4.0: whoever shares them, or work made from them, names OpenMoji and keeps that
licence.  The repository has this script only, not the pictures.

    apt-get install librsvg2-bin
    npm pack openmoji@17.0.0
    tar xzf openmoji-17.0.0.tgz
    python experiments/openmoji/make_folder.py package openmoji64
    dcgan-tf train --mode=cgan --dataset=openmoji64

`package` is the folder that tar makes.  Each picture is a PNG with transparency (RGBA), in
OUTPUT/<group>/<hexcode>.png.  Left out are variants in another skin tone, which differ in
one colour only, and pictures with the same pixels as an earlier one of their group (such as
the flags of Norway and of Svalbard).  Two groups are left out: component (nine parts of
other emojis) and extras-unicode (symbols and flags, which are classes already).
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import time

GROUPS = (
    "activities",
    "animals-nature",
    "extras-openmoji",
    "flags",
    "food-drink",
    "objects",
    "people-body",
    "smileys-emotion",
    "symbols",
    "travel-places",
)


def drawings(package: pathlib.Path) -> list[tuple[str, pathlib.Path]]:
    """The group and the SVG file of each emoji that becomes a picture."""
    listing = package / "data" / "openmoji.json"
    if not listing.is_file():
        sys.exit(f"No {listing}: PACKAGE is the unpacked npm package openmoji.")
    found = []
    for emoji in json.loads(listing.read_text(encoding="utf-8")):
        if emoji["group"] in GROUPS and not emoji["skintone"]:
            svg = package / "color" / "svg" / f"{emoji['hexcode']}.svg"
            if not svg.is_file():
                sys.exit(f"No {svg}: the package is not whole.")
            found.append((emoji["group"], svg))
    return found


def render(svg: pathlib.Path, size: int) -> bytes:
    """The drawing as a PNG file's bytes."""
    command = ["rsvg-convert", f"--width={size}", f"--height={size}", svg]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def main() -> None:
    summary, _, details = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary,
        epilog=details,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("package", type=pathlib.Path, help="the unpacked npm package")
    parser.add_argument("output", type=pathlib.Path, help="the folder to make")
    parser.add_argument("--size", type=int, default=64, help="pixels a side (default: 64)")
    arguments = parser.parse_args()
    if arguments.size < 1:
        sys.exit("--size must be at least 1.")
    if shutil.which("rsvg-convert") is None:
        sys.exit("No rsvg-convert: install it (Debian's package librsvg2-bin).")
    if arguments.output.exists():
        sys.exit(f"{arguments.output} is there already: remove it, or name another folder.")

    start = time.monotonic()
    seen: dict[str, set[bytes]] = {group: set() for group in GROUPS}
    for group, svg in drawings(arguments.package):
        folder = arguments.output / group
        folder.mkdir(parents=True, exist_ok=True)
        png = render(svg, arguments.size)
        if png not in seen[group]:
            seen[group].add(png)
            (folder / f"{svg.stem}.png").write_bytes(png)
    for group, pngs in seen.items():
        print(f"{len(pngs):5} {group}")
    count = sum(map(len, seen.values()))
    print(f"{count:5} images in {time.monotonic() - start:.0f} seconds")


if __name__ == "__main__":
    main()
