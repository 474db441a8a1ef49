"""The formats of an export, and which one `--output` and `--format` ask for."""

import dataclasses
import importlib.util
import pathlib

from dcgan_tf.support import errors

NPZ = "npz"


@dataclasses.dataclass(frozen=True)
class Format:
    """file: what the generator is called in the folder of an export
    needs: packages that write it, beside this one's dependencies
    """

    file: str
    needs: tuple[str, ...] = ()

    @property
    def suffix(self) -> str:
        return pathlib.PurePath(self.file).suffix


FORMATS = {
    NPZ: Format("generator.npz"),
    "keras": Format("generator.keras"),
    "saved_model": Format("saved_model"),
    "litert": Format("generator.tflite"),
    "onnx": Format("generator.onnx", needs=("onnx", "tf2onnx")),
}
# Those of one file that needs nothing beside it.
BY_SUFFIX = {FORMATS[name].suffix: name for name in ("keras", "litert", "onnx")}


@dataclasses.dataclass(frozen=True)
class Target:
    """path: a new folder or, if `is_file`, a new file"""

    path: pathlib.Path
    format: str
    is_file: bool


def target(output: str | None, format_name: str | None) -> Target:
    """What the flags of `export` ask for; UsageError where that cannot be written.

    A path with the suffix of a format is a file in that format, any other a folder.
    """
    if output is None:
        raise errors.UsageError("--output: name the folder or file to make")
    path = errors.user_path(output, "--output")
    if path.exists() or path.is_symlink():
        raise errors.UsageError(f"--output={path}: is in the way; name a new one")
    implied = BY_SUFFIX.get(path.suffix)
    if implied is None and path.suffix[1:2].isalpha():
        suffixes = ", ".join(BY_SUFFIX)
        raise errors.UsageError(
            f"--output={path}: no file is written with the suffix {path.suffix}; end it in "
            f"{suffixes}, or name a folder without a suffix, and a format by --format"
        )
    if implied and format_name not in (None, implied):
        raise errors.UsageError(
            f"--output={path}: {path.suffix} is not the suffix of --format={format_name}; "
            "leave one of them out"
        )
    chosen = implied or format_name or NPZ
    missing = [name for name in FORMATS[chosen].needs if not importlib.util.find_spec(name)]
    if missing:
        raise errors.UsageError(
            f"--format={chosen}: needs {' and '.join(missing)}, not installed here; "
            f"pip install {' '.join(missing)}"
        )
    return Target(path, chosen, implied is not None)
