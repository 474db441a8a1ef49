"""Makes the classifier for MNIST that comes with the package, and says its accuracy.

python experiments/classifier/train.py classifier.npz

The hashes that it prints are those of `dcgan_tf.metrics.classifier.PACKAGED`.
"""

import hashlib
import pathlib
import sys

from dcgan_tf.support import tf_setup

tf_setup.start()

from dcgan_tf.data import splits  # noqa: E402
from dcgan_tf.datasets import sources  # noqa: E402
from dcgan_tf.metrics import classifier  # noqa: E402

path = pathlib.Path(sys.argv[1])
mnist = sources.find("mnist")
train, test = (splits.load(mnist, split) for split in ("train", "test"))
model = classifier.fit(
    train,
    mnist.spec,
    seed=classifier.SEED,
    epochs=classifier.EPOCHS,
    max_translation=classifier.MAX_TRANSLATION,
)
classifier.save(model, path)
_, probabilities = classifier.Classifier(model).predict(test.images.numpy())
right = (probabilities.argmax(axis=1) == test.labels.numpy()).mean()
print(f"{path}: {right:.2%} of the test set right, {model.count_params():,} parameters")
content = path.read_bytes()
print(f"{len(content):,} bytes, sha256 {hashlib.sha256(content).hexdigest()}")
print(f"of training images with the content hash {train.content_hash()}")
