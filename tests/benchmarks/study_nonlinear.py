"""Compute the stored studies of the non-linear chapter anew: half an hour on one core.

    python tests/benchmarks/study_nonlinear.py

writes ``lnn/book/chapters/nonlinear/studies.npz``. ``tests/book/test_nonlinear.py`` repeats a part.
"""

import numpy as np
from tqdm import tqdm

from lnn.book.chapters.nonlinear import studies


def main() -> None:
    """Run every study and write the archive."""
    arrays = {
        f"width {name}": np.array(
            [
                [studies.width_run(name, units, seed)[1] for seed in range(studies.DATA_SETS)]
                for units in studies.WIDTHS
            ],
            dtype=np.float32,
        )
        for name in tqdm(studies.ACTIVATIONS, "width")
    }
    jobs = []
    for start in studies.STARTS:
        for eta in studies.NOISE_STEPS if start == "line" else (studies.STEP_SIZE,):
            noises = [(eta, {"noise": noise}) for noise in studies.NOISES]
            jobs.append((f"noise {eta} from {start}", start, noises))
        batches = [(eta, {"batch": 1}) for eta in studies.BATCH_STEPS]
        jobs.append((f"batch from {start}", start, batches))
        jobs.append((f"full from {start}", start, [(eta, {}) for eta in studies.BATCH_STEPS]))
    for label, start, settings in tqdm(jobs, "exits"):
        ends = [studies.exit_run(start, eta, **options) for eta, options in settings]
        arrays[label] = np.array(ends, dtype=np.int8)
    np.savez_compressed(studies.STORED, **arrays)


if __name__ == "__main__":
    main()
