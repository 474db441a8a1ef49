"""Measures what `evaluate` is asked for."""

from dcgan_tf.cli.evaluation import Request
from dcgan_tf.data import splits
from dcgan_tf.metrics import evaluator
from dcgan_tf.metrics.evaluator import Images
from dcgan_tf.runs import generator
from dcgan_tf.support import errors

CAS_COUNT = 60_000


def measure(request: Request, *, ema: bool, which: str) -> dict[str, object]:
    """The report of an evaluation, as JSON has it; "of" says what was measured."""
    dataset = request.dataset
    train, test = (splits.load(dataset, split) for split in ("train", "test"))
    if request.run:
        data = request.run.read().data
        if data and data["content_hash"] != train.content_hash():
            raise errors.UsageError(
                f"--data_dir: {dataset} is not what {request.run.folder} was trained on; "
                "name the folder of that data"
            )
        loaded = generator.load(request.run.folder, ema=ema, which=which)
        count = request.count or len(test.labels)
        images = evaluator.generate(loaded, count, request.seed)
        of = {
            "run": str(request.run.folder),
            "step": loaded.step,
            "ema": ema and loaded.config.ema_half_life > 0,
            "seed": request.seed,
        }
        for_cas = None
        if request.cas:
            for_cas = evaluator.generate(loaded, CAS_COUNT, request.seed + 1)
    else:
        images = Images(request.samples["images"], request.samples.get("labels"))
        of = {"samples": request.samples_path}
        for_cas = images if request.cas else None
    return {"of": of, **evaluator.compare(images, train, test, dataset, for_cas)}
