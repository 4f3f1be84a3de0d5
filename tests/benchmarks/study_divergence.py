"""Compute the stored studies of the chapter on divergence anew: about a minute on one core.

    python tests/benchmarks/study_divergence.py

writes ``lnn/book/chapters/divergence/studies.npz``. ``tests/book/test_divergence.py`` repeats a
part.
"""

import numpy as np
from tqdm import tqdm

from lnn.book.chapters.divergence import studies


def main() -> None:
    """Run every study and write the archive."""
    runs = [
        [studies.tightness_runs(shape, start) for shape in tqdm(studies.SHAPES, start)]
        for start in studies.STARTS
    ]
    arrays = {
        name: np.array([[run[i] for run in row] for row in runs])
        for i, name in enumerate(("beforehand", "reached", "proved"))
    }
    arrays["beyond"] = np.array([studies.beyond_runs(n) for n in range(len(studies.WIDER))])
    arrays["failures"], arrays["limits"] = studies.search_runs()
    rng = np.random.default_rng(0)
    narrow = [studies.narrow_runs(shape, rng) for shape in tqdm(studies.NARROW_SHAPES, "narrow")]
    for i, name in enumerate(("costs", "gaps", "found")):
        arrays[name] = np.array([study[i] for study in narrow])
    np.savez_compressed(studies.STORED, **arrays)


if __name__ == "__main__":
    main()
