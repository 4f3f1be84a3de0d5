"""The studies of the chapter on exact dynamics: what separates a run from its closed form."""

import numpy as np

from lnn.book.chapters.exact_dynamics import studies


def test_unmixed_data_have_the_map_and_the_variances_of_the_given_ones():
    problem = studies.report_data()
    unmixed = studies.unmixed(problem)
    right = np.linalg.svd(problem.least_squares)[2].T
    np.testing.assert_allclose(unmixed.least_squares, problem.least_squares, atol=1e-12)
    inner, given = (right.T @ data.cov_xx @ right for data in (unmixed, problem))
    np.testing.assert_allclose(inner, np.diag(np.diag(given)), atol=1e-9)
    assert np.abs(given - inner).max() > 1  # the given ones are mixed


def test_the_closed_form_misses_by_the_step_where_the_data_do_not_mix():
    unmixed = studies.unmixed(studies.report_data())
    coarse, fine = (studies.staircase_error(unmixed, 1e-5 / k, 640 * k) for k in (1, 8))
    assert 0.005 < coarse < 0.02
    assert fine < coarse / 4
