"""The worker processes that train one run together, on one machine or on several."""

import contextlib
import dataclasses
import json
import math
import os
import re
import shutil
import socket
import sys
import threading
import time
from collections.abc import Iterator

from dcgan_tf.support import errors
from dcgan_tf.support.progress import say

TF_CONFIG = "TF_CONFIG"  # the environment variable
START_SECONDS = 120.0  # within which all workers must have started
POLL_SECONDS = 0.2  # between two looks at those that have not
WATCH_SECONDS = 3.0  # between two looks at the others
# Within which all must come to a meeting: the chief may be evaluating meanwhile.
MEETING_SECONDS = 3600.0
ANSWER_SECONDS = 5.0  # within which a machine answers that no process listens


@dataclasses.dataclass(frozen=True)
class Cluster:
    """workers: "host:port" of each, the chief first; index: this process's place."""

    workers: tuple[str, ...]
    index: int

    @property
    def is_chief(self) -> bool:
        """Whether this is the worker that writes and prints."""
        return self.index == 0

    def name(self, index: int) -> str:
        return f"worker {index} ({self.workers[index]})"

    def silent(self) -> list[int]:
        """The other workers at whose address no process listens."""
        others = (i for i in range(len(self.workers)) if i != self.index)
        # A network may fail at times; TensorFlow's heartbeat finds where it stays so.
        return [i for i in others if not _listens(self.workers[i], unreachable=True)]

    def lost(self, message: str = "") -> str:
        """The error's line where others are lost; TensorFlow's message may name them."""
        others = set(range(len(self.workers))) - {self.index}
        named = {int(number) for number in re.findall(r"/task:(\d+)", message)}
        missing = self.silent() or others & named or others
        names = " or ".join(map(self.name, sorted(missing)))
        return (
            f"{names}: ended, or cannot be reached; its own output may say why; start all "
            "workers again by the same commands, and they go on from the newest checkpoint"
        )

    def wait_for_all(self) -> None:
        """Returns once every worker has come here; RunError if one does not in time.

        TensorFlow itself waits without end and without a word, deaf to signals.
        """
        deadline = time.monotonic() + START_SECONDS
        address = self.workers[self.index]
        try:
            own = socket.create_server(("", _place(address)[1]))
        except OSError as error:
            raise errors.RunError(
                f"{self.name(self.index)}: its port cannot be opened ({error.strerror}); "
                f"name another in every worker's {TF_CONFIG}, and give each its own index"
            ) from None
        missing = [i for i in range(len(self.workers)) if i != self.index]
        with own:  # until all are there; who comes later finds TensorFlow's server
            own.settimeout(POLL_SECONDS)
            announced = False
            while missing := [i for i in missing if not _listens(self.workers[i])]:
                names = ", ".join(map(self.name, missing))
                if not announced:
                    say(f"waiting for {names}")
                    announced = True
                if time.monotonic() > deadline:
                    raise errors.RunError(
                        f"{names}: not ready within {START_SECONDS:.0f} s; start all "
                        "workers within that time, each with the same list of workers in "
                        f"its {TF_CONFIG}, and see that their ports can be reached"
                    )
                with contextlib.suppress(TimeoutError):
                    own.accept()[0].close()


def is_likely() -> bool:
    """Whether the environment speaks of several processes."""
    return bool(os.environ.get(TF_CONFIG)) or "SLURM_STEP_NUM_TASKS" in os.environ


def of_environment() -> Cluster | None:
    """What TF_CONFIG or a Slurm step says; None for a single process.

    UsageError for a TF_CONFIG that says nothing of the kind.  A Slurm step is looked up by
    TensorFlow, whose other parts then find it in TF_CONFIG; unless TF_CONFIG is empty.
    """
    text = os.environ.get(TF_CONFIG)
    tasks = os.environ.get("SLURM_STEP_NUM_TASKS", "1")
    if text is None and tasks.isdecimal() and int(tasks) > 1:
        text = os.environ[TF_CONFIG] = _of_slurm(int(tasks))
    if not text:
        return None
    try:
        content = json.loads(text)
        jobs, task = content["cluster"], content["task"]
        chiefs, others = jobs.get("chief", []), jobs.get("worker", [])
        workers, place = (*chiefs, *others), {"chief": 0, "worker": len(chiefs)}
        index = place[task["type"]] + int(task["index"])
        if set(jobs) - set(place) or not all(map(_is_address, workers)):
            raise ValueError
        if not 0 <= index < len(workers) or len(set(workers)) < len(workers):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError):
        example = '{"cluster": {"worker": ["A:2222", "B:2222"]}, '
        example += '"task": {"type": "worker", "index": 0}}'
        raise errors.UsageError(
            f"{TF_CONFIG}={text}: must list the workers, each by host:port, and say which "
            f"of them this is, as {example}"
        ) from None
    return Cluster(workers, index) if len(workers) > 1 else None


def _of_slurm(tasks: int) -> str:
    from dcgan_tf.support import tf_setup

    tf_setup.import_quietly(initialise=False)
    import tensorflow as tf

    shares = {}  # of a node's GPUs, which it finds out by itself, and shares out
    if "CUDA_VISIBLE_DEVICES" in os.environ or not shutil.which("nvidia-smi"):
        # Slurm has shared them out, or there are none, by which it would divide.
        shares = {"gpus_per_node": tasks, "gpus_per_task": 1, "auto_set_gpu": False}
    try:
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(**shares)
        jobs = resolver.cluster_spec().as_dict()
    except Exception as error:  # of many kinds, one for each variable of Slurm's
        raise errors.UsageError(
            f"SLURM_STEP_NUM_TASKS: TensorFlow cannot make out the workers of this Slurm "
            f"step ({errors.first_line(error)}); set {TF_CONFIG}, or start one task"
        ) from error
    host, _ = _place(jobs["worker"][resolver.task_id])
    here = os.environ.get("SLURMD_NODENAME", host)
    if here != host:  # TensorFlow orders host names as text: node10 before node2
        raise errors.UsageError(
            f"SLURM_STEP_NODELIST: TensorFlow takes this node, {here}, for {host}; set "
            f"{TF_CONFIG}, or ask for nodes whose names have as many digits"
        )
    task = {"type": resolver.task_type, "index": resolver.task_id}
    return json.dumps({"cluster": jobs, "task": task})


def _is_address(text: object) -> bool:
    host, _, port = str(text).rpartition(":")
    return bool(host) and port.isdecimal() and 0 < int(port) < 65536


def _place(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _listens(address: str, unreachable: bool = False) -> bool:
    """Whether a process does; `unreachable` where the machine itself cannot be reached."""
    try:
        with socket.create_connection(_place(address), ANSWER_SECONDS):
            return True
    except ConnectionRefusedError:
        return False
    except OSError:
        return unreachable


class Watch:
    """Ends this process where another worker has ended.

    TensorFlow says of that only in the next collective, and no more than that a connection
    was closed.  Its own limit on a collective's time is a thread that sleeps for so long,
    one for each collective: thousands, after a while.
    """

    def __init__(self, cluster: Cluster):
        self._cluster = cluster
        self._over = threading.Event()
        self._meeting_since = math.inf
        threading.Thread(target=self._look, daemon=True).start()

    def over(self) -> None:
        """The others may end."""
        self._over.set()

    @contextlib.contextmanager
    def meeting(self) -> Iterator[None]:
        """All workers must come to the end of it within MEETING_SECONDS."""
        self._meeting_since = time.monotonic()
        yield
        self._meeting_since = math.inf

    def _look(self) -> None:
        while not self._over.wait(WATCH_SECONDS):
            late = time.monotonic() - self._meeting_since > MEETING_SECONDS
            if (late or self._cluster.silent()) and not self._over.is_set():
                # In this thread, while the main one waits within TensorFlow.
                print("error:", self._cluster.lost(), file=sys.stderr, flush=True)
                os._exit(1)
