/*-------------------------------------------------------------------------
 *
 * optional.c
 *		Files beyond the published ones: subscriber_attribute.csv (region and
 *		activation date) and usage.csv (sessions per week).
 *
 * Usage continues in weeks whose billing leaks.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "generate.h"

static const struct
{
	const char *name;
	double		up_to;			/* cumulative share */
}			regions[] =
{
	{"Dhaka", 0.33}, {"Chattogram", 0.53}, {"Rajshahi", 0.65},
	{"Khulna", 0.75}, {"Rangpur", 0.84}, {"Sylhet", 0.91},
	{"Mymensingh", 0.96}, {"Barishal", 1.0}
};

#define ATTRIBUTE_SHARE	0.96	/* numbers of the CRM with a row */
#define REGION_EMPTY	0.02
#define REGION_UPPER	0.03	/* spelled in capitals */
#define DATE_EMPTY		0.03
#define YEARS_BEFORE	14		/* oldest activation, before the first week */
#define USAGE_SHARE		0.97	/* numbers with revenue that have usage rows */

/*
 * Write subscriber_attribute.csv: one row per number of the CRM.
 */
void
write_subscriber_attribute(const Population *pop, const Options *opt)
{
	Output		out;
	int			start = monday_of(opt, opt->week[0]);

	output_open(&out, opt, "subscriber_attribute.csv", "msisdn,region,activated_on");
	for (uint64_t number = 0; number < pop->crm; number++)
	{
		Rng			rng = rng_stream(opt->seed, FOR_ATTRIBUTE, number);
		char		msisdn[MSISDN_LENGTH + 1];
		char		region[32];
		char		date[11];
		bool		user = has_revenue(pop, number);
		double		u;
		int			day;
		int			r = 0;

		if ((opt->revenue_only && !user) || !rng_chance(&rng, ATTRIBUTE_SHARE))
			continue;

		u = rng_unit(&rng);
		while (u >= regions[r].up_to)
			r++;
		strcpy(region, regions[r].name);
		u = rng_unit(&rng);
		if (u < REGION_EMPTY)
			region[0] = '\0';
		else if (u < REGION_EMPTY + REGION_UPPER)
			for (char *c = region; *c != '\0'; c++)
				*c = (char) (*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);

		/* late joiners were activated in the week before their first row */
		day = start - rng_between(&rng, 0, YEARS_BEFORE * 365);
		if (user)
		{
			int			first;
			int			last;

			history_span(opt, number, &first, &last);
			if (first > 0)
				day = monday_of(opt, opt->week[first]) - rng_between(&rng, 0, 6);
		}
		date[0] = '\0';
		if (!rng_chance(&rng, DATE_EMPTY))
			date_text(day, date);

		msisdn_of(opt, number, msisdn);
		msisdn[MSISDN_LENGTH] = '\0';
		if (dirty_due(opt, DIRTY_ATTRIBUTE))
		{
			dirty_attribute(&out, msisdn, region, date);
			continue;
		}
		output_bytes(&out, msisdn, MSISDN_LENGTH);
		output_char(&out, ',');
		output_text(&out, region);
		output_char(&out, ',');
		output_text(&out, date);
		output_end(&out);
	}
	output_close(&out);
}

/*
 * Write the usage rows of one number.
 */
void
write_usage(const Options *opt, Output *out, const History *history)
{
	Rng			rng = rng_stream(opt->seed, FOR_USAGE, history->number);
	char		msisdn[MSISDN_LENGTH + 1];
	int			habit;

	if (!rng_chance(&rng, USAGE_SHARE))
		return;
	habit = rng_between(&rng, 4, 60);
	msisdn_of(opt, history->number, msisdn);
	msisdn[MSISDN_LENGTH] = '\0';
	for (int w = history->first; w <= history->last; w++)
	{
		int			sessions = rng_between(&rng, habit / 2, habit * 3 / 2);

		if (!history->used[w] || !opt->write_week[w])
			continue;
		if (dirty_due(opt, DIRTY_USAGE))
		{
			dirty_usage(opt, out, msisdn, opt->week[w], sessions);
			continue;
		}
		output_bytes(out, msisdn, MSISDN_LENGTH);
		output_char(out, ',');
		output_int(out, opt->week[w]);
		output_char(out, ',');
		output_int(out, sessions);
		output_end(out);
	}
}
