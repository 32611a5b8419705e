"""The rivals of the detection benchmark: the original's rule, and four generic outlier detectors.

The detectors get two sets of features. "raw" comes directly from a table of weekly amounts. "peer+own" is the input of
this project's detector, as numbers: the user's weeks relative to peers (by the mart's expected revenue), the spread,
holes, zeros, and contrasts with the user's own history.
"""

import numpy as np
from scipy.stats import skew
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor
from sklearn.preprocessing import StandardScaler

SMALL = 1e-3


def original_rule(data):
    """Many weeks and a low average: flagged users first, then by ascending average."""
    average = data.average_weekly_revenue
    return data.rule * (average.max() + 1) - average


def row_statistics(values):
    """Mean, standard deviation, minimum, maximum, and median of each row, ignoring NaNs; every row has a number."""
    count = np.sum(~np.isnan(values), axis=1)
    mean = np.nansum(values, axis=1) / count
    deviation = np.sqrt(np.nansum((values - mean[:, None]) ** 2, axis=1) / np.maximum(count - 1, 1))
    return mean, deviation, np.nanmin(values, axis=1), np.nanmax(values, axis=1), np.nanmedian(values, axis=1)


def raw_features(data):
    mean, deviation, least, greatest, median = row_statistics(data.revenue)
    return np.column_stack([data.total_revenue, mean, data.active_weeks, deviation, least, greatest, median])


def deepest_fall(ratio, spread):
    """The lowest contrast between the means after and before a week, with at least two weeks on each side."""
    lowest = np.zeros(len(ratio))
    counts = np.cumsum(~np.isnan(ratio), axis=1)
    sums = np.cumsum(np.nan_to_num(ratio), axis=1)
    total, n = sums[:, -1], counts[:, -1]
    for week in range(ratio.shape[1] - 1):
        before, after = counts[:, week], n - counts[:, week]
        possible = (before >= 2) & (after >= 2)
        a, b = np.maximum(before, 1), np.maximum(after, 1)
        contrast = ((total - sums[:, week]) / b - sums[:, week] / a) / (spread * np.sqrt(1 / a + 1 / b))
        lowest = np.where(possible, np.minimum(lowest, contrast), lowest)
    return lowest


def peer_and_own_features(data):
    ratio = data.revenue / np.maximum(data.expected, SMALL)
    mean, deviation, least, greatest, median = row_statistics(ratio)
    weeks = data.active_weeks
    inside = np.sum(~np.isnan(data.expected), axis=1)
    cv = deviation / np.maximum(mean, SMALL)
    usual_cv = np.median(cv)
    level = (mean / np.median(mean) - 1) * np.sqrt(weeks) / usual_cv
    last = np.nansum(ratio[:, -4:], axis=1) / np.maximum(np.sum(~np.isnan(ratio[:, -4:]), axis=1), 1)
    return np.column_stack([
        np.log(mean + SMALL), least, greatest, median, cv, weeks,
        inside - weeks,                                     # holes between the first and the last week
        np.sum(data.revenue == 0, axis=1),
        deepest_fall(ratio, usual_cv * np.maximum(mean, SMALL)),
        level,
        last / np.maximum(mean, SMALL),
    ])


def isolation_forest(features, seed):
    return -IsolationForest(n_estimators=200, random_state=seed).fit(features).score_samples(features)


def local_outlier_factor(features, seed):
    model = LocalOutlierFactor(n_neighbors=35).fit(StandardScaler().fit_transform(features))
    return -model.negative_outlier_factor_


def hbos(features, seed):
    """Goldstein and Dengel 2012: the sum of -log of each feature's histogram density, 20 bins."""
    score = np.zeros(len(features))
    for x in features.T:
        counts, edges = np.histogram(x, bins=20)
        share = np.maximum(counts, 0.5) / len(x)
        bins = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, 19)
        score -= np.log(share[bins])
    return score


def ecod(features, seed):
    """Li et al. 2022: the largest sum of -log of tail probabilities, of the left, right, or skewed sides."""
    left = np.zeros(len(features))
    right = np.zeros(len(features))
    skewed = np.zeros(len(features))
    for x in features.T:
        ordered = np.sort(x)
        lower = -np.log(np.searchsorted(ordered, x, side="right") / len(x))
        upper = -np.log(1 - np.searchsorted(ordered, x, side="left") / len(x))
        left += lower
        right += upper
        skewed += lower if skew(x) < 0 else upper
    return np.maximum(np.maximum(left, right), skewed)


DETECTORS = {"IsolationForest": isolation_forest, "LOF": local_outlier_factor, "HBOS": hbos, "ECOD": ecod}
FEATURES = {"raw": raw_features, "peer+own": peer_and_own_features}


def rival_scores(data, seed):
    """Name and scores of each generic detector on each set of features."""
    for set_name, make in FEATURES.items():
        features = make(data)
        for name, detect in DETECTORS.items():
            yield "%s, %s" % (name, set_name), detect(features, seed)
