/*-------------------------------------------------------------------------
 *
 * peer_units_state.c
 *		Groups or cells of peers and their credibility.
 *
 * Source: H. Buehlmann and E. Straub, Glaubwuerdigkeit fuer Schadensaetze,
 * Mitteilungen der VSVM 70 (1970).  The estimator of the variance between units
 * is the unbiased one with entities as weights (docs/method.md).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "utils/memutils.h"

#include "base/base.h"
#include "peers/peer_units_state.h"

/* a key's place in its array of units */
typedef struct PeerKey
{
	const char *key;
	char		status;			/* simplehash's */
	int			index;
} PeerKey;

#define SH_PREFIX		peerkey
#define SH_ELEMENT_TYPE	PeerKey
#define SH_KEY_TYPE		const char *
#define SH_KEY			key
#define SH_HASH_KEY(tb, key)	hash_bytes((const unsigned char *) (key), strlen(key))
#define SH_EQUAL(tb, a, b)		(strcmp(a, b) == 0)
#define SH_SCOPE		static inline
#define SH_DEFINE
#define SH_DECLARE
#include "lib/simplehash.h"

/* no units, in the current memory context */
void
units_init(PeerUnits *units)
{
	units->capacity = 16;
	units->count = 0;
	units->units = (PeerUnit *) palloc0(units->capacity * sizeof(PeerUnit));
	units->by_key = peerkey_create(CurrentMemoryContext, 64, NULL);
}

/* the number of the unit with this key, added if it is new */
int
units_find_or_add(PeerUnits *units, const char *key, const char *label, int group)
{
	bool		found;
	PeerKey    *entry = peerkey_insert(units->by_key, key, &found);

	if (!found)
	{
		if (units->count == units->capacity)
		{
			units->capacity *= 2;
			units->units = (PeerUnit *) repalloc_huge(units->units,
													  units->capacity * sizeof(PeerUnit));
			memset(units->units + units->count, 0,
				   (units->capacity - units->count) * sizeof(PeerUnit));
		}
		entry->index = units->count++;
		units->units[entry->index].label = pstrdup(label);
		units->units[entry->index].key = pstrdup(key);
		entry->key = units->units[entry->index].key;
		units->units[entry->index].group = group;
		units->units[entry->index].factor = FIXED32_ONE;
	}
	return entry->index;
}

/* a / b in units of 2^-32, at most FIXED32_MAX_RATIO; b > 0 */
static Fixed32
fixed_ratio(int128 a, int128 b)
{
	/* room for the shift: only sums beyond 10^22 units lose digits here */
	while (a >> 94 != 0)
	{
		a >>= 1;
		b >>= 1;
	}
	if (b == 0)
		return FIXED32_MAX_RATIO;
	a = divide_rounded(a << 32, b);
	return a > FIXED32_MAX_RATIO ? FIXED32_MAX_RATIO : (Fixed32) a;
}

/*
 * Add an entity to a unit: what it brought in, and what the level above
 * expects of it.
 */
void
unit_add_entity(PeerUnit *unit, int128 actual, int128 expected)
{
	Fixed32		ratio = fixed_ratio(actual, expected);

	unit->entities++;
	unit->actual += actual;
	unit->expected += expected;
	unit->ratio_sum += ratio;
	unit->ratio_squares += (int128) ratio * ratio;
}

/* what a unit brings in, relative to what the level above expects of it */
static double
unit_ratio(const PeerUnit *unit)
{
	return ldexp((double) fixed_ratio(unit->actual, unit->expected), -32);
}

static int
compare_labels(const void *a, const void *b)
{
	const PeerUnit *x = *(PeerUnit *const *) a;
	const PeerUnit *y = *(PeerUnit *const *) b;
	int			order = strcmp(x->label, y->label);

	return order != 0 ? order : strcmp(x->key, y->key);
}

/*
 * What the units of each group bring in together, relative to what the level
 * above expects of them; 1 for a group without units.
 */
static void
group_ratios(double *ratios, int ngroups, PeerUnit **units, int nunits)
{
	int128	   *actual = (int128 *) palloc0(Max(ngroups, 1) * sizeof(int128));
	int128	   *expected = (int128 *) palloc0(Max(ngroups, 1) * sizeof(int128));

	for (int i = 0; i < nunits; i++)
	{
		actual[units[i]->group] += units[i]->actual;
		expected[units[i]->group] += units[i]->expected;
	}
	for (int g = 0; g < ngroups; g++)
	{
		/* never 0, since it becomes a divisor */
		ratios[g] = expected[g] == 0 ? 1 : ldexp((double) Max(fixed_ratio(actual[g], expected[g]), 1), -32);
	}
	pfree(actual);
	pfree(expected);
}

/*
 * The credibility of each unit, by Buehlmann and Straub with entities as
 * weights: Z = n A / (n A + V), V the variance within units, A between them.
 *
 * Where the level is a quantile, the average entity is not at the level, by
 * design.  With "relative", ratios are taken relative to those of all units of
 * the same group together.
 */
void
fit_credibility(PeerUnits *units, int ngroups, bool relative)
{
	PeerUnit  **sorted = (PeerUnit **) palloc(Max(units->count, 1) * sizeof(PeerUnit *));
	double	   *base = (double *) palloc(Max(ngroups, 1) * sizeof(double));
	int			used = 0;
	double		n = 0;
	double		n_squares = 0;
	double		within = 0;
	double		between = 0;
	double		denominator;
	double		a = 0;

	for (int i = 0; i < units->count; i++)
	{
		if (units->units[i].entities > 0)
			sorted[used++] = &units->units[i];
	}
	qsort(sorted, used, sizeof(PeerUnit *), compare_labels);
	group_ratios(base, ngroups, sorted, relative ? used : 0);

	for (int i = 0; i < used; i++)
	{
		const PeerUnit *unit = sorted[i];
		double		weight = (double) unit->entities;
		double		ratio = unit_ratio(unit);
		double		variance = ldexp((double) unit->ratio_squares, -64)
			- 2 * ratio * ldexp((double) unit->ratio_sum, -32)
			+ weight * ratio * ratio;

		n += weight;
		n_squares += weight * weight;
		ratio /= base[unit->group];
		within += Max(variance, 0) / (base[unit->group] * base[unit->group]);
		between += weight * (ratio - 1) * (ratio - 1);
	}
	if (used > 0)
	{
		within /= n;
		denominator = n - n_squares / n;
		if (denominator > 0)
			a = Max((between - (used - 1) * within) / denominator, 0);
	}

	for (int i = 0; i < used; i++)
	{
		PeerUnit   *unit = sorted[i];
		double		weight = (double) unit->entities;
		double		excess = unit_ratio(unit) / base[unit->group] - 1;

		unit->credibility = a > 0 ? weight * a / (weight * a + within) : 0;
		unit->factor = (Fixed32) Min(rint(ldexp(1 + unit->credibility * excess, 32)), (double) FIXED32_MAX_RATIO);
	}
	pfree(base);
	pfree(sorted);
}
