"""Studies: the same result whatever the blocks, workers, backend, interruptions and deaths."""

import json
import os
import signal
import time
from pathlib import Path

import joblib
import numpy as np
import pytest

import lnn
from lnn.book.chapters.step_size_experiments.studies import step_size_experiment
from lnn.intervals import quantile_interval, share_interval
from lnn.studies import GeneratorStack, member_generator


def conditions(rng, size, scale=1.0):
    """A task with draws of every supported kind and results of two shapes."""
    problem = lnn.step_problem(rng, size=size)
    weights = lnn.gaussian((5, 2, 5), rng, size=size)
    return {
        "loss": scale * lnn.loss(weights, problem),
        "eigenvalues": problem.eigenvalues,
        "integer": rng.integers(0, 10**9, size=size),
        "uniform": rng.uniform(-1.0, 1.0, size=(*size, 2)) + rng.random((*size, 2)),
        "normal": rng.normal(3.0, 0.1, size=size),
    }


def logged(rng, size, folder, stop_after=None):
    """As `conditions`; writes down each block, and is interrupted after a number of them."""
    log = Path(folder) / "log"
    with log.open("a") as file:
        file.write(f"{size[0]}\n")
    if stop_after is not None and len(log.read_text().split()) > stop_after:
        raise KeyboardInterrupt
    return conditions(rng, size)


def deadly(rng, size, folder):
    """As `conditions`; the first worker to reach the second half of members is killed."""
    grave = Path(folder) / "grave"
    time.sleep(0.05)
    if rng.generators[0].bit_generator.seed_seq.spawn_key[0] >= 20 and not grave.exists():
        grave.write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGKILL)
    return conditions(rng, size)


def assert_same(study, other):
    assert study.values.keys() == other.values.keys()
    for name in study.values:
        np.testing.assert_array_equal(study[name], other[name])


@pytest.fixture(scope="module")
def plain():
    return lnn.run_study(conditions, 40, seed=7)


def test_every_member_is_the_task_alone_with_its_own_generator(plain):
    assert plain.members == 40
    assert plain.seed == 7
    for i in (0, 17, 39):
        alone = conditions(member_generator(7, i), ())
        for name, value in alone.items():
            np.testing.assert_array_equal(plain[name][i], value)


@pytest.mark.parametrize("block", [1, 3, 16, 40, 1000])
def test_blocks_change_nothing(plain, block):
    assert_same(lnn.run_study(conditions, 40, seed=7, block=block), plain)


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_workers_and_backends_change_nothing(plain, backend):
    with joblib.parallel_config(backend, n_jobs=2):
        assert_same(lnn.run_study(conditions, 40, seed=7, block=9), plain)


def test_the_long_experiment_does_not_depend_on_blocks_either():
    options = {"widths": (5, 2, 2, 5), "steps": 100, "search": "doubling"}
    whole = lnn.run_study(step_size_experiment, 12, seed=1, options=options, block=12)
    parts = lnn.run_study(step_size_experiment, 12, seed=1, options=options, block=5)
    assert_same(whole, parts)
    assert (whole["diverging"] >= whole["failing"]).all()
    near = lnn.run_study(step_size_experiment, 12, seed=1, options={**options, "search": "near"})
    np.testing.assert_array_equal(near["failing"], whole["failing"])
    none = lnn.run_study(step_size_experiment, 12, seed=1, options={**options, "search": "none"})
    np.testing.assert_array_equal(none["bound"], whole["bound"])


def test_studies_of_different_widths_meet_the_same_problems():
    square, narrow = (
        lnn.run_study(step_size_experiment, 9, seed=2, options={"widths": widths})
        for widths in ((5, 5, 5, 5), (5, 2, 2, 5))
    )
    np.testing.assert_array_equal(square["smallest"], narrow["smallest"])
    assert (square["bound"] != narrow["bound"]).any()


def test_seeds_and_members_differ_and_more_members_continue_a_study(plain):
    other = lnn.run_study(conditions, 40, seed=8)
    assert (other["loss"] != plain["loss"]).all()
    assert np.unique(plain["loss"]).size == 40
    more = lnn.run_study(conditions, 50, seed=7)
    np.testing.assert_array_equal(more["loss"][:40], plain["loss"])


def test_an_interrupted_study_goes_on_where_it_stopped(plain, tmp_path):
    folder = tmp_path / "study"
    options = {"folder": str(tmp_path), "stop_after": 3}
    arguments = {"seed": 7, "block": 8, "checkpoint": folder, "options": options}
    with pytest.raises(KeyboardInterrupt):
        lnn.run_study(logged, 40, **arguments)
    assert len(list(folder.glob("block-*.npz"))) == 3
    (folder / ".partial-junk").write_bytes(b"cut off in the middle of a write")
    (tmp_path / "log").write_text("")  # so that it is not interrupted again
    assert_same(lnn.run_study(logged, 40, **{**arguments, "block": 16}), plain)
    assert (tmp_path / "log").read_text().split() == ["16"]  # 24 of 40 had been done
    assert_same(lnn.run_study(logged, 40, **arguments), plain)
    assert (tmp_path / "log").read_text().split() == ["16"]  # all of them had
    fewer = lnn.run_study(logged, 30, **arguments)
    np.testing.assert_array_equal(fewer["loss"], plain["loss"][:30])


def test_a_checkpoint_is_not_taken_for_another_study(tmp_path):
    arguments = {"seed": 7, "checkpoint": tmp_path, "options": {"scale": 2.0}}
    lnn.run_study(conditions, 5, **arguments)
    with pytest.raises(ValueError, match=r"another seed .*there 7; now 8.*choose another folder"):
        lnn.run_study(conditions, 5, **{**arguments, "seed": 8})
    with pytest.raises(ValueError, match="another options"):
        lnn.run_study(conditions, 5, **{**arguments, "options": {"scale": 3.0}})
    with pytest.raises(ValueError, match="another task"):
        lnn.run_study(logged, 5, **arguments)
    manifest = tmp_path / "study.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "code": "older"}))
    with pytest.raises(ValueError, match=r"another code .*there older"):
        lnn.run_study(conditions, 5, **arguments)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.png").write_bytes(b"")
    with pytest.raises(ValueError, match="not empty and no study's"):
        lnn.run_study(conditions, 5, **{**arguments, "checkpoint": tmp_path / "photos"})


def test_a_killed_dask_worker_changes_nothing(plain, tmp_path):
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            silence_logs="CRITICAL",
            local_directory=str(tmp_path),
        ) as cluster,
        Client(cluster),
        joblib.parallel_config("dask"),
    ):
        options = {"folder": str(tmp_path)}
        study = lnn.run_study(deadly, 40, seed=7, block=4, options=options)
    dead = int((tmp_path / "grave").read_text())
    assert dead != os.getpid()
    assert_same(study, plain)


def test_a_task_must_return_one_entry_a_member():
    with pytest.raises(ValueError, match=r"'total' of shape \(\) for size \(3,\)"):
        lnn.run_study(lambda rng, size: {"total": rng.random(size).sum()}, 3, seed=1)
    with pytest.raises(ValueError, match="members is 0"):
        lnn.run_study(conditions, 0, seed=1)
    with pytest.raises(ValueError, match="block is 0"):
        lnn.run_study(conditions, 5, seed=1, block=0)


def test_a_stack_refuses_draws_that_would_not_know_their_member():
    stack = GeneratorStack([member_generator(0, i) for i in range(3)])
    with pytest.raises(ValueError, match=r"size is \(2, 5\): a stack of 3"):
        stack.standard_normal((2, 5))
    with pytest.raises(ValueError, match="size is None"):
        stack.random()
    with pytest.raises(TypeError, match="cannot draw 'permutation'"):
        stack.permutation(5)


def test_the_progress_bar_counts_members(capsys):
    lnn.run_study(conditions, 12, seed=7, block=4, progress=True)
    assert "12/12" in capsys.readouterr().err
    lnn.run_study(conditions, 12, seed=7, block=4, progress=False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("n", "q"), [(11, 0.5), (60, 0.5), (60, 0.9)])
def test_intervals_of_quantiles_cover_as_often_as_they_say(n, q):
    rng = np.random.default_rng(0)
    samples = rng.exponential(size=(2000, n))
    truth = -np.log(1 - q)
    inside = [low <= truth <= high for low, high in (quantile_interval(s, q) for s in samples)]
    # At least 95%, and not much more: order statistics are discrete.
    assert 0.94 <= np.mean(inside) <= 0.995


def test_intervals_of_shares_are_the_textbooks():
    # Clopper and Pearson: 3 of 10 gives (0.0667, 0.6525).
    np.testing.assert_allclose(share_interval(3, 10), [0.06674, 0.65245], atol=1e-5)
    np.testing.assert_allclose(share_interval(10, 10), [0.025**0.1, 1.0])
    assert quantile_interval([1.0, 2.0]).tolist() == [-np.inf, np.inf]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: share_interval(3, 2), "more hits than trials"),
        (lambda: quantile_interval([1.0, np.nan]), "1 nan"),
        (lambda: quantile_interval([1.0, 2.0], 1.5), r"q is 1\.5"),
        (lambda: quantile_interval([1.0, 2.0], level=0.0), "level is 0"),
    ],
)
def test_impossible_statistics_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
