"""Measures the size and the shape of the code in a checkout.

    python -m benchmarks.shape [CHECKOUT] [--trace]

--trace also trains one step of `python -m dcgan_tf.main --mode=acgan` on the bundled
digits, with the checkout's package.  It names the files on the route to that step, whose
functions call those of other files, and the files whose functions make the step.  Calls
while a module is imported, and those of modules that import others, do not count.
"""

import argparse
import ast
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parents[1]
LONGEST_FUNCTION, LONGEST_FILE = 60, 300
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# Networks, the sums of one loss, the augmentation: parts that a step is given.
GIVEN = ("models/", "support/", "losses/adversarial", "losses/class", "data/augment.py")
COUNT_SETTINGS = """
from dcgan_tf.config.schema import Config
kinds = [field.json_schema_extra["kind"] for field in Config.model_fields.values()]
print(len(kinds) - kinds.count("derived"))
"""
# Writes the functions of one step (file:line) and the calls before it ([caller, callee]).
TRACER = """
import json, pathlib, sys
import dcgan_tf
from dcgan_tf import main
from dcgan_tf.cli import flags
root = str(pathlib.Path(dcgan_tf.__file__).parent) + "/"
IMPORTS = ("__init__.py", "support/lazy.py")  # which import modules for others
importing, in_step, calls, step = 0, False, set(), set()

def file_of(code):
    name = code.co_filename.removeprefix(root)
    ours = name != code.co_filename and name.endswith(".py")
    return name if ours and not name.endswith(IMPORTS) else None

def note(code, frame):
    if importing or file_of(code) is None:
        return
    if in_step:
        return step.add(f"{file_of(code)}:{code.co_firstlineno}")
    while frame and file_of(frame.f_code) is None:
        frame = frame.f_back
    calls.add((file_of(frame.f_code) if frame else "", file_of(code)))

def profile(frame, event, argument):
    global importing, in_step
    code = frame.f_code
    if code.co_name == "<module>" and event in ("call", "return"):
        importing += 1 if event == "call" else -1
    elif event == "call":
        if code.co_name == "_convert_actual":  # AutoGraph will run a copy of this function
            entity = getattr(frame.f_locals["entity"], "__code__", None)
            if entity is not None:
                in_step = in_step or entity.co_name == "train_steps"
                note(entity, frame.f_back)
        note(code, frame.f_back)
    elif event == "return" and in_step and code.co_name == "tf__train_steps":
        sys.setprofile(None)
        traced = {"calls": sorted(calls), "step": sorted(step)}
        pathlib.Path("traced.json").write_text(json.dumps(traced))

sys.setprofile(profile)
arguments = ["--mode=acgan", "--dataset=digits", "--batch_size=16", "--steps=1"]
flags.run(main.main, main.define_flags(), main.__doc__, arguments)
"""


def lines_of(path: pathlib.Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def words_of(*paths: pathlib.Path) -> int:
    return sum(len(path.read_text(encoding="utf-8").split()) for path in paths)


def package_counts(package: pathlib.Path) -> dict:
    """Counts lines and statements of the Python files under `package`."""
    counts, folders = collections.Counter(), collections.Counter()
    long_functions, inner_imports = [], set()
    files = {path: path.relative_to(package) for path in sorted(package.rglob("*.py"))}
    for path, name in files.items():
        folders[name.parts[0] if len(name.parts) > 1 else "(commands, api)"] += lines_of(
            path
        )
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            counts["raise"] += isinstance(node, ast.Raise)
            counts["except"] += isinstance(node, ast.ExceptHandler)
            if isinstance(node, FUNCTIONS):
                imports = (ast.Import, ast.ImportFrom)
                inner_imports |= {n for n in ast.walk(node) if isinstance(n, imports)}
                length = node.end_lineno - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    long_functions.append(f"{name}: {node.name} ({length})")
    return {
        "lines of the package": folders.total(),
        **counts,
        "imports inside functions": len(inner_imports),
        f"functions over {LONGEST_FUNCTION} lines": long_functions,
        f"files over {LONGEST_FILE} lines": [
            f"{name} ({lines_of(path)})"
            for path, name in files.items()
            if lines_of(path) > LONGEST_FILE
        ],
        "by sub-package": dict(folders.most_common()),
    }


def run_in(checkout: pathlib.Path, code: str, folder: str) -> str:
    """Runs Python code with the checkout's package, in `folder`; returns its output."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "CUDA_VISIBLE_DEVICES": "-1"}
    command = [sys.executable, "-c", code]
    options = {"cwd": folder, "env": environment, "text": True}
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, **options).stdout


def trace_counts(checkout: pathlib.Path) -> dict:
    """Returns the files before the first step, and the files and lines of one step."""
    with tempfile.TemporaryDirectory() as folder:
        run_in(checkout, TRACER, folder)
        traced = json.loads((pathlib.Path(folder) / "traced.json").read_text())
    route = {caller for caller, callee in traced["calls"] if caller not in ("", callee)}
    step = collections.defaultdict(set)
    for file, first in (place.split(":") for place in traced["step"]):
        path = checkout / "dcgan_tf" / file
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, FUNCTIONS) and not file.startswith(GIVEN):
                begin = min([node.lineno, *(one.lineno for one in node.decorator_list)])
                if begin == int(first):
                    step[file] |= set(range(begin, node.end_lineno + 1))
    files = [checkout / "dcgan_tf" / file for file in step]
    return {
        "files to the first step": len(route),
        "the route": sorted(route),
        "files of one step": len(step),
        "lines of these files": sum(map(lines_of, files)),
        "lines of the step's functions": {file: len(step[file]) for file in sorted(step)},
    }


def measure(checkout: pathlib.Path, trace: bool) -> dict:
    return {
        **package_counts(checkout / "dcgan_tf"),
        "lines of tests": sum(map(lines_of, (checkout / "tests").rglob("*.py"))),
        "words in docs/": words_of(*(checkout / "docs").glob("*.md")),
        "words in README": words_of(checkout / "README.md"),
        "settings": int(run_in(checkout, COUNT_SETTINGS, "/")),
        **(trace_counts(checkout) if trace else {}),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkout", nargs="?", default=HERE, type=pathlib.Path)
    parser.add_argument("--trace", action="store_true", help="trains one step, too")
    given = parser.parse_args()
    print(json.dumps(measure(given.checkout.resolve(), given.trace), indent=1))
