"""What an installed package carries, and what it says where it cannot run.

tests/installed.sh builds and installs one; these look at what it would be built from.
"""

import configparser
import importlib
import importlib.metadata
import pathlib
import pkgutil
import re
import subprocess
import sys

import pytest

import dcgan_tf

PACKAGE = pathlib.Path(dcgan_tf.__file__).parent
REPOSITORY = PACKAGE.parent
SUBPACKAGES = [m.name for m in pkgutil.iter_modules([str(PACKAGE)]) if m.ispkg]


@pytest.fixture(scope="module")
def setup_cfg():
    parser = configparser.ConfigParser()
    parser.read(REPOSITORY / "setup.cfg", encoding="utf-8")
    return parser


def run_python(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


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


def test_what_the_package_carries_is_no_link():
    """A link out of the package would be empty, or lost, in a wheel."""
    assert not [path for path in PACKAGE.rglob("*") if path.is_symlink()]


def test_flagfiles_and_generator_of_the_repository_are_those_of_the_package():
    flagfiles = sorted((PACKAGE / "flagfiles").glob("*.flags"))
    linked = sorted((REPOSITORY / "experiments").glob("*.flags"))
    assert [path.resolve() for path in linked] == flagfiles
    generator = REPOSITORY / "checkpoints" / "pretrained" / "acgan"
    assert generator.resolve() == PACKAGE / "pretrained" / "acgan"


@pytest.mark.parametrize("name", SUBPACKAGES)
def test_a_subpackage_is_one_line_that_says_what_it_is_for(name):
    """No code: importing one module must not import its neighbours."""
    lines = (PACKAGE / name / "__init__.py").read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(r'"""[A-Z].*\."""', "\n".join(lines))


def test_every_folder_of_modules_is_a_package():
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert folders == {PACKAGE, *(PACKAGE / name for name in SUBPACKAGES)}


def test_the_version_is_one(setup_cfg):
    assert setup_cfg["metadata"]["version"] == "attr: dcgan_tf.__version__"
    citation = (REPOSITORY / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {dcgan_tf.__version__}\n" in citation


def test_the_command_is_there(setup_cfg):
    name, _, target = setup_cfg["options.entry_points"]["console_scripts"].partition("=")
    assert name.strip() == "dcgan-tf"
    entry = importlib.metadata.EntryPoint("dcgan-tf", target.strip(), "console_scripts")
    assert entry.load()(["--version"]) == 0


@pytest.mark.parametrize("module", ["dcgan_tf", "dcgan_tf.main", "dcgan_tf.sample"])
def test_windows_is_told_in_one_line(module):
    done = run_python(
        "import runpy, sys; sys.platform = 'win32'; sys.argv = sys.argv[1:2]; "
        "runpy.run_module(sys.argv[0], run_name='__main__')",
        module,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert re.fullmatch(r"dcgan_tf: .*Windows.*WSL 2\n", done.stderr)
