"""The job of make bench in pandas: python3 rival_pandas.py DATA OUT

Three CSV files to clean users, expected revenue and datasets (docs/rules.md, sections 1 to 3, with the default options).
Prints "stage NAME SECONDS" for each stage, "cpu all SECONDS", and "memory peak MB" for the process's peak.

Columns with few values are categories.  Texts are cleaned once per distinct value.  Money is in whole micro-units (10^-6),
in int64; levels and factors, which have few rows, are Python integers, which do not overflow.  Texts are assumed to be
ASCII where the rules refer to ASCII letters, and empty fields to be missing, as in the generated files.
"""
import re
import sys
import time
from decimal import ROUND_HALF_UP, Decimal, localcontext

import numpy
import pandas

BLANKS = " \t\r\n\x0b\x0c"
FEMALE = {"F", "FE", "FEM", "FEMA", "FEMAL", "FEMALE", "FEMEL", "FEMELE", "FAMALE", "FEMALEF", "FEMALEH"}
MALE = {"M", "MA", "MAL", "MALE"}
STATUSES = {"ACTIVE": "ACTIVE", "IDLE": "IDLE", "SUSPEND": "SUSPEND", "SUSPENDED": "SUSPEND", "DEACTIVE": "DEACTIVE",
            "DEACTIVATE": "DEACTIVE", "DEACTIVATED": "DEACTIVE"}
STATUS_ORDER = ["ACTIVE", "IDLE", "SUSPEND", "DEACTIVE", "OTHER"]
PLAIN_AMOUNT = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,255}))?", re.ASCII).fullmatch
AMOUNT = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:[eE]([+-]?[0-9]+))?", re.ASCII).fullmatch
WEEK = re.compile(r"[0-9]{1,6}", re.ASCII).fullmatch
TOO_MUCH = 10**18  # micro-units
ONE = 2**32
FILTERS = ["segment", "age_group", "region", "gender", "activity_level", "revenue_band"]


def divide(a, b):
    """Division of whole numbers, rounded half away from zero; a >= 0, b > 0."""
    return (2 * a + b) // (2 * b)


# ---- load


def load(data):
    def read(name, dtype):
        return pandas.read_csv(f"{data}/{name}", dtype=dtype, keep_default_na=False, na_values=[""])

    few = "category"
    return (
        read("crm1.csv", {"msisdn": str, "gender": few, "year_of_birth": few, "system_status": few, "mobile_type": few,
                          "value_segment": few}),
        read("device1.csv", {"msisdn": str, "imei_tac": str, "brand_name": few, "model_name": few, "os_name": few,
                             "os_vendor": few}),
        read("rev1.csv", {"msisdn": str, "week_number": few, "revenue_usd": str}))


# ---- clean


def clean_ids(column):
    """Cleaned identifiers as an array of objects; None if nothing is left."""
    return numpy.array([x.strip(BLANKS).lower() or None if x.__class__ is str else None for x in column.array], dtype=object)


def clean_text(value):
    """Text with white space collapsed, cut to 200 characters; None if nothing is left."""
    if value.__class__ is not str:
        return None
    return re.sub("[ \t\r\n\x0b\x0c]+", " ", value).strip(" ")[:200].rstrip(" ") or None


def clean_label(value):
    text = clean_text(value)
    if text is None:
        return "Unknown"
    return "".join(
        c.lower() if i > 0 and (text[i - 1] >= "\x80" or text[i - 1].isalnum()) else c.upper() for i, c in enumerate(text))


def age_group(age):
    if age is None:
        return "Unknown"
    for limit, name in [(18, "Under 18"), (25, "18-24"), (35, "25-34"), (45, "35-44"), (55, "45-54"), (65, "55-64")]:
        if age < limit:
            return name
    return "65+"


def clean_kind(raw):
    """The columns of one row of crm, and its position in the order of the best row."""
    gender, year, status, mobile_type, segment = raw
    letters = re.sub("[^A-Za-z]", "", gender or "").upper()
    gender = "Female" if letters in FEMALE else "Male" if letters in MALE else "Unknown"
    year = (year or "").strip(BLANKS)
    year = int(year) if re.fullmatch("[0-9]{4}", year) and 10 <= 2018 - int(year) <= 110 else None
    status = STATUSES.get((status or "").strip(BLANKS).upper(), "OTHER")
    order = (STATUS_ORDER.index(status), gender == "Unknown", year is None,
             *((text is None, (text or "").encode()) for text in raw))
    age = None if year is None else 2018 - year
    return order, gender, year, age, age_group(age), status, clean_label(mobile_type), clean_label(segment)


def number_rows(frame, columns):
    """A number for each distinct row of category columns, and one example row per number."""
    number = numpy.zeros(len(frame), dtype=numpy.int64)
    for column in columns:
        number = number * (len(frame[column].cat.categories) + 1) + frame[column].cat.codes.to_numpy() + 1
    codes, _ = pandas.factorize(number)
    first = numpy.zeros(codes.max() + 1, dtype=numpy.int64)
    first[codes[::-1]] = numpy.arange(len(codes))[::-1]
    return codes, first


def clean_crm(crm):
    """One row per subscriber with msisdn and kind; the kinds, in the order of the best row; counts."""
    columns = ["gender", "year_of_birth", "system_status", "mobile_type", "value_segment"]
    codes, first = number_rows(crm, columns)
    different = crm[columns].iloc[first].astype(object)
    different = different.where(different.notna(), None)
    cleaned = pandas.DataFrame(
        [clean_kind(raw) for raw in different.itertuples(index=False, name=None)],
        columns=["order", "gender", "birth_year", "age", "age_group", "status", "mobile_type", "segment"], dtype=object)
    order = numpy.array(sorted(range(len(cleaned)), key=cleaned["order"].tolist().__getitem__))
    place = numpy.empty(len(order), dtype=numpy.int32)
    place[order] = numpy.arange(len(order))
    kinds = cleaned.iloc[order].drop(columns="order").reset_index(drop=True)

    ids = clean_ids(crm["msisdn"])
    number, msisdn = pandas.factorize(ids)  # -1 for None
    best = pandas.Series(place[codes]).groupby(number).min()
    best = best[best.index >= 0].to_numpy()
    refused = int((number < 0).sum())
    return msisdn, best, kinds, {"rows_in": len(crm), "rows_refused": refused, "rows_accepted": len(msisdn)}


def read_amount(text):
    """The fault of an amount or None, a key that equal amounts share, and the micro-units."""
    plain = PLAIN_AMOUNT(text)
    if plain:
        whole, places = plain.groups()
        if places is None:
            return None, whole.lstrip("0") or "0", int(whole) * 1000000
        places = places.rstrip("0")
        micro = int(whole + places[:6].ljust(6, "0")) + (places[6:7] >= "5")
        whole = whole.lstrip("0") or "0"
        return None, f"{whole}.{places}" if places else whole, micro
    number = AMOUNT(text)
    if not text:
        return "amount_missing", None, None
    if text.lower() == "nan":
        return "amount_nan", None, None
    if re.fullmatch("[+-]?inf(inity)?", text.lower()):
        return "amount_infinite", None, None
    if not number or len(text) > 400:
        return "amount_not_numeric", None, None
    mantissa, exponent = Decimal(number[1]), int(number[2] or 0)
    if -mantissa.as_tuple().exponent - exponent > 1000 or (mantissa and exponent > 1000):
        return "amount_out_of_range", None, None
    with localcontext() as context:
        context.prec = 2500
        value = mantissa.scaleb(exponent) if mantissa else Decimal(0)
        if abs(value) >= 10**12:
            return "amount_out_of_range", None, None
        if value < 0:
            return "amount_negative", None, None
        key = f"{value:f}"
        return (None, key.rstrip("0").rstrip(".").lstrip("+") if "." in key else key,
                int((value * 1000000).quantize(Decimal(1), ROUND_HALF_UP)))


def read_week(text):
    text = text.strip(BLANKS) if text.__class__ is str else ""
    if not text:
        return "week_missing", -1
    if not WEEK(text):
        return "week_not_numeric", -1
    return (None, int(text)) if 1 <= int(text) <= 53 else ("week_out_of_range", -1)


def clean_revenue(revenue):
    """Sums per user and week in micro-units, for all numbers; counts."""
    ids = clean_ids(revenue["msisdn"])
    weeks = [read_week(text) for text in revenue["week_number"].cat.categories] + [read_week(None)]
    codes = revenue["week_number"].cat.codes.to_numpy()
    week_fault = numpy.array([fault for fault, _ in weeks], dtype=object)[codes]
    week = numpy.array([number for _, number in weeks], dtype=numpy.int32)[codes]
    amount_fault, key, micro = zip(*(
        read_amount(text.strip(BLANKS)) if text.__class__ is str else ("amount_missing", None, None)
        for text in revenue["revenue_usd"].array))

    fault = numpy.array(amount_fault, dtype=object)
    fault = numpy.where(pandas.notna(week_fault), week_fault, fault)
    fault = numpy.where(pandas.isna(ids), "msisdn_missing", fault)
    good = pandas.isna(fault)
    faults = pandas.Series(fault[~good]).value_counts()

    rows = pandas.DataFrame({"msisdn": ids[good], "week": week[good], "key": numpy.array(key, dtype=object)[good],
                             "micro": numpy.array(micro, dtype=object)[good].astype(numpy.int64)})
    rows["id"], msisdn = pandas.factorize(rows["msisdn"])
    once = rows.drop_duplicates(["id", "week", "key"])
    sums = once.groupby(["id", "week"], sort=False)["micro"].sum().reset_index()
    # a sum that does not fit int64 is also too large for a week
    too_much = sums["micro"] >= TOO_MUCH
    if once["micro"].max() * len(weeks) > 2**62:
        exact = once.astype({"micro": object}).groupby(["id", "week"], sort=False)["micro"].sum().to_numpy()
        too_much = pandas.Series(exact >= TOO_MUCH)
    accepted = len(once)
    if too_much.any():
        refused = sums.loc[too_much, ["id", "week"]]
        faults["week_total_out_of_range"] = len(rows.merge(refused))
        accepted -= len(once.merge(refused))
        sums = sums[~too_much]
    sums["msisdn"] = msisdn[sums["id"]]
    counts = {"rows_in": len(revenue), "rows_refused": int(faults.sum()), "rows_accepted": accepted}
    counts.update({f"refused_{name}": int(rows) for name, rows in faults.items()})
    return sums, counts


def clean_device(device, users):
    """The best row of each user, by the user's number; counts."""
    ids = clean_ids(device["msisdn"])
    missing = pandas.isna(ids)
    user = users.get_indexer(ids)
    of_users = device[user >= 0].drop(columns="msisdn").copy()
    of_users["n"] = user[user >= 0]
    texts = {}
    for column in ["brand_name", "model_name", "os_name"]:
        codes = of_users[column].cat.codes.to_numpy()
        cleaned = numpy.array([clean_text(text) for text in of_users[column].cat.categories] + [None], dtype=object)
        texts[column] = cleaned[codes]
    of_users["brand"], of_users["model"], of_users["os"] = texts.values()
    of_users["no_brand"], of_users["no_os"] = of_users["brand"].isna(), of_users["os"].isna()
    for column in ["brand_name", "model_name", "os_name", "os_vendor"]:
        of_users[column] = of_users[column].astype(object)
    best = of_users.sort_values(
        ["n", "no_brand", "no_os", "imei_tac", "brand_name", "model_name", "os_name", "os_vendor"], na_position="last"
    ).drop_duplicates("n").set_index("n")[["brand", "model", "os"]]
    best["brand"] = best["brand"].str.upper()
    accepted = pandas.Series(ids[~missing]).nunique()
    return best.fillna("Unknown"), {"rows_in": len(device), "rows_refused": int(missing.sum()), "rows_accepted": accepted}


def clean(crm, device, revenue):
    msisdn, best, kinds, crm_counts = clean_crm(crm)
    cells = kinds.join(pandas.Series(numpy.bincount(best, minlength=len(kinds)), name="subscribers"))
    cells = cells.groupby(["segment", "age_group", "gender", "mobile_type", "status"])["subscribers"].sum().reset_index()

    sums, revenue_counts = clean_revenue(revenue)
    with_revenue = pandas.Index(sums["msisdn"].unique())
    known = numpy.flatnonzero(with_revenue.get_indexer(msisdn) >= 0)
    users = kinds.iloc[best[known]].reset_index(drop=True)
    users.insert(0, "msisdn", msisdn[known])
    index = pandas.Index(users["msisdn"])
    sums["n"] = index.get_indexer(sums["msisdn"])
    user_week = sums.loc[sums["n"] >= 0, ["n", "week", "micro"]].rename(columns={"micro": "y"})

    devices, device_counts = clean_device(device, index)
    users = users.join(devices)
    users[["brand", "model", "os"]] = users[["brand", "model", "os"]].fillna("Unknown")
    counts = []
    for file, values in [("crm", crm_counts), ("device", device_counts), ("revenue", revenue_counts)]:
        values["rows_duplicate"] = values["rows_in"] - values["rows_refused"] - values["rows_accepted"]
        counts += [(file, measure, value) for measure, value in values.items()]
    return users, user_week, cells, pandas.DataFrame(counts, columns=["file", "measure", "value"])


# ---- model


def quantile(values, fraction):
    """percentile_cont: the ordered values, interpolated."""
    ordered = numpy.sort(values)
    position = fraction * (len(ordered) - 1)
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def bands(values, cuts, names):
    return numpy.array(names, dtype=object)[numpy.searchsorted(cuts, values, side="right")]


def describe(users, user_week):
    """The features of section 2, added to the users."""
    by_user = user_week.groupby("n")
    users["first_week"], users["last_week"] = by_user["week"].min(), by_user["week"].max()
    users["active_weeks"] = by_user.size()
    users["zero_weeks"] = user_week["n"][user_week["y"] == 0].value_counts()
    users["zero_weeks"] = users["zero_weeks"].fillna(0).astype(int)
    users["y"] = by_user["y"].sum()
    users["average"] = divide(users["y"], users["active_weeks"])
    users["tenure_weeks"] = users["last_week"] - users["first_week"] + 1
    weeks = user_week["week"].nunique()
    active = users["active_weeks"].to_numpy()
    users["activity_level"] = numpy.where(2 * active < weeks, "Low", numpy.where(10 * active < 9 * weeks, "Medium", "High"))
    average = users["average"].to_numpy() / 1e6
    quartiles = [quantile(average, q) for q in (0.25, 0.5, 0.75)]
    users["revenue_segment"] = numpy.array(["Low", "Medium", "High", "Very High"], dtype=object)[
        numpy.searchsorted(quartiles, average, side="left")]
    users["high_usage_low_revenue"] = (active >= quantile(active, 0.75)) & (average <= quartiles[0])
    users["tenure_band"] = bands(users["tenure_weeks"], [5, 9, 14, 27, 53], ["0-4", "5-8", "9-13", "14-26", "27-52", "53+"])
    users["revenue_band"] = bands(users["y"], [n * 10**6 for n in (50, 100, 150, 200, 300)],
                                  ["0-50", "50-100", "100-150", "150-200", "200-300", "300+"])


def make_spine(users, user_week):
    """One row for each of the mart's weeks from a user's first to last."""
    weeks = numpy.sort(user_week["week"].unique())
    first = numpy.searchsorted(weeks, users["first_week"].to_numpy())
    length = numpy.searchsorted(weeks, users["last_week"].to_numpy()) - first + 1
    start = numpy.concatenate(([0], numpy.cumsum(length)[:-1]))
    n = numpy.repeat(numpy.arange(len(users)), length)
    w = numpy.arange(len(n)) - numpy.repeat(start - first, length)
    y = numpy.zeros(len(n), dtype=numpy.int64)
    present = numpy.zeros(len(n), dtype=bool)
    at = start[user_week["n"]] + numpy.searchsorted(weeks, user_week["week"].to_numpy()) - first[user_week["n"]]
    y[at] = user_week["y"]
    present[at] = True
    inner = (w > first[n]) & (w < (first + length - 1)[n])
    return weeks, n, w, y, present, inner


def ratios(y, base):
    """y / base in units of 2^-32, for arrays; the division takes two steps to stay within int64."""
    if len(y) and (y.max() >= 2**46 or base.max() >= 2**30):
        return numpy.array([min(divide(int(a) * ONE, int(b)), 65536 * ONE) for a, b in zip(y, base)], dtype=object)
    whole, rest = numpy.divmod(y, base)
    return numpy.minimum(whole * ONE + divide(rest * ONE, base), 65536 * ONE)


def factors(unit, units, n, users, y, level):
    """Number of users, credibility and factor of each unit (steps 2 and 3), from user-weeks whose level is above 0.

    n, y, level: of the user-weeks; unit: of the users."""
    amount = numpy.bincount(n, minlength=users)
    has = numpy.flatnonzero(amount)
    actual = numpy.zeros(users, dtype=numpy.int64)
    base = numpy.zeros(users, dtype=numpy.int64)
    numpy.add.at(actual, n, y)
    numpy.add.at(base, n, level)
    ratio = ratios(actual[has], base[has])
    result = [(0, 0.0, ONE)] * units
    used = []
    for u in range(units):
        of_unit = unit[has] == u
        count = int(of_unit.sum())
        if not count:
            continue
        r = [int(x) for x in ratio[of_unit]]
        own = min(divide(sum(map(int, actual[has][of_unit])) * ONE, sum(map(int, base[has][of_unit]))), 65536 * ONE)
        squares = sum((x - own) ** 2 for x in r) / ONE**2
        used.append((u, count, own / ONE, squares))
    total = sum(count for _, count, _, _ in used)
    within = sum(squares for _, _, _, squares in used) / total
    between = sum(count * (r - 1) ** 2 for _, count, r, _ in used)
    denominator = total - sum(count * count for _, count, _, _ in used) / total
    a = max((between - (len(used) - 1) * within) / denominator, 0) if denominator > 0 else 0
    for u, count, r, _ in used:
        z = count * a / (count * a + within) if a > 0 else 0.0
        result[u] = (count, z, round((1 + z * (r - 1)) * ONE))
    return result


def expect(users, user_week):
    """Section 3: the user-weeks with expected revenue, and the users' peers."""
    weeks, n, w, y, present, inner = make_spine(users, user_week)
    segment, _ = pandas.factorize(users["segment"])
    cell, _ = pandas.factorize(users["segment"] + " / " + users["mobile_type"] + " / " + users["age_group"])
    groups, cells, periods = segment.max() + 1, cell.max() + 1, len(weeks)
    positive = y > 0

    def sums(unit, units):
        """Sum and count of the positive amounts of each unit and week."""
        at = unit[n] * periods + w if units > 1 else w
        total = numpy.zeros(units * periods, dtype=numpy.int64)
        numpy.add.at(total, at, y)
        return total.reshape(units, periods), numpy.bincount(at[positive], minlength=units * periods).reshape(units, periods)

    total, count = sums(numpy.zeros(len(users), dtype=numpy.int64), 1)
    level_all = numpy.array([divide(int(t), int(c)) if c else 0 for t, c in zip(total[0], count[0])], dtype=numpy.int64)
    use = positive & (level_all[w] > 0)
    group_factor = factors(segment, groups, n[use], len(users), y[use], level_all[w[use]])

    total, count = sums(segment, groups)
    own = count >= 30
    level = numpy.array([
        [divide(int(total[g, p]), int(count[g, p])) if own[g, p] else divide(int(level_all[p]) * group_factor[g][2], ONE)
         for p in range(periods)] for g in range(groups)], dtype=numpy.int64)
    of_group = level[segment[n], w]
    use = positive & (of_group > 0)
    cell_factor = factors(cell, cells, n[use], len(users), y[use], of_group[use])

    group_of = dict(zip(cell, segment))
    expected = numpy.array([
        [min(divide(int(level[group_of[c], p]) * cell_factor[c][2], ONE), TOO_MUCH - 1) for p in range(periods)]
        for c in range(cells)], dtype=numpy.int64)
    e = expected[cell[n], w]

    around = numpy.bincount(w[inner], minlength=periods)
    absent = numpy.bincount(w[inner & ~present], minlength=periods)
    others = around.sum() - around
    usual = numpy.divide(absent.sum() - absent, others, out=numpy.ones(periods), where=others > 0)
    excess = absent - around * usual
    common = (absent >= 10) & (excess > around * usual / 2) & (excess**2 > 9 * around * usual * (1 - usual))
    e[common[w] & ~present] = 0

    spoke = numpy.zeros(len(users), dtype=bool)
    numpy.logical_or.at(spoke, n, own[segment[n], w])
    z = numpy.array([cell_factor[c][1] for c in cell])
    users["peers"] = [cell_factor[c][0] for c in cell]
    users["credibility"] = z
    users["peer_level"] = numpy.select([~spoke, z == 0, z >= 0.5], ["all", "group", "cell"], "blend")
    users["missing_weeks"] = numpy.bincount(n[~present & ~common[w]], minlength=len(users))
    users["e"] = pandas.Series(e).groupby(n).sum()
    return pandas.DataFrame({"n": n, "week_number": weeks[w], "present": present, "y": y, "e": e})


# ---- datasets


def money(micro):
    """Micro-units as text with six decimal places; floats would lose digits from 2^53 on."""
    return [f"{'-' if m < 0 else ''}{abs(m) // 1000000}.{abs(m) % 1000000:06d}" for m in micro.tolist()]


def truth(flags):
    return numpy.where(flags, "true", "false")


def make_datasets(users, expected, cells, out):
    users["region"] = "Unknown"
    users["usage"] = users["active_weeks"]
    users["total_revenue"], users["expected_revenue"] = money(users["y"]), money(users["e"])
    users["average_weekly_revenue"], users["gap"] = money(users["average"]), money(users["e"] - users["y"])
    users["peer_group"] = users["segment"] + " / " + users["mobile_type"] + " / " + users["age_group"]
    users["credibility"] = [f"{z:.4f}" for z in users["credibility"]]
    users["high_usage_low_revenue"] = truth(users["high_usage_low_revenue"])
    users["birth_year"], users["age"] = users["birth_year"].astype("Int64"), users["age"].astype("Int64")
    table = users[[
        "msisdn", "gender", "birth_year", "age", "age_group", "region", "segment", "revenue_segment", "mobile_type", "status",
        "brand", "model", "os", "tenure_weeks", "tenure_band", "first_week", "last_week", "active_weeks", "missing_weeks",
        "zero_weeks", "activity_level", "usage", "total_revenue", "average_weekly_revenue", "revenue_band",
        "expected_revenue", "gap", "peer_group", "peers", "peer_level", "credibility", "high_usage_low_revenue"]]
    table.to_csv(f"{out}/users.csv", index=False, lineterminator="\n")

    user_weeks = expected.assign(gap=expected["e"] - expected["y"], msisdn=users["msisdn"].to_numpy()[expected["n"]])

    filters = FILTERS[:1] + ["revenue_segment"] + FILTERS[1:]
    dimension = users.groupby(filters, sort=False).ngroup().to_numpy()
    dimensions = users[filters].drop_duplicates().reset_index(drop=True)
    by = pandas.DataFrame({"d": dimension[expected["n"]], "week_number": expected["week_number"],
                           "active_users": expected["present"], "revenue_users": expected["y"] > 0,
                           "y": expected["y"], "e": expected["e"]}).groupby(["d", "week_number"]).sum().reset_index()
    cube = dimensions.iloc[by["d"]].reset_index(drop=True).join(by.drop(columns="d"))
    cube["gap"] = cube["e"] - cube["y"]
    trend = cube.groupby(["week_number"] + FILTERS, observed=True)[["active_users", "y", "e"]].sum().reset_index()

    active = users.assign(users=1, revenue_users=users["y"] > 0).groupby(FILTERS)[["users", "revenue_users"]].sum().reset_index()
    active["subscribers"] = active["users"]
    who = ["segment", "age_group", "gender"]
    rest = cells.groupby(who)["subscribers"].sum().sub(active.groupby(who)["users"].sum(), fill_value=0).astype(int)
    rest = rest[rest > 0].rename("subscribers").reset_index().assign(
        region="Unknown", activity_level="None", revenue_band="None", users=0, revenue_users=0)
    funnel = pandas.concat([active, rest]).rename(
        columns={"subscribers": "Total", "users": "Active", "revenue_users": "Revenue"}
    ).melt(FILTERS, ["Total", "Active", "Revenue"], "stage", "users")
    return user_weeks, cube, trend, funnel


# ---- outputs


def write(out, name, frame, columns):
    """For the comparison; not timed."""
    frame = frame.rename(columns={"y": "revenue" if name == "user_weeks" else "total_revenue", "e": "expected_revenue"})
    for column in {"revenue", "total_revenue", "expected_revenue", "gap"} & set(frame.columns):
        frame[column] = money(frame[column])
    if "present" in frame:
        frame["present"] = truth(frame["present"])
    frame[columns.split()].to_csv(f"{out}/{name}.csv", index=False, lineterminator="\n")


def main(data, out):
    started, cpu = time.perf_counter(), time.process_time()

    def stage(name):
        nonlocal started
        print("stage", name, time.perf_counter() - started)
        started = time.perf_counter()

    files = load(data)
    stage("load")
    users, user_week, cells, counts = clean(*files)
    stage("clean")
    describe(users, user_week)
    expected = expect(users, user_week)
    stage("model")
    user_weeks, cube, trend, funnel = make_datasets(users, expected, cells, out)
    stage("datasets")
    print("cpu all", time.process_time() - cpu)
    with open("/proc/self/status") as status:
        print("memory peak", int(re.search(r"VmHWM:\s*(\d+) kB", status.read())[1]) / 1024)

    write(out, "user_weeks", user_weeks, "msisdn week_number present revenue expected_revenue gap")
    write(out, "cells", cells[cells["subscribers"] > 0], "segment age_group gender mobile_type status subscribers")
    write(out, "cube", cube, "segment revenue_segment age_group region gender activity_level revenue_band week_number"
          " active_users revenue_users total_revenue expected_revenue gap")
    write(out, "trend", trend, "week_number segment age_group region gender activity_level revenue_band active_users"
          " total_revenue expected_revenue")
    write(out, "funnel", funnel, "stage segment age_group region gender activity_level revenue_band users")
    write(out, "counts", counts, "file measure value")


main(*sys.argv[1:])
