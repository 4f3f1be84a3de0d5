"""Studies: the same result whatever the blocks, workers, backend, interruptions and deaths."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import pytest

import lnn
from lnn import _storage, studies
from lnn.book.chapters.step_size_experiments.studies import step_size_experiment
from lnn.descent._engines import choice
from lnn.descent._engines.stacked import Stack
from lnn.intervals import quantile_interval, share_interval
from lnn.network import flatten
from lnn.studies import GeneratorStack, Study, member_generator


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
    arguments = {"seed": 7, "checkpoint": tmp_path / "study", "options": {"scale": 2.0}}
    lnn.run_study(conditions, 5, **arguments)
    with pytest.raises(ValueError, match=r"another seed .*there 7; now 8.*choose another folder"):
        lnn.run_study(conditions, 5, **{**arguments, "seed": 8})
    with pytest.raises(ValueError, match="another options"):
        lnn.run_study(conditions, 5, **{**arguments, "options": {"scale": 3.0}})
    with pytest.raises(ValueError, match="another task and code"):
        lnn.run_study(logged, 5, **arguments)
    with pytest.raises(ValueError, match=r"another engine \(there compiled; now numpy\)"):
        lnn.run_study(conditions, 5, engine="numpy", **arguments)
    manifest = tmp_path / "study" / "study.json"
    kept = json.loads(manifest.read_text())
    assert f"numpy {np.__version__}" in kept["versions"]
    manifest.write_text(json.dumps({**kept, "versions": "numpy 1.0"}))
    with pytest.raises(ValueError, match=r"another versions .*there numpy 1.0.*Study.load"):
        lnn.run_study(conditions, 5, **arguments)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.png").write_bytes(b"")
    with pytest.raises(ValueError, match="not empty and no study's"):
        lnn.run_study(conditions, 5, **{**arguments, "checkpoint": tmp_path / "photos"})


CONSTANT = 1.0


def scaled(rng, size):
    return {"y": CONSTANT * helper(rng.random(size))}


def helper(x):
    return x + 1


def with_power(k):
    return lambda rng, size: {"y": rng.random(size) ** k}


class Scaled:
    def __init__(self, k):
        self.k = k

    def __call__(self, rng, size):
        return {"y": self.k * rng.random(size)}


def by_keyword(rng, size, k):
    return {"y": k * rng.random(size)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (partial(by_keyword, k=1.0), partial(by_keyword, k=100.0)),
        (with_power(2), with_power(3)),
        (Scaled(1.0), Scaled(2.0)),
    ],
    ids=["partial", "closure", "callable"],
)
def test_another_task_never_gets_old_results(tmp_path, one, other):
    lnn.run_study(one, 5, seed=1, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="another code"):
        lnn.run_study(other, 5, seed=1, checkpoint=tmp_path)


@pytest.mark.parametrize("change", [("CONSTANT", 2.0), ("helper", lambda x: x + 2)])
def test_a_changed_constant_or_helper_never_gets_old_results(tmp_path, monkeypatch, change):
    before = lnn.run_study(scaled, 5, seed=1, checkpoint=tmp_path)
    monkeypatch.setitem(globals(), *change)
    with pytest.raises(ValueError, match="another code"):
        lnn.run_study(scaled, 5, seed=1, checkpoint=tmp_path)
    assert_same(Study.load(tmp_path), before)
    with pytest.raises(ValueError, match="a worker has another code of the task"):
        lnn.run_study(scaled, 5, seed=1, checkpoint=tmp_path / "workers", block=1, jobs=2)


def test_a_change_of_lnn_that_the_task_does_not_reach_locks_nothing(tmp_path, monkeypatch):
    lnn.run_study(conditions, 5, seed=1, checkpoint=tmp_path)
    monkeypatch.setattr("lnn.landscape.low_rank.best_of_rank", None)
    lnn.run_study(conditions, 6, seed=1, checkpoint=tmp_path)
    monkeypatch.setattr("lnn.objective.product", lambda weights: weights[0])
    with pytest.raises(ValueError, match="another code"):
        lnn.run_study(conditions, 6, seed=1, checkpoint=tmp_path)


def test_workers_know_the_identity_of_closures(tmp_path):
    task = with_power(2)
    with joblib.parallel_config("loky", n_jobs=2):
        study = lnn.run_study(task, 8, seed=1, checkpoint=tmp_path, block=2)
    assert_same(study, lnn.run_study(task, 8, seed=1))


def test_without_an_identity_there_is_no_checkpoint(tmp_path):
    lock = threading.Lock()

    def task(rng, size):
        with lock:
            return {"y": rng.random(size)}

    assert lnn.run_study(task, 3, seed=1)["y"].shape == (3,)
    with pytest.raises(ValueError, match="cannot be identified"):
        lnn.run_study(task, 3, seed=1, checkpoint=tmp_path)


def test_overlapping_blocks_count_once_and_must_agree(plain, tmp_path):
    lnn.run_study(conditions, 24, seed=7, block=8, checkpoint=tmp_path / "a")
    lnn.run_study(conditions, 30, seed=7, block=10, checkpoint=tmp_path / "b")
    for block in (tmp_path / "b").glob("block-*.npz"):
        shutil.copy(block, tmp_path / "a")
    together = lnn.run_study(conditions, 40, seed=7, checkpoint=tmp_path / "a")
    assert_same(together, plain)
    loaded = Study.load(tmp_path / "a")
    assert loaded.members == 40
    assert_same(loaded, plain)
    lnn.run_study(conditions, 5, seed=8, checkpoint=tmp_path / "c")
    shutil.copy(tmp_path / "c" / "block-000000000000-000000000005.npz", tmp_path / "a")
    with pytest.raises(ValueError, match="holds members 0 to 4, which another block holds with"):
        Study.load(tmp_path / "a")


def test_blocks_that_only_touch_have_no_member_to_agree_on():
    blocks = _storage.Blocks()
    blocks.add(2, 4, {"x": np.array([[2.0], [3.0]])})
    blocks.add(0, 2, {"y": np.array([0.0, 1.0])})
    blocks.add(4, 5, {"z": np.array([4.0])})
    assert blocks.members == 5
    with pytest.raises(ValueError, match=r"^here holds members 3 to 3, which another"):
        blocks.add(3, 4, {"x": np.array([[5.0]])}, "here")


def test_a_block_that_cannot_be_read_is_named(tmp_path):
    lnn.run_study(conditions, 4, seed=7, checkpoint=tmp_path)
    (block,) = tmp_path.glob("block-*.npz")
    block.write_bytes(block.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"block-000000000000-000000000004.npz cannot be read"):
        lnn.run_study(conditions, 4, seed=7, checkpoint=tmp_path)
    # Members beyond those asked for are not looked at.
    block.unlink()
    before = lnn.run_study(conditions, 8, seed=7, block=4, checkpoint=tmp_path)
    (tmp_path / "block-000000000004-000000000008.npz").write_bytes(b"cut off")
    fewer = lnn.run_study(conditions, 4, seed=7, block=4, checkpoint=tmp_path)
    np.testing.assert_array_equal(fewer["loss"], before["loss"][:4])


def test_a_study_is_saved_and_loaded(plain, tmp_path):
    plain.save(tmp_path / "results")
    loaded = Study.load(tmp_path / "results")
    assert_same(loaded, plain)
    assert (loaded.members, loaded.seed, loaded.engine) == (40, 7, plain.engine)
    np.testing.assert_array_equal(loaded.index, np.arange(40))
    with np.load(tmp_path / "results.npz") as file:
        np.testing.assert_array_equal(file["loss"], plain["loss"])
    for wrong in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(ValueError, match=r"there is no file|it is no checkpoint"):
            Study.load(wrong)
    np.savez(tmp_path / "other.npz", a=1)
    with pytest.raises(ValueError, match=r"not written by Study\.save"):
        Study.load(tmp_path / "other.npz")


def test_an_unfinished_folder_can_be_read(plain, tmp_path):
    lnn.run_study(conditions, 40, seed=7, block=8, checkpoint=tmp_path)
    (tmp_path / "block-000000000008-000000000016.npz").unlink()
    before = sorted(path.name for path in tmp_path.iterdir())
    loaded = Study.load(tmp_path)
    assert loaded.members == 32
    np.testing.assert_array_equal(loaded.index, [*range(8), *range(16, 40)])
    np.testing.assert_array_equal(loaded["loss"], plain["loss"][loaded.index])
    assert loaded.about["task"].endswith("conditions")
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    for block in tmp_path.glob("block-*.npz"):
        block.unlink()
    with pytest.raises(ValueError, match="holds no block yet"):
        Study.load(tmp_path)


def test_a_study_is_a_mapping_and_a_table(plain):
    assert "loss" in plain
    assert "gain" not in plain
    assert list(plain) == plain.keys() == list(dict(plain)) == list(plain.values)
    with pytest.raises(KeyError, match="'gain': this study has loss, eigenvalues"):
        plain["gain"]
    table = plain.to_table()
    assert all(column.shape == (40,) for column in table.values())
    np.testing.assert_array_equal(table["member"], np.arange(40))
    np.testing.assert_array_equal(table["loss"], plain["loss"])
    np.testing.assert_array_equal(table["eigenvalues[3]"], plain["eigenvalues"][:, 3])
    np.testing.assert_array_equal(table["uniform[1]"], plain["uniform"][:, 1])
    assert len(table) == 1 + 1 + 5 + 1 + 2 + 1
    assert repr(plain).startswith("Study of 40 members, seed 7")
    assert len(repr(plain)) < 200


def test_an_interruption_says_what_is_kept(tmp_path):
    options = {"folder": str(tmp_path), "stop_after": 3}
    arguments = {"seed": 7, "block": 8, "options": options}
    with pytest.raises(KeyboardInterrupt) as stopped:
        lnn.run_study(logged, 40, checkpoint=tmp_path / "study", **arguments)
    (note,) = stopped.value.__notes__
    assert "24 of 40 members are kept in" in note
    assert "same call goes on" in note
    (tmp_path / "log").write_text("")
    with pytest.raises(KeyboardInterrupt) as stopped:
        lnn.run_study(logged, 40, **arguments)
    (note,) = stopped.value.__notes__
    assert "nothing is kept of the 24 of 40 members" in note
    assert "checkpoint=" in note


def near_the_edge(rng, size, *, engine="auto", widths=(5, 5, 5, 5), rate=1.5e-3):
    """Long runs near the edge of stability, where a rounding error becomes visible."""
    problem = lnn.step_problem(rng, size=size)
    weights = lnn.gaussian(widths, rng, size=size)
    run = lnn.descend(weights, problem, rate, 900, record_every=100, engine=engine)
    return {"losses": run.losses, "stop": run.stop, "weights": flatten(run.weights)}


@pytest.mark.parametrize(
    ("widths", "members"), [((5, 5, 5, 5), 505), ((5, 2, 5), 40), ((5, 17, 5), 15)], ids=str
)
@pytest.mark.parametrize("engine", ["auto", "numpy", "compiled"])
def test_descent_does_not_depend_on_blocks_bit_for_bit(engine, widths, members):
    options = {"widths": widths}
    whole = lnn.run_study(near_the_edge, members, seed=3, block=500, options=options, engine=engine)
    assert np.unique(whole["stop"]).size > 1 or widths != (5, 5, 5, 5)
    for block in (1, 2, 7):
        few = min(members, 28)
        parts = lnn.run_study(
            near_the_edge, few, seed=3, block=block, options=options, engine=engine
        )
        for name in whole:
            np.testing.assert_array_equal(parts[name], whole[name][:few])


WIDE = """
import hashlib, sys, numpy as np, lnn
from lnn.network import flatten

def task(rng, size):
    problem = lnn.Problem(rng.normal(size=(*size, 256, 300)), rng.normal(size=(*size, 256, 300)))
    run = lnn.descend(lnn.gaussian((256, 256), rng, std=0.1, size=size), problem, 1e-4, 3)
    return {"weights": flatten(run.weights)}

print(hashlib.sha256(lnn.run_study(task, 1, seed=1)["weights"].tobytes()).hexdigest())
"""


def test_the_number_of_threads_changes_no_bit_of_a_wide_network():
    digests = {
        subprocess.run(
            [sys.executable, "-c", WIDE],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
        ).stdout
        for threads in ("1", "2")
    }
    assert len(digests) == 1


def test_the_engine_of_a_study_is_chosen_once_and_recorded(monkeypatch):
    def engine_of_a_run(rng, size):
        wide = choice.choose("auto", (5, 17, 5)) is Stack
        small = choice.choose("auto", (5, 5)).__name__
        return {"small": np.full(size, small), "wide": np.full(size, wide)}

    compiled = lnn.run_study(engine_of_a_run, 2, seed=1)
    assert (compiled.engine, compiled["small"][0]) == ("compiled", "Ensemble")
    plain = lnn.run_study(engine_of_a_run, 2, seed=1, engine="numpy")
    assert (plain.engine, plain["small"][0]) == ("numpy", "Stack")
    assert compiled["wide"].all()
    monkeypatch.setattr(choice, "available", lambda: False)
    assert lnn.run_study(engine_of_a_run, 2, seed=1).engine == "numpy"
    with pytest.raises(ValueError, match="llvmlite is not installed"):
        lnn.run_study(engine_of_a_run, 2, seed=1, engine="compiled")
    with pytest.raises(ValueError, match="llvmlite is not installed"):  # as on a worker without it
        studies._Work(engine_of_a_run, 1, {}, "compiled").run(0, 2, {}, os.getpid())


def test_a_killed_dask_worker_changes_nothing(plain, tmp_path):
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            scheduler_port=0,
            dashboard_address="127.0.0.1:0",  # None means port 8787
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
    with pytest.raises(ValueError, match=r"'total' of shape \(\) .* for size \(3,\)"):
        lnn.run_study(lambda rng, size: {"total": rng.random(size).sum()}, 3, seed=1)
    with pytest.raises(ValueError, match="members is 0"):
        lnn.run_study(conditions, 0, seed=1)
    with pytest.raises(ValueError, match="block is 0"):
        lnn.run_study(conditions, 5, seed=1, block=0)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("standard_normal", {}), ("normal", {}), ("normal", {"loc": 2.0, "scale": 0.5}),
        ("random", {}), ("uniform", {}), ("uniform", {"low": -2.0, "high": 3.0}),
        ("integers", {"low": 9}), ("integers", {"low": 3, "high": 9}),
    ],
)  # fmt: skip
def test_every_row_of_a_stack_is_the_draw_of_its_generator(name, arguments):
    stack = GeneratorStack([member_generator(0, i) for i in range(3)])
    rows = getattr(stack, name)(**arguments, size=(3, 4))
    for i, row in enumerate(rows):
        alone = getattr(member_generator(0, i), name)(**arguments, size=4)
        np.testing.assert_array_equal(row, alone)


@pytest.mark.parametrize("size", [None, 2, (), [2], (3,), (3, 2)])
def test_a_stack_draws_one_row_a_member_only(size):
    stack = GeneratorStack([np.random.default_rng(k) for k in range(2)])
    assert stack.standard_normal((2,)).shape == (2,)
    with pytest.raises(ValueError, match=r"^size is .*: a stack of 2 generators draws"):
        stack.standard_normal(size)


def test_a_stack_refuses_draws_that_would_not_know_their_member():
    stack = GeneratorStack([member_generator(0, i) for i in range(3)])
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
