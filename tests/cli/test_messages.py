"""Wrong use is one line that names the flag, exits with 2 and changes nothing."""

import shutil

import numpy as np
import pytest
from conftest import new_config, untrained

from dcgan_tf import __main__ as commands
from dcgan_tf.runs.folder import Run, RunConfig

# A line each: arguments -> what the message names.
CASES = r"""
trian --mode=acgan -> did you mean train?
train --mode=acgn -> --mode=acgn
train acgan -> acgan: not a flag
train --dataset=mnits -> did you mean
train --dataset=./absent -> absent: is no folder or .npz
train --dataset=digits --image_size=32 -> --dataset=digits
train --mode=cgan --dataset=many.npz -> 1,001 are over 1,000
train --dataset=two.npz --batch_size=8 --test_losses -> --test_losses
train --data_dir=absent -> --data_dir=absent
train --batch_size=0 -> --batch_size=0
train --minutes=0 -> --minutes=0
train --minutes=20 --epochs=3 -> --minutes=20 and --epochs=3
train --flagfile=cgan_maxout --minutes=20 -> --minutes=20 and --epochs=
train --lr=0.1 -> did you mean learning_rate
train --dataset=digits --batch_size=1501 -> --batch_size=1501
train --dataset=digits --devices=2 --batch_size=63 -> --batch_size=63
train --dataset=digits --devices=2 --jit_compile -> --jit_compile
train --image_size=68x56 -> --image_size=68x56: must be a whole number
train --mode=cgan --dataset=digits --preview_classes=3,cow -> --preview_classes=3,cow
train --run_dir=file/run -> file is no folder that can be written
train --run_dir=full -> full: holds files, but no run
train --run_dir=r[1]/run -> reads one of []*?\ in its path as a pattern
train --run_dir=given -> given: holds an export
train --run_dir=cgan --fresh -> --fresh
train --run_dir=cgan --seed=5 -> another run: --seed=5 (the run has 0); leave
train --run_dir=cgan --channels=3 -> --channels=3
train --run_dir=cgan --image_size=32 -> --image_size=32
train --run_dir=cgan --init_from=given -> --init_from=given
train --run_dir=mixed -> step_00000000 was saved by another run
train --init_from=full -> --init_from=full
train --init_from=full --run_dir=new -> --init_from=full
train --init_from=plain --run_dir=new -> --init_from=plain
train --init_from=cgan --run_dir=new --mode=acgan -> --mode=acgan
train --init_from=given --run_dir=new --dataset=two.npz -> --dataset
train --flagfile=acgan_kears -> did you mean acgan_keras
train --flagfile=mine/acgan_keras.flags -> --flagfile=mine/acgan_keras.flags
train --flagfile -> --flagfile=
train --flagfile=nested -> nowhere
sample --run=nowhere -> --run=nowhere
sample --run=plain -> has no latest checkpoint
sample --run=given --which=best -> --run=given
sample --run=cgan --which=best -> no best checkpoint
sample --run=given --noema -> is an export
sample --run=cgan --count=0 -> --count=0
sample --run=cgan --count=1000001 --output=new -> --count=1000001
sample --run=cgan --count=1000000 --magnify=5 -> name a folder
sample --run=cgan --per_class=100001 -> --per_class=100001
sample --run=cgan --magnify=2 --output=set.npz -> --magnify
sample --run=cgan --digits=20x6 -> --digits=20x6
sample --run=cgan --classes=3,cat -> --classes=3,cat
sample --run=animals --classes=cta -> did you mean cat?
sample --run=animals --digits=10 -> --digits=10: the run's classes are no digits
sample --run=plain --digits=2026 -> --digits=2026
sample --run=cgan --classes=1 --digits=3 -> --classes and --digits
sample --run=cgan --interpolate=9 --per_class=2 -> --per_class=2
sample --run=cgan --morph=3 -> --morph=3
sample --run=cgan --morph=3,8 --digits=3 -> --digits=3
sample --run=cgan --output=a.gif -> --output=a.gif
sample --run=cgan --output=full -> --output=full
export --run=cgan -> --output
export --run=cgan --output=new.h5 -> --output=new.h5
export --run=cgan --output=new.keras --format=litert -> --format=litert
report -> --run: name the folder of a run
report --run=nowhere -> --run=nowhere
report --run=cgan --output=folder.html -> is a folder
report --run=cgan --output=page.pdf -> --output=page.pdf
compare -> --run: name the folder of a run
compare cgan nowhere -> --run=nowhere
compare cgan --csv=no/such/all.csv -> --csv=no/such/all.csv
verify -> --run: name the folder of a run
verify nowhere -> --run=nowhere
playground --output=page.htm -> --output=page.htm
playground --run=tutorial -> --run=tutorial
playground --which=best -> is an export
evaluate -> --run or --samples
evaluate --run=cgan --samples=two.npz -> --run or --samples
evaluate --run=plain --cas -> --cas
evaluate --run=cgan --dataset=digits -> --dataset=digits
evaluate --run=cgan --output=file/x -> --output=file/x
evaluate --run=cgan --count=10 -> --count=10
evaluate --run=cgan --image_size=32 -> --image_size
evaluate --samples=two.npz --count=500 -> --count
evaluate --samples=absent.npz --dataset=digits -> --samples=absent.npz
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Runs, an export, files that are none, all of which must stay as they are."""
    folder = tmp_path_factory.mktemp("messages")
    untrained(folder / "cgan", mode="cgan")
    # A run with a checkpoint of another one, which it would remove at that step.
    shutil.copytree(folder / "cgan", folder / "mixed")
    Run(folder / "mixed").write_config(RunConfig(new_config("digits", mode="cgan")))
    plain, animals = new_config("digits", mode="dcgan"), new_config("x", mode="cgan")
    names = {"classes": 2, "class_names": ["cat", "dog"]}
    Run(folder / "plain").write_config(RunConfig(plain))
    tutorial = new_config("digits", mode="dcgan", architecture="tf_tutorial")
    Run(folder / "tutorial").write_config(RunConfig(tutorial))
    Run(folder / "animals").write_config(RunConfig(animals.model_copy(update=names)))
    assert (
        commands.main(["export", f"--run={folder}/cgan", f"--output={folder}/given"]) == 0
    )
    (folder / "full").mkdir()
    (folder / "folder.html").mkdir()
    (folder / "full" / "mine").touch()
    (folder / "file").write_text("mine")
    (folder / "nested").write_text("--flagfile=nowhere")
    pixels = np.zeros((64, 28, 28), np.uint8)
    np.savez(folder / "two.npz", images=pixels, labels=np.arange(64) % 2)
    tiny = np.zeros((1001, 16, 16), np.uint8)
    np.savez(folder / "many.npz", images=tiny, labels=np.arange(1001))
    return folder


@pytest.mark.parametrize("case", CASES.strip().splitlines())
def test_wrong_use_is_one_line_and_changes_nothing(
    case, folder, tmp_path, monkeypatch, capsys, no_network
):
    arguments, _, named = case.partition(" -> ")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "nothing"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    status = commands.main(arguments.split())
    err = capsys.readouterr().err
    assert (status, err.count("\n")) == (2, 1)
    assert err.startswith("error: ")
    assert named in err
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
