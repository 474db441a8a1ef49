"""What the layers contract in pyproject.toml cannot say of the package's structure."""

import ast
import pathlib
import re
import subprocess
import sys

import pytest

import dcgan_tf

PACKAGE = pathlib.Path(dcgan_tf.__file__).parent
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
COMMANDS = (
    *("main", "sample", "embedding", "evaluate", "export", "compare", "playground"),
    "report",
)

# These answer --help, a dry run's first checks and every wrong use without TensorFlow.
FRONT = [
    *(f"{name}.py" for name in ("__init__", "__main__", *COMMANDS)),
    *("support/*.py", "config/*.py", "reading/*.py", "data/spec.py", "data/sources.py"),
    *("runs/folder.py", "runs/manifest.py", "runs/config_file.py"),
    *("reporting/images.py", "reporting/plots.py", "reporting/console.py"),
    *("reporting/metrics_log.py", "comparison/*.py"),
    *("metrics/mode_collapse.py", "pages/figures.py", "pages/html.py", "pages/live.py"),
    *("pages/record.py", "pages/plots.py", "pages/report.py"),
    *("exports/formats.py", "exports/readme.py"),
    *(
        "cli/flags.py",
        "cli/plan.py",
        "cli/run_data.py",
        "cli/sampling.py",
        "cli/evaluation.py",
    ),
]
FRONT = sorted({path.relative_to(PACKAGE) for one in FRONT for path in PACKAGE.glob(one)})
HEAVY = {"tensorflow", "keras", "tensorflow_datasets", "sklearn", "matplotlib"}


def top_level_imports(module):
    """(package, module of this package or None) of each import at a module's top level."""
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split(".")[0], None
        elif isinstance(node, ast.ImportFrom):
            package = node.module.split(".")[0]
            if package != "dcgan_tf":
                yield package, None
                continue
            inside = PACKAGE.joinpath(*node.module.split(".")[1:])
            for alias in node.names:
                path = inside / f"{alias.name}.py"
                if not path.exists():
                    path = inside.with_suffix(".py")
                if not path.exists():
                    path = inside / "__init__.py"
                yield "dcgan_tf", path.relative_to(PACKAGE)


@pytest.mark.parametrize("module", FRONT, ids=str)
def test_the_front_is_free_of_tensorflow(module):
    imports = list(top_level_imports(module))
    assert not HEAVY & {package for package, _ in imports}
    assert {own for _, own in imports if own} <= set(FRONT)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_imports_no_tensorflow(command):
    """In a process of its own: imports within functions and of others count, too."""
    code = (
        f"import sys; from dcgan_tf import {command} as c; from dcgan_tf.cli import flags; "
        "flags.run(c.main, c.define_flags(), c.__doc__, ['--help']); "
        "sys.exit(bool({'tensorflow', 'keras'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("folder", ["models", "losses", "metrics", "data", "support"])
def test_what_a_stranger_may_use_alone_knows_no_config(folder):
    """Networks, losses, layers and metrics take what they need as arguments."""
    for path in (PACKAGE / folder).glob("*.py"):
        assert "config.schema" not in path.read_text(encoding="utf-8"), path.name


def test_a_folder_has_at_most_eight_modules():
    for folder in {path.parent for path in MODULES} - {pathlib.Path()}:
        modules = [path for path in MODULES if path.parent == folder]
        assert len(modules) <= 9, folder  # with __init__.py


def test_no_code_branches_on_the_mode():
    for module in MODULES:
        branches = re.findall(
            r"mode\s*(?:==|!=|in\s*[(\[{])",
            (PACKAGE / module).read_text(encoding="utf-8"),
        )
        assert not branches, module


def test_gradient_tapes_stand_in_the_step_and_in_the_one_loss_that_is_a_gradient():
    having = {
        str(module)
        for module in MODULES
        if "tf.GradientTape" in (PACKAGE / module).read_text(encoding="utf-8")
    }
    assert having == {"training/updates.py", "losses/penalties.py"}
