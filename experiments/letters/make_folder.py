"""Makes a folder of the letters A to Z, a class each, drawn from a machine's fonts.

    xargs apt-get install -y --no-install-recommends < experiments/letters/packages.txt
    pip install pillow
    python experiments/letters/make_folder.py letters
    dcgan-tf train --mode=cgan --dataset=letters

The list packages.txt names packages of free fonts in Debian 12.  Others will do too: the
script takes every TrueType and OpenType font file of the folder --fonts.  The repository
has the recipe only, not the pictures.

Each picture is a grey PNG of 28x28 pixels, in OUTPUT/<letter>/<name of the font file>.png:
a white letter on black, its ink fitted to 20x20 pixels in the centre, as in MNIST.  A font
is left out if a letter is missing, if two letters look the same, or if it is in
NOT_LETTERS.  A picture is left out if an earlier font's letter has the same pixels.
"""

import argparse
import pathlib
import string
import sys
import time

from PIL import Image, ImageDraw, ImageFont

SIDE = 28
BOX = 20
POINTS = 200  # a glyph is drawn this large, then made smaller
NO_GLYPH = "\uffff"  # no font has it: it shows as the font's picture of a missing glyph
NOT_LETTERS = (  # fonts that show something else for A to Z: signs, keys, Greek
    "D050000L",
    "LinBiolinum_K",
    "StandardSymbolsPS",
)


def draw(font: ImageFont.FreeTypeFont, letter: str) -> Image.Image | None:
    """The letter in the centre of a picture; None if it has no ink."""
    page = Image.new("L", (4 * POINTS, 4 * POINTS))
    ImageDraw.Draw(page).text((POINTS, POINTS), letter, fill=255, font=font)
    box = page.getbbox()
    if box is None:
        return None
    ink = page.crop(box)
    width, height = (max(1, round(side * BOX / max(ink.size))) for side in ink.size)
    picture = Image.new("L", (SIDE, SIDE))
    corner = ((SIDE - width) // 2, (SIDE - height) // 2)
    picture.paste(ink.resize((width, height), Image.Resampling.BOX), corner)
    return picture


def alphabet(path: pathlib.Path) -> dict[str, Image.Image] | None:
    """A picture of each letter; None if the font does not have 26 different ones."""
    try:
        font = ImageFont.truetype(path, POINTS, layout_engine=ImageFont.Layout.BASIC)
        drawn = {letter: draw(font, letter) for letter in string.ascii_uppercase}
        no_glyph = draw(font, NO_GLYPH)
    except OSError:  # not a font that Pillow reads
        return None
    pictures = {letter: picture for letter, picture in drawn.items() if picture}
    looks = {picture.tobytes() for picture in pictures.values()}
    if len(looks) < len(drawn) or (no_glyph and no_glyph.tobytes() in looks):
        return None
    return pictures


def font_files(folder: pathlib.Path) -> list[pathlib.Path]:
    """The fonts, sorted by name; one of each name."""
    files = (path for path in folder.rglob("*") if path.suffix.lower() in (".otf", ".ttf"))
    by_name = {path.stem: path for path in sorted(files, reverse=True)}
    return [by_name[name] for name in sorted(by_name) if name not in NOT_LETTERS]


def main() -> None:
    summary, _, details = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary,
        epilog=details,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    fonts = pathlib.Path("/usr/share/fonts")
    parser.add_argument("output", type=pathlib.Path, help="the folder to make")
    parser.add_argument(
        "--fonts", type=pathlib.Path, default=fonts, help=f"default: {fonts}"
    )
    arguments = parser.parse_args()
    files = font_files(arguments.fonts)
    if not files:
        sys.exit(
            f"No .otf or .ttf file in {arguments.fonts}: install fonts, or set --fonts."
        )
    if arguments.output.exists():
        sys.exit(f"{arguments.output} is there already: remove it, or name another folder.")

    start = time.monotonic()
    seen: dict[str, set[bytes]] = {letter: set() for letter in string.ascii_uppercase}
    used = 0
    for path in files:
        pictures = alphabet(path) or {}
        used += bool(pictures)
        for letter, picture in pictures.items():
            if picture.tobytes() not in seen[letter]:
                seen[letter].add(picture.tobytes())
                folder = arguments.output / letter
                folder.mkdir(parents=True, exist_ok=True)
                picture.save(folder / f"{path.stem}.png")
    print(*(f"{letter} {len(looks)}" for letter, looks in seen.items()), sep=", ")
    count = sum(map(len, seen.values()))
    seconds = time.monotonic() - start
    print(f"{count} images from {used} of {len(files)} fonts in {seconds:.0f} seconds")


if __name__ == "__main__":
    main()
