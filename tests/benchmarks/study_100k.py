"""The step-size experiment of the report on 100,000 networks: how long it takes, and its results.

    python tests/benchmarks/study_100k.py [--jobs 2] [--checkpoint FOLDER] [--write]

Looks for the first failing step size of each of 100,000 three-layer 5×5 networks, with 5000 steps
a run, near the place where it is expected. ``--write`` stores how many doublings each network took
in ``lnn/book/chapters/step_size_experiments/doublings_100k.npz``, from which the book draws; the
chapter checks the first thousand of them against a search by plain doubling. With
``--checkpoint`` an interrupted run goes on where it stopped.
"""

import argparse
import time

import numpy as np

from lnn.book.chapters.step_size_experiments import studies
from lnn.studies import run_study


def main() -> None:
    """Run the study, print how long it took, and store its results if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--checkpoint")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    begin = time.perf_counter()
    study = run_study(
        studies.step_size_experiment,
        arguments.members,
        seed=studies.SEED,
        options={"widths": (5, 5, 5, 5), "search": "near"},
        block=2500,
        jobs=arguments.jobs,
        checkpoint=arguments.checkpoint,
    )
    seconds = time.perf_counter() - begin
    print(f"{arguments.members:,} networks, {arguments.jobs} processes: {seconds:.0f} s")
    for name in ("bound", "failing"):
        values = np.quantile(study[name], [0.001, 0.5, 0.999])
        print(f"{name:8} 0.1% {values[0]:.3g}   median {values[1]:.3g}   99.9% {values[2]:.3g}")
    if arguments.write:
        np.savez_compressed(studies.STORED, doublings=study["doublings"].astype(np.uint8))
        print(f"wrote {studies.STORED}")


if __name__ == "__main__":
    main()
