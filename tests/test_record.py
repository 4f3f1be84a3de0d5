"""Every record of results fits on a few lines, whatever is in it."""

import importlib
import inspect
import pkgutil
from dataclasses import fields, is_dataclass

import numpy as np
import pytest
from cases import random_network, random_problem

import lnn
from lnn._record import Record, _brief
from lnn.steps.search import first_failure


def test_a_run_is_shown_by_shapes_and_ranges():
    problem = random_problem(np.random.default_rng(0), 3, 2)
    start = random_network(np.random.default_rng(1), (3, 4, 2), size=(7,))
    text = repr(lnn.descend(start, problem, 1e-4, 50))
    assert text.startswith("Run(weights=2 arrays (7, 4, 3), (7, 2, 4), losses=(7, 51) from ")
    assert "recorded=(51,) from 0 to 50" in text
    assert text.endswith("step_size=(7,) from 0.0001 to 0.0001)")


def test_a_problem_is_shown_by_its_data():
    problem = lnn.Problem(np.arange(12.0).reshape(3, 4), np.ones((1, 4)))
    assert repr(problem) == "Problem(X=(3, 4) from 0 to 11, Y=(1, 4) from 1 to 1)"


def test_few_numbers_are_shown():
    start = (np.zeros((1, 1)),)
    failure = first_failure(start, lnn.Problem([[1.0]], [[3.0]]), [0.3, 0.4, 0.6])
    assert "step_size=[1.2, 1.6, 1.2]" in repr(failure)
    assert "diverged=[ True,  True,  True]" in repr(failure)
    bound = lnn.convergence_bound(start, lnn.Problem([[1.0]], [[3.0]]))
    assert f"step_size={float(bound.step_size):.6g}" in repr(bound)


def records():
    for entry in pkgutil.walk_packages(lnn.__path__, "lnn."):
        if not entry.name.startswith("lnn.book"):
            for value in vars(importlib.import_module(entry.name)).values():
                if inspect.isclass(value) and issubclass(value, Record) and is_dataclass(value):
                    yield value


@pytest.mark.parametrize("kind", sorted(set(records()), key=lambda kind: kind.__name__))
def test_a_thousand_members_make_a_short_text(kind):
    record = object.__new__(kind)
    for field in fields(kind):
        object.__setattr__(record, field.name, np.ones((1000, 50)))
    assert len(repr(record)) < 120 * len(fields(kind))
    for field in fields(kind):
        if field.repr:
            assert f"{field.name}=(1000, 50) from 1 to 1" in repr(record)


def test_what_is_empty_or_boolean_has_no_range():
    record = object.__new__(lnn.descent.run.Run)
    for field in fields(record):
        object.__setattr__(record, field.name, np.zeros((0, 3)))
    assert "losses=(0, 3) of float64" in repr(record)
    for field in fields(record):
        object.__setattr__(record, field.name, np.ones((9, 3), dtype=bool))
    assert "losses=(9, 3) of bool" in repr(record)
    for field in fields(record):
        object.__setattr__(record, field.name, np.ones(7))
    assert "losses=(7,) from 1 to 1" in repr(record)
    for field in fields(record):
        object.__setattr__(record, field.name, np.ones(6))
    assert "losses=[1., 1., 1., 1., 1., 1.]" in repr(record)
    for field in fields(record):
        object.__setattr__(record, field.name, (np.ones(3), 4))
    assert "losses=(array([1., 1., 1.]), 4)" in repr(record)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x" * 78, "'" + "x" * 78 + "'"),  # of 80 characters
        ("x" * 79, "'" + "x" * 76 + "..."),
        ((), "()"),
        (np.array(1 / 3), "0.333333"),
        (np.array(12), "12"),
        (np.array(True), "True"),
        (np.array([1 / 3, 2.0]), "[0.3333, 2.    ]"),
        (np.arange(7) / 3, "(7,) from 0 to 2"),
        (np.arange(2, 8.0).reshape(2, 3) / 3, "(2, 3) from 0.6667 to 2.333"),
        (np.array([[1.0, np.nan]]), "(1, 2) from nan to nan"),
        (np.array(["a", "b"]), repr(np.array(["a", "b"]))),
    ],
)
def test_a_value_is_shown_by_its_text_its_numbers_or_its_range(value, text):
    assert _brief(value) == text
