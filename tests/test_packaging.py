"""What an installed package carries, and what it says where it cannot run.

tests/installed.sh builds and installs one; these look at what it would be built from.
"""

import configparser
import importlib.metadata
import pathlib
import re
import subprocess
import sys

import pytest

import dcgan_tf

PACKAGE = pathlib.Path(dcgan_tf.__file__).parent
REPOSITORY = PACKAGE.parent


@pytest.fixture(scope="module")
def setup_cfg():
    parser = configparser.ConfigParser()
    parser.read(REPOSITORY / "setup.cfg", encoding="utf-8")
    return parser


def test_every_file_beside_the_modules_is_package_data(setup_cfg):
    patterns = setup_cfg["options.package_data"]["dcgan_tf"].split()
    assert all(list(PACKAGE.glob(pattern)) for pattern in patterns)
    carried = {path for pattern in patterns for path in PACKAGE.glob(pattern)}
    others = {
        path
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
    }
    assert others == carried
    # A link out of the package would be empty, or lost, in a wheel.
    assert not [path for path in PACKAGE.rglob("*") if path.is_symlink()]


def test_flagfiles_and_generator_of_the_repository_are_those_of_the_package():
    flagfiles = sorted((PACKAGE / "flagfiles").glob("*.flags"))
    linked = sorted((REPOSITORY / "experiments").glob("*.flags"))
    assert [path.resolve() for path in linked] == flagfiles
    generator = REPOSITORY / "checkpoints" / "pretrained" / "acgan"
    assert generator.resolve() == PACKAGE / "pretrained" / "acgan"


def test_a_subpackage_is_one_line_that_says_what_it_is_for():
    """No code: importing one module must not import its neighbours."""
    folders = {path.parent for path in PACKAGE.rglob("*.py")} - {PACKAGE}
    for folder in folders:  # each is a package
        text = (folder / "__init__.py").read_text(encoding="utf-8")
        assert re.fullmatch(r'"""[A-Z].*\."""\n', text), folder


def test_the_version_is_one_and_the_command_is_there(setup_cfg):
    assert setup_cfg["metadata"]["version"] == "attr: dcgan_tf.support.package.VERSION"
    citation = (REPOSITORY / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {dcgan_tf.__version__}\n" in citation
    name, _, target = setup_cfg["options.entry_points"]["console_scripts"].partition("=")
    assert name.strip() == "dcgan-tf"
    entry = importlib.metadata.EntryPoint("dcgan-tf", target.strip(), "console_scripts")
    assert entry.load()(["--version"]) == 0


def test_windows_is_told_in_one_line():
    code = "import sys; sys.platform = 'win32'; import dcgan_tf.main"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"dcgan_tf: .*Windows.*WSL 2\n", done.stderr)
