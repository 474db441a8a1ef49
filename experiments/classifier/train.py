"""Makes the classifier for MNIST that comes with the package, and says its accuracy.

python experiments/classifier/train.py classifier.npz
"""

import hashlib
import pathlib
import sys

from dcgan_tf import datasets, engine

engine.start()

from dcgan_tf import classifier  # noqa: E402

path = pathlib.Path(sys.argv[1])
mnist = datasets.find("mnist", None)
train, test = (datasets.load(mnist, split) for split in ("train", "test"))
model = classifier.fit(
    train, 10, seed=classifier.SEED, epochs=classifier.EPOCHS, shift=classifier.SHIFT
)
classifier.save(model, path)
_, probabilities = classifier.Classifier(model).judge(test.images.numpy())
right = (probabilities.argmax(axis=1) == test.labels.numpy()).mean()
print(f"{path}: {right:.2%} of the test set right, {model.count_params():,} parameters")
content = path.read_bytes()
print(f"{len(content):,} bytes, sha256 {hashlib.sha256(content).hexdigest()}")
