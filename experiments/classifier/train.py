"""Makes the classifier for MNIST that comes with the package, and says its accuracy.

python experiments/classifier/train.py classifier.npz

The content hash that it prints is the one in `dcgan_tf.metrics.classifier.PACKAGED`.
"""

import pathlib
import sys

from dcgan_tf.support import tf_setup

tf_setup.start()

from dcgan_tf.data import pipeline  # noqa: E402
from dcgan_tf.datasets import source  # noqa: E402
from dcgan_tf.metrics import classifier, image_sets  # noqa: E402
from dcgan_tf.support import arrays  # noqa: E402

path = pathlib.Path(sys.argv[1])
mnist = source.find("mnist")
train, test = (pipeline.load(mnist, split) for split in ("train", "test"))
classifier.MOST_STEPS = 5_616  # twelve epochs
model = classifier.fit(train, mnist.spec, epochs=12)
arrays.write(path, *model.get_weights())
right = classifier.Classifier(model).accuracy(image_sets.of_test(test))
print(f"{path}: {right:.2%} of the test set right, {model.count_params():,} parameters")
print(f"of training images with the content hash {train.content_hash()}")
