/*-------------------------------------------------------------------------
 *
 * profile_state.h
 *		The state behind the SQL type leakage_profile: one entity's periods,
 *		what it brought in and what it was expected to bring in.
 *
 * Invariants
 *	- periods[0 .. nperiods - 1] are strictly ascending by period.
 *	- every period has actual_rows + expected_rows > 0; actual is 0 where
 *	  actual_rows is 0, expected is 0 where expected_rows is 0.
 *	- unused slots up to capacity, and all padding, are zero.  The canonical
 *	  form, which aggregates and input functions return, has
 *	  capacity == nperiods, so equal contents are equal bytes.
 *	- at most PROFILE_MAX_PERIODS periods.  Of more, the latest are kept, and
 *	  PROFILE_TRUNCATED is set.  That depends only on the set of periods, not
 *	  on their order.
 *	- amounts are int64 micro-units (10^-6 of the currency).
 *	- a value of the SQL type holds only what its input function would accept
 *	  (profile_fault), so it has at least one period.  What comes from a Datum
 *	  has gone through profile_from_datum() (profile_io.h) and nothing else.
 *	  The state of a moving frame may have no period, so it is of type internal.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_PROFILE_STATE_H
#define LEAKAGE_PROFILE_STATE_H

#define PROFILE_VERSION			1
#define PROFILE_MAX_PERIODS		1024
#define PROFILE_TRUNCATED		0x01

/* in profiles that mark periods: one that is not known; as the latest it is always kept */
#define PROFILE_UNKNOWN_PERIOD	PG_INT32_MAX

typedef struct ProfilePeriod
{
	int32		period;
	uint32		actual_rows;	/* rows with an actual amount; 0: the period is missing */
	uint32		expected_rows;	/* rows with an expected amount */
	uint32		reserved;		/* zero */
	int64		actual;			/* micro-units */
	int64		expected;		/* micro-units */
} ProfilePeriod;

typedef struct LeakageProfile
{
	int32		vl_len_;
	uint8		version;
	uint8		flags;
	uint16		reserved;		/* zero */
	uint32		nperiods;
	uint32		capacity;
	ProfilePeriod periods[FLEXIBLE_ARRAY_MEMBER];
} LeakageProfile;

#define PROFILE_SIZE(capacity) \
	(offsetof(LeakageProfile, periods) + (Size) (capacity) * sizeof(ProfilePeriod))

/*
 * What one period is.  This is the one place that says which periods are
 * missing, idle and zero.
 */
typedef enum PeriodKind
{
	MISSING_PERIOD,				/* no row with an actual amount */
	IDLE_PERIOD,				/* no evidence: it is not known what to expect, or it is 0 and there was no revenue */
	ZERO_PERIOD,				/* no revenue, though some was expected */
	PAID_PERIOD					/* revenue */
} PeriodKind;

static inline PeriodKind
period_kind(const ProfilePeriod *period)
{
	if (period->actual_rows == 0)
		return MISSING_PERIOD;
	if (period->expected_rows == 0)
		return IDLE_PERIOD;
	if (period->actual > 0)
		return PAID_PERIOD;
	return period->expected > 0 ? ZERO_PERIOD : IDLE_PERIOD;
}

/* periods that a new state has room for, 496 bytes; profile_reserve() grows it */
#define PROFILE_FIRST_CAPACITY	15

/* profile_state.c */
extern LeakageProfile *profile_make(uint32 capacity);
extern LeakageProfile *profile_reserve(LeakageProfile *profile, uint32 needed);
extern LeakageProfile *profile_add(LeakageProfile *profile, const ProfilePeriod *row);
extern bool profile_remove(LeakageProfile *profile, const ProfilePeriod *row);
extern LeakageProfile *profile_absorb(LeakageProfile *profile, const LeakageProfile *other);
extern LeakageProfile *profile_copy(const LeakageProfile *profile);
extern LeakageProfile *profile_canonical(const LeakageProfile *profile);
extern bool profile_span(const LeakageProfile *profile, uint32 *first, uint32 *last);
extern bool profile_equal(const LeakageProfile *a, const LeakageProfile *b);
extern const char *profile_fault(const LeakageProfile *profile, Size size);

#endif							/* LEAKAGE_PROFILE_STATE_H */
