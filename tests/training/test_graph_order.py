"""TensorFlow's optimised graph of the steps keeps each variable's accesses in order.

Otherwise a weight may be read while it is moved, and the bits depend on threads.
"""

import collections
import itertools
import re

import pytest
import same_steps
import tensorflow as tf
from tensorflow.python.eager import context

from dcgan_tf.data import pipeline
from dcgan_tf.training.steps import make_train_steps
from dcgan_tf.training.train_state import TrainState

PASSED_ON = ("Enter", "Identity", "Merge", "Switch")  # a variable goes through them
READS = ("ReadVariableOp", "ResourceGather")
WRITES = ("AssignVariableOp", "AssignAddVariableOp", "ResourceApplyAdam")


def optimised(case, few, changes):
    """The graph that is executed, with its loop as Enter, Merge, Switch and so on."""
    config = same_steps.config_of(case).model_copy(update=changes)
    state = TrainState.create(config)
    train_steps = make_train_steps(state, config)
    stream = iter(pipeline.Batches(few, same_steps.ROWS, seed=0).stream())
    context.context().enable_run_metadata()
    try:
        train_steps(stream, tf.constant(1))
        graphs = context.context().export_run_metadata().function_graphs
    finally:
        context.context().disable_run_metadata()
    return max((g.post_optimization_graph for g in graphs), key=lambda g: len(g.node))


def branch(name):
    """The side of the condition on `r1_interval` that a node is on; "" for neither."""
    found = re.search(r"/cond/(then|else)/", name)
    return found[1] if found else ""


def source(name):
    return name.lstrip("^").split(":")[0]


def unordered(graph):
    """Pairs of accesses to a variable of which one writes, and no path leads between."""
    nodes = {node.name: node for node in graph.node}
    after = collections.defaultdict(set)
    for node in graph.node:
        if node.op != "NextIteration":
            for name in node.input:
                after[source(name)].add(node.name)

    def variable(name):
        while nodes[source(name)].op in PASSED_ON:
            name = nodes[source(name)].input[0]
        return source(name)

    def reached(name):
        seen, left = set(), [name]
        while left:
            new = after[left.pop()] - seen
            seen |= new
            left += new
        return seen

    accesses = collections.defaultdict(list)
    for node in graph.node:
        if node.op in (*READS, *WRITES) and "/body/" in node.name:
            count = 3 if node.op == "ResourceApplyAdam" else 1  # it moves its slots, too
            for name in node.input[:count]:
                accesses[variable(name)].append(node)
    found = {node.name: reached(node.name) for each in accesses.values() for node in each}
    pairs = [
        (one.name, other.name)
        for each in accesses.values()
        for one, other in itertools.combinations(each, 2)
        if not (one.op in READS and other.op in READS)
        # Of two branches only one is taken.
        and {branch(one.name), branch(other.name)} != {"then", "else"}
    ]
    assert len(pairs) > 100
    return [
        (one, other)
        for one, other in pairs
        if other not in found[one] and one not in found[other]
    ]


@pytest.mark.parametrize(
    ("case", "changes"),
    [
        ("acgan compact2, paired", {}),
        ("acgan compact2, lazy", {}),
        # Other optimisations are on: see tf_setup.
        ("acgan compact2, lazy", {"augment_target": 0.0, "augment_fakes": False}),
        ("cgan_maxout, alternating, separate", {}),
    ],
)
def test_a_variable_is_never_read_while_it_is_moved(case, changes, few):
    assert unordered(optimised(case, few, changes)) == []
