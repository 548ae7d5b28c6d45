"""An interval of a difference covers the truth, whatever the spread comes from."""

import numpy as np
import pytest

from lstm_se.scoring.statistics import crossed_difference, interval, student_interval


def layout(rng, seeds=3, files=30, seed_sd=0.0, file_sd=0.0, rest_sd=0.2, mean=0.0):
    """Differences over seeds and files with known causes."""
    table = mean + rest_sd * rng.standard_normal((seeds, files))
    return table + seed_sd * rng.standard_normal((seeds, 1)) + file_sd * rng.standard_normal(files)


@pytest.mark.parametrize(("seed_sd", "file_sd"), [(0.3, 0.0), (0.0, 0.3), (0.3, 0.3), (0.05, 0.2)])
def test_interval_covers_the_truth_wherever_the_spread_comes_from(seed_sd, file_sd):
    rng = np.random.default_rng(1)
    found = [crossed_difference(layout(rng, seed_sd=seed_sd, file_sd=file_sd)) for _ in range(1000)]
    covered = np.mean([d.low <= 0 <= d.high for d in found])
    assert covered > 0.91  # Satterthwaite comes near 95 %, and lies above for few causes


@pytest.mark.parametrize("count", [3, 10])
def test_interval_of_a_few_values_covers_the_truth_and_their_bootstrap_does_not(count):
    samples = np.random.default_rng(1).standard_normal((400, count))
    covered = [
        np.mean([found.low <= 0 <= found.high for found in map(how, samples)])
        for how in (student_interval, interval)
    ]
    assert covered[0] > 0.93 > 0.92 > covered[1]


@pytest.mark.parametrize("values", [[1.0], [1.0, np.inf]])
def test_interval_of_a_few_values_refuses_what_the_other_one_does(values):
    with pytest.raises(ValueError, match="an interval needs"):
        student_interval(values)


def test_bootstrap_of_three_seeds_covers_far_less():
    """Why the interval is no bootstrap: the seeds that were not drawn are missing in it."""
    rng, covered = np.random.default_rng(1), []
    for _ in range(300):
        table = layout(rng, seed_sd=0.3, file_sd=0.1)
        seeds, files = rng.integers(3, size=(400, 3, 1)), rng.integers(30, size=(400, 1, 30))
        low, high = np.percentile(table[seeds, files].mean((1, 2)), [2.5, 97.5])
        covered.append(low <= 0 <= high)
    assert np.mean(covered) < 0.85


def test_interval_of_files_alone_is_student_s():
    """Two seeds that give the same differences tell as much as one."""
    from scipy import stats

    row = np.random.default_rng(0).standard_normal(12)
    found = crossed_difference(np.stack([row, row]))
    half = stats.t.ppf(0.975, 11) * row.std(ddof=1) / 12**0.5
    np.testing.assert_allclose(found, (row.mean(), row.mean() - half, row.mean() + half))


def test_interval_of_seeds_alone_is_student_s():
    from scipy import stats

    column = np.array([[0.1], [0.4], [0.3]])
    found = crossed_difference(np.tile(column, 7))
    half = stats.t.ppf(0.975, 2) * column.std(ddof=1) / 3**0.5
    np.testing.assert_allclose(found, (column.mean(), column.mean() - half, column.mean() + half))


def test_interval_of_both_is_that_of_a_table_done_by_hand():
    from scipy import stats

    rest = np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0]])
    found = crossed_difference(np.array([[-1.0], [1.0]]) + np.array([-2.0, 0.0, 2.0]) + rest)
    of_seeds, of_files, of_rest = 3 * 2 / 1, 2 * 8 / 2, 4 / 2  # mean squares
    total = of_seeds + of_files - of_rest
    freedom = total**2 / (of_seeds**2 / 1 + of_files**2 / 2 + of_rest**2 / 2)
    half = stats.t.ppf(0.975, freedom) * (total / 6) ** 0.5
    np.testing.assert_allclose(found, (0, -half, half), atol=1e-12)


@pytest.mark.parametrize(("shift", "verdict"), [(1.0, "better"), (-1.0, "worse"), (0.0, "open")])
def test_verdict_asks_whether_zero_is_within(shift, verdict):
    table = shift + np.array([[0.1, -0.1, 0.2, -0.2], [-0.1, 0.1, -0.2, 0.2]])
    assert crossed_difference(table).verdict == verdict


@pytest.mark.parametrize("shape", [(1, 9), (9, 1)])
def test_one_seed_or_one_file_has_no_interval(shape):
    with pytest.raises(ValueError, match=f"{shape[0]} seeds and {shape[1]} files"):
        crossed_difference(np.zeros(shape))


def test_failures_have_no_place_in_an_interval():
    with pytest.raises(ValueError, match="failures"):
        crossed_difference(np.array([[1.0, np.nan], [1.0, 1.0]]))
