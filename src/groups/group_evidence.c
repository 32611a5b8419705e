/*-------------------------------------------------------------------------
 *
 * group_evidence.c
 *		What a finding rests on, in a sentence; see group_evidence.h.
 *
 * Amounts can show that the level of a group changed against everybody else.
 * They cannot show why, so no sentence says leak.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "groups/group_evidence.h"

#define PERCENT(x)		(100 * fabs(x))

/* when a finding holds */
static char *
when(const char *from, const char *to, bool lasts)
{
	if (lasts)
		return psprintf("From %s on", from);
	if (strcmp(from, to) == 0)
		return psprintf("In %s", from);
	return psprintf("From %s to %s", from, to);
}

char *
finding_evidence(const GroupFinding *finding, const char *group, const char *from, const char *to,
				 bool lasts, double limit)
{
	const char *time = when(from, to, lasts);
	const char *direction = finding->kind == FINDING_RISE ? "higher" : "lower";
	double		low = Min(PERCENT(finding->least), PERCENT(finding->most));
	double		high = Max(PERCENT(finding->least), PERCENT(finding->most));

	if (finding->kind == FINDING_LOST)
		return psprintf("%s, %.1f%% (%.1f to %.1f) more of the periods of %s are without an amount than before, against everybody else (z %.1f, limit %.1f).",
						time, PERCENT(finding->change), low, high, group, finding->z, limit);
	if (finding->share < 1)
		return psprintf("%s, the level of about %.0f%% of %s is %.1f%% (%.1f to %.1f) %s than before, against everybody else (z %.1f, limit %.1f).",
						time, 100 * finding->share, group, PERCENT(finding->change), low, high, direction, finding->z, limit);
	return psprintf("%s, the level of %s is %.1f%% (%.1f to %.1f) %s than before, against everybody else (z %.1f, limit %.1f).",
					time, group, PERCENT(finding->change), low, high, direction, finding->z, limit);
}

char *
network_evidence(const NetworkRemark *remark, const char *from)
{
	const char *direction = remark->change < 0 ? "below" : "above";

	switch (remark->kind)
	{
		case NETWORK_ODD:
			return psprintf("In %s, everybody's amounts are %.1f%% %s those of the periods around it. Amounts alone cannot tell a fault from a bad period of the market.",
							from, PERCENT(remark->change), direction);
		case NETWORK_LEVEL:
			return psprintf("From %s on, everybody's amounts are %.1f%% %s a smooth course. Amounts alone cannot tell a fault from a change of prices or of the market.",
							from, PERCENT(remark->change), direction);
		case NETWORK_SHORT:
			return psprintf("In %s, %.1f%% of the entities that come back later have no amount, usually %.1f%%. The delivery may be short.",
							from, 100 * (remark->usual - remark->change), 100 * remark->usual);
		case NETWORK_SHORT_END:
			return psprintf("In %s, the last period, %.1f%% of the entities of the period before have no amount, usually %.1f%%. The delivery may be short, or they have left.",
							from, 100 * (remark->usual - remark->change), 100 * remark->usual);
	}
	return NULL;
}

char *
too_little_evidence(int64 spells, int nperiods, int ngroups, int64 min_spells)
{
	if (spells > 0 && nperiods >= SEARCH_MIN_PERIODS && spells >= SEARCH_MIN_SPELLS && ngroups == 0)
		return psprintf("No value of a dimension is shared by %lld entities.", (long long) min_spells);
	return psprintf("The relation has %lld entities with an amount above zero, and %d periods; %d entities and %d periods are needed.",
					(long long) spells, nperiods, SEARCH_MIN_SPELLS, SEARCH_MIN_PERIODS);
}
