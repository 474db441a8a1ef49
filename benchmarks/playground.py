"""Images a second of a run's playground, in headless Chromium.

    python -m benchmarks.playground
    python -m benchmarks.playground --run=checkpoints/acgan

What an image takes the generator: the median of 200, after 50.  Then how many images a
second the page draws, in 3 s, in the share of a screen's frame that it takes for them.
Nothing should run beside.
"""

import pathlib
import shutil
import sys
import tempfile

from absl.flags import FlagValues

from dcgan_tf import playground
from dcgan_tf.cli import flags
from dcgan_tf.support import errors

MEASURE = """() => {
  const times = [];
  for (let i = 0; i < 250; i++) {
    const [latents, weights] = [sampleLatents(i), classWeights(i % page.classes)];
    const start = performance.now();
    generate(latents, weights);
    times.push(performance.now() - start);
  }
  return times.slice(50).sort((a, b) => a - b)[100];
}"""
DRAW = """() => new Promise((resolve) => {
  let count = 0;
  const end = performance.now() + 3000;
  const draw = () => {
    pictures[0].draw();
    count++;
    if (performance.now() < end) redraw([draw]);
    else resolve(count / 3);
  };
  redraw([draw]);
})"""


def define_flags() -> FlagValues:
    return flags.new(run=flags.RUN)


def main(values: FlagValues) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise errors.UsageError("needs chromium, as from apt-get install chromium")
    from playwright import sync_api

    with tempfile.TemporaryDirectory() as folder, sync_api.sync_playwright() as driver:
        path = pathlib.Path(folder) / "playground.html"
        made = playground.define_flags()
        made(
            [
                "playground",
                f"--output={path}",
                *([f"--run={values.run}"] * bool(values.run)),
            ]
        )
        playground.main(made)
        options = {"executable_path": chromium, "args": ["--no-sandbox"]}
        # The page forbids `eval`, by which Playwright waits.
        page = driver.chromium.launch(**options).new_page(bypass_csp=True)
        page.goto(path.as_uri())
        page.wait_for_function("frame === 0")
        print(f"generator {page.evaluate(MEASURE):.1f} ms an image")
        print(f"the page draws {page.evaluate(DRAW):.0f} images/s")


if __name__ == "__main__":
    sys.exit(flags.run(main, define_flags(), __doc__))
