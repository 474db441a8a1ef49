"""DCGAN, conditional GAN and ACGAN on small images.

    dcgan-tf train --mode=acgan          trains, or goes on with, a run
    dcgan-tf sample --digits=2026        generates images
    dcgan-tf evaluate --run=RUN          measures a run's images, or anyone's
    dcgan-tf export --run=RUN --output=FOLDER    the generator alone, small
    dcgan-tf verify RUN                  whether a run is what its config.json says
    dcgan-tf compare RUN RUN             settings and figures beside each other
    dcgan-tf playground                  a page in which the generator draws in a browser
    dcgan-tf report --run=RUN            a page of a run, or of several side by side
    dcgan-tf ui                          all of these from a page in the browser

dcgan-tf COMMAND --help lists a command's flags.  `python -m dcgan_tf` is the same, and so
are python -m dcgan_tf.main (train), dcgan_tf.sample, dcgan_tf.evaluate and so on.
"""

import sys

from dcgan_tf import compare, evaluate, export, playground, report, sample, verify
from dcgan_tf import main as train
from dcgan_tf.cli import flags
from dcgan_tf.support import errors, package
from dcgan_tf.ui import command as ui

COMMANDS = {
    **dict(train=train, sample=sample, evaluate=evaluate, export=export, compare=compare),
    **dict(verify=verify, playground=playground, report=report, ui=ui),
}


def main(argv: list[str] | None = None) -> int:
    name, *rest = (sys.argv[1:] if argv is None else argv) or ["--help"]
    if name in ("-h", "--help", "--helpfull", "help"):
        print(__doc__.strip())
        return 0
    if name == "--version":
        print(f"dcgan_tf {package.VERSION}")
        return 0
    if name not in COMMANDS:
        near = errors.near_matches(name, COMMANDS)
        return flags.fail(f"{name}: is none of {', '.join(COMMANDS)}{near}", 2)
    command = COMMANDS[name]
    return flags.run(command.main, command.define_flags(), command.__doc__, rest)


if __name__ == "__main__":
    sys.exit(main())
