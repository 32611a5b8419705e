/*-------------------------------------------------------------------------
 *
 * profile_state.c
 *		The arithmetic of leakage_profile: add a row, take one out, merge.
 *
 * The aggregates rely on this, which follows from the invariants:
 *	- sums are of integers.  So contents do not depend on the order of rows,
 *	  or on how they were split over states that were then merged.
 *	- a period that is among the latest PROFILE_MAX_PERIODS of all rows is among
 *	  the latest of every part that has it.  So what is kept was never dropped
 *	  on the way.
 *	- profile_add() and profile_absorb() change their first argument and return
 *	  it, as long as there is room.  Otherwise they return a larger copy in the
 *	  current memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"

#include "base/base.h"
#include "profile/profile_state.h"

static bool find_period(const LeakageProfile *profile, int32 period, uint32 *slot);
static void add_amounts(ProfilePeriod *to, const ProfilePeriod *what);
static uint32 union_size(const LeakageProfile *a, const LeakageProfile *b);
static void merge_into(LeakageProfile *target, const LeakageProfile *a,
					   const LeakageProfile *b, uint32 size);
static const char *period_fault(const ProfilePeriod *p);

/*
 * A profile without periods, with room for "capacity" of them.
 */
LeakageProfile *
profile_make(uint32 capacity)
{
	LeakageProfile *profile;

	Assert(capacity <= PROFILE_MAX_PERIODS);

	profile = palloc0(PROFILE_SIZE(capacity));
	SET_VARSIZE(profile, PROFILE_SIZE(capacity));
	profile->version = PROFILE_VERSION;
	profile->capacity = capacity;
	return profile;
}

/*
 * The profile with room for at least "needed" periods: itself, or a copy.
 *
 * Capacities are one less than a power of two, so that header and periods
 * together fill one of palloc's chunks: 15 periods take 496 bytes.
 */
LeakageProfile *
profile_reserve(LeakageProfile *profile, uint32 needed)
{
	LeakageProfile *larger;
	uint32		capacity = PROFILE_FIRST_CAPACITY;

	Assert(needed <= PROFILE_MAX_PERIODS);

	if (needed <= profile->capacity)
		return profile;

	while (capacity < needed)
		capacity = 2 * capacity + 1;
	/* 1023 would have to grow again for one more */
	if (capacity >= PROFILE_MAX_PERIODS - 1)
		capacity = PROFILE_MAX_PERIODS;

	larger = profile_make(capacity);
	larger->flags = profile->flags;
	larger->nperiods = profile->nperiods;
	memcpy(larger->periods, profile->periods,
		   profile->nperiods * sizeof(ProfilePeriod));
	return larger;
}

/*
 * Add one row: a period with one actual amount, one expected amount, or both.
 *
 * O(1) for the last period and for a later one, a binary search otherwise.
 * When the profile is full, the oldest period goes.  A row of an even older
 * period only sets the flag.
 */
LeakageProfile *
profile_add(LeakageProfile *profile, const ProfilePeriod *row)
{
	uint32		slot;

	Assert(period_fault(row) == NULL);
	if (find_period(profile, row->period, &slot))
	{
		add_amounts(&profile->periods[slot], row);
		return profile;
	}

	if (profile->nperiods == PROFILE_MAX_PERIODS)
	{
		profile->flags |= PROFILE_TRUNCATED;
		if (slot == 0)
			return profile;
		slot--;
		memmove(&profile->periods[0], &profile->periods[1],
				slot * sizeof(ProfilePeriod));
	}
	else
	{
		profile = profile_reserve(profile, profile->nperiods + 1);
		memmove(&profile->periods[slot + 1], &profile->periods[slot],
				(profile->nperiods - slot) * sizeof(ProfilePeriod));
		profile->nperiods++;
	}
	profile->periods[slot] = *row;
	return profile;
}

/*
 * Take out one row that was added, in place.
 *
 * False, with the profile unchanged, where that cannot be done exactly: the
 * profile was truncated, so what the row displaced is gone, or the profile
 * never had such a row.
 */
bool
profile_remove(LeakageProfile *profile, const ProfilePeriod *row)
{
	ProfilePeriod left;
	uint32		slot;

	if ((profile->flags & PROFILE_TRUNCATED) || !find_period(profile, row->period, &slot))
		return false;
	left = profile->periods[slot];
	if (left.actual_rows < row->actual_rows || left.expected_rows < row->expected_rows ||
		pg_sub_s64_overflow(left.actual, row->actual, &left.actual) ||
		pg_sub_s64_overflow(left.expected, row->expected, &left.expected))
		return false;
	left.actual_rows -= row->actual_rows;
	left.expected_rows -= row->expected_rows;

	if (left.actual_rows > 0 || left.expected_rows > 0)
	{
		if (period_fault(&left) != NULL)
			return false;
		profile->periods[slot] = left;
		return true;
	}

	if (left.actual != 0 || left.expected != 0)
		return false;
	profile->nperiods--;
	memmove(&profile->periods[slot], &profile->periods[slot + 1],
			(profile->nperiods - slot) * sizeof(ProfilePeriod));
	memset(&profile->periods[profile->nperiods], 0, sizeof(ProfilePeriod));
	return true;
}

/*
 * The rows of both profiles, as a new canonical profile.
 */
static LeakageProfile *
profile_merge(const LeakageProfile *a, const LeakageProfile *b)
{
	uint32		size = union_size(a, b);
	LeakageProfile *merged = profile_make(Min(size, PROFILE_MAX_PERIODS));

	merge_into(merged, a, b, size);
	return merged;
}

/*
 * Add the rows of "other" to "profile": in place where they fit.
 */
LeakageProfile *
profile_absorb(LeakageProfile *profile, const LeakageProfile *other)
{
	uint32		size = union_size(profile, other);

	/* when the oldest periods go, the others move down, which does not work in place */
	if (size > PROFILE_MAX_PERIODS)
		return profile_merge(profile, other);

	profile = profile_reserve(profile, size);
	merge_into(profile, profile, other, size);
	return profile;
}

/*
 * A copy, with the room that the original has.
 */
LeakageProfile *
profile_copy(const LeakageProfile *profile)
{
	LeakageProfile *copy = palloc(VARSIZE(profile));

	memcpy(copy, profile, VARSIZE(profile));
	return copy;
}

/*
 * A copy without unused room: equal contents give equal bytes.
 */
LeakageProfile *
profile_canonical(const LeakageProfile *profile)
{
	LeakageProfile *copy = palloc(PROFILE_SIZE(profile->nperiods));

	memcpy(copy, profile, PROFILE_SIZE(profile->nperiods));
	SET_VARSIZE(copy, PROFILE_SIZE(profile->nperiods));
	copy->capacity = profile->nperiods;
	return copy;
}

/*
 * The slots of the first and the last period with an actual amount.  Returns
 * false if no period has one.
 */
bool
profile_span(const LeakageProfile *profile, uint32 *first, uint32 *last)
{
	*first = 0;
	while (*first < profile->nperiods && period_kind(&profile->periods[*first]) == MISSING_PERIOD)
		(*first)++;
	if (*first == profile->nperiods)
		return false;
	*last = profile->nperiods - 1;
	while (period_kind(&profile->periods[*last]) == MISSING_PERIOD)
		(*last)--;
	return true;
}

/*
 * Are the contents the same, whatever room either has?
 */
bool
profile_equal(const LeakageProfile *a, const LeakageProfile *b)
{
	return a->nperiods == b->nperiods &&
		a->flags == b->flags &&
		memcmp(a->periods, b->periods, a->nperiods * sizeof(ProfilePeriod)) == 0;
}

/*
 * What breaks the invariants in these "size" bytes, which came from outside, or
 * NULL.  A profile without periods is a fault too: it is not a value of the
 * type.
 */
const char *
profile_fault(const LeakageProfile *profile, Size size)
{
	if (size < PROFILE_SIZE(0) || VARSIZE(profile) != size)
		return "its size is not the size that it states";
	if (profile->version != PROFILE_VERSION)
		return psprintf("version %u is not known, only version %u is",
						profile->version, PROFILE_VERSION);
	if ((profile->flags & ~PROFILE_TRUNCATED) != 0 || profile->reserved != 0)
		return psprintf("flags 0x%02X are not known", profile->flags);
	if (profile->nperiods == 0)
		return "it holds no period";
	if (profile->nperiods > PROFILE_MAX_PERIODS)
		return psprintf("%u periods are more than the limit of %u",
						profile->nperiods, PROFILE_MAX_PERIODS);
	if (profile->capacity < profile->nperiods ||
		profile->capacity > PROFILE_MAX_PERIODS ||
		size != PROFILE_SIZE(profile->capacity))
		return "its size does not fit its periods";
	if ((profile->flags & PROFILE_TRUNCATED) &&
		profile->nperiods != PROFILE_MAX_PERIODS)
		return psprintf("it is marked as truncated, with %u periods instead of %u",
						profile->nperiods, PROFILE_MAX_PERIODS);

	for (uint32 i = 0; i < profile->nperiods; i++)
	{
		const ProfilePeriod *p = &profile->periods[i];
		const char *fault = period_fault(p);

		if (fault != NULL)
			return psprintf("period %d %s", p->period, fault);
		if (i > 0 && p->period <= p[-1].period)
			return psprintf("period %d comes after period %d",
							p->period, p[-1].period);
	}

	for (uint32 i = profile->nperiods; i < profile->capacity; i++)
	{
		static const ProfilePeriod unused;

		if (memcmp(&profile->periods[i], &unused, sizeof(unused)) != 0)
			return "its unused room is not zero";
	}
	return NULL;
}

/*
 * What is wrong with a period by itself, or NULL.
 */
static const char *
period_fault(const ProfilePeriod *p)
{
	if (p->actual_rows == 0 && p->expected_rows == 0)
		return "has no rows";
	if (p->actual_rows == 0 && p->actual != 0)
		return "has an actual amount without rows";
	if (p->expected_rows == 0 && p->expected != 0)
		return "has an expected amount without rows";
	if (p->expected < 0)
		return "has a negative expected amount";
	if (p->reserved != 0)
		return "has unknown content";
	return NULL;
}

/*
 * Is the period there?  *slot is where it is, or where it would be.
 */
static bool
find_period(const LeakageProfile *profile, int32 period, uint32 *slot)
{
	uint32		low = 0;
	uint32		high = profile->nperiods;

	/* most rows come in order */
	if (high == 0 || period > profile->periods[high - 1].period)
	{
		*slot = high;
		return false;
	}
	if (period == profile->periods[high - 1].period)
	{
		*slot = high - 1;
		return true;
	}

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (profile->periods[middle].period < period)
			low = middle + 1;
		else
			high = middle;
	}
	*slot = low;
	return profile->periods[low].period == period;
}

/*
 * Add the amounts of one period to those of another.
 */
static void
add_amounts(ProfilePeriod *to, const ProfilePeriod *what)
{
	if (pg_add_u32_overflow(to->actual_rows, what->actual_rows, &to->actual_rows) ||
		pg_add_u32_overflow(to->expected_rows, what->expected_rows, &to->expected_rows))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("number of rows of period %d is out of range", what->period),
				 errdetail("A leakage_profile counts up to %u rows per period.",
						   PG_UINT32_MAX)));

	if (pg_add_s64_overflow(to->actual, what->actual, &to->actual))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("sum of the actual amounts of period %d is out of range", what->period),
				 errdetail("The sum of a period must stay within 9223372036854.775807 in absolute value.")));

	if (pg_add_s64_overflow(to->expected, what->expected, &to->expected))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("sum of the expected amounts of period %d is out of range", what->period),
				 errdetail("The sum of a period must stay within 9223372036854.775807 in absolute value.")));
}

/*
 * How many different periods two profiles hold.
 */
static uint32
union_size(const LeakageProfile *a, const LeakageProfile *b)
{
	uint32		i = 0;
	uint32		j = 0;
	uint32		size = 0;

	while (i < a->nperiods && j < b->nperiods)
	{
		int32		pa = a->periods[i].period;
		int32		pb = b->periods[j].period;

		i += (pa <= pb);
		j += (pb <= pa);
		size++;
	}
	return size + (a->nperiods - i) + (b->nperiods - j);
}

/*
 * Write the union of two profiles, of "size" periods, into "target", which
 * has room for it, or for the latest PROFILE_MAX_PERIODS of it.
 *
 * Goes from the last period to the first, so "target" may be "a" unless
 * periods are dropped: it never writes before the place where it reads.
 */
static void
merge_into(LeakageProfile *target, const LeakageProfile *a,
		   const LeakageProfile *b, uint32 size)
{
	int			kept = Min(size, PROFILE_MAX_PERIODS);
	int			i = (int) a->nperiods - 1;
	int			j = (int) b->nperiods - 1;

	Assert((uint32) kept <= target->capacity);

	target->flags = a->flags | b->flags;
	if (size > PROFILE_MAX_PERIODS)
		target->flags |= PROFILE_TRUNCATED;
	target->nperiods = kept;

	for (int k = kept - 1; k >= 0; k--)
	{
		if (j < 0 || (i >= 0 && a->periods[i].period > b->periods[j].period))
			target->periods[k] = a->periods[i--];
		else if (i < 0 || b->periods[j].period > a->periods[i].period)
			target->periods[k] = b->periods[j--];
		else
		{
			ProfilePeriod both = a->periods[i--];

			add_amounts(&both, &b->periods[j--]);
			target->periods[k] = both;
		}
	}
}
