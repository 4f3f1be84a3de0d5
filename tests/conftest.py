"""Fixtures shared by all tests."""

import os

# Two libraries that both start threads slow each other down on the small machines of CI.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
