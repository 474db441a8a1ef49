"""Measures what `evaluate` is asked for."""

from dcgan_tf.cli.evaluation import Request
from dcgan_tf.data import splits
from dcgan_tf.data.splits import Split
from dcgan_tf.datasets import sources
from dcgan_tf.metrics import evaluator, image_sets
from dcgan_tf.metrics.image_sets import Images
from dcgan_tf.runs.trained import TrainedRun
from dcgan_tf.support import errors


def measure(request: Request, loaded: TrainedRun | None, *, ema: bool) -> dict:
    """The report of an evaluation, as JSON has it; "of" says what was measured.

    loaded: the generator of the request's run, if that has one; ema: whether it is the EMA
    """
    dataset = request.dataset
    train, test = (splits.load(dataset, split) for split in ("train", "test"))
    if loaded:
        _check_data(request, train)
        like = image_sets.of_test(test).labels
        labels = image_sets.labels_like(like, request.count or len(like))
        images = image_sets.generated(loaded, labels, request.seed)
        of = {
            "run": str(request.run.folder),
            "step": loaded.step,
            "ema": ema and loaded.config.ema_half_life > 0,
            "seed": request.seed,
        }
        for_cas = None
        if request.cas:
            count = evaluator.cas_count(train)
            labels = image_sets.labels_like(train.labels.numpy(), count)
            for_cas = image_sets.generated(loaded, labels, request.seed + 1)
    else:
        images = Images(request.samples["images"], request.samples.get("labels"))
        of = {"samples": request.samples_path}
        for_cas = images if request.cas else None
    return {"of": of, **evaluator.compare(images, train, test, dataset, for_cas)}


def _check_data(request: Request, train: Split) -> None:
    """UsageError where a run was trained on other images."""
    data = request.run.read().data
    if data and data["content_hash"] != train.content_hash():
        own = sources.is_own(request.dataset.name)
        raise errors.UsageError(
            f"--{'dataset' if own else 'data_dir'}: {request.dataset} is not what "
            f"{request.run.folder} was trained on; name the folder of that data"
        )
