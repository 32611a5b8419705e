/*-------------------------------------------------------------------------
 *
 * revenue.c
 *		rev1.csv: one row per number and week, grouped by number, with weeks
 *		shuffled; also truth.csv and, with --optional, usage.csv.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "generate.h"

/*
 * Write the rows of one number.
 */
static void
write_history(const Options *opt, Output *out, const History *history)
{
	Rng			rng = rng_stream(opt->seed, FOR_WEEK_ORDER, history->number);
	char		msisdn[MSISDN_LENGTH + 1];
	int			weeks[MAX_WEEKS];
	int			n = 0;

	msisdn_of(opt, history->number, msisdn);
	msisdn[MSISDN_LENGTH] = '\0';
	for (int w = history->first; w <= history->last; w++)
		if (history->present[w])
			weeks[n++] = w;
	for (int i = n - 1; i > 0; i--)
	{
		int			j = rng_between(&rng, 0, i);
		int			week = weeks[i];

		weeks[i] = weeks[j];
		weeks[j] = week;
	}
	for (int i = 0; i < n; i++)
	{
		char		amount[MONEY_LENGTH];
		int			w = weeks[i];

		if (!opt->write_week[w])
			continue;
		if (dirty_due(opt, DIRTY_REVENUE))
		{
			dirty_revenue(opt, out, msisdn, opt->week[w], history->billed[w]);
			continue;
		}
		money_text(history->billed[w], amount);
		output_bytes(out, msisdn, MSISDN_LENGTH);
		output_char(out, ',');
		output_int(out, opt->week[w]);
		output_char(out, ',');
		output_text(out, amount);
		output_end(out);
	}
}

/*
 * Write the leakage planted in one number.
 */
static void
write_truth(const Options *opt, Output *out, const History *history)
{
	char		msisdn[MSISDN_LENGTH];
	char		text[64];

	msisdn_of(opt, history->number, msisdn);
	output_bytes(out, msisdn, MSISDN_LENGTH);
	output_char(out, ',');
	output_text(out, leak_kind_names[history->leak]);
	snprintf(text, sizeof(text), ",0.%06d,%d,%d,", (int) history->leak_factor,
			 opt->week[history->leak_first], opt->week[history->leak_last]);
	output_text(out, text);
	leak_amount_text(opt, history, text, sizeof(text));
	output_text(out, text);
	output_end(out);
}

/*
 * Write rev1.csv, truth.csv and usage.csv.
 */
void
write_revenue(const Population *pop, const Options *opt)
{
	Output		revenue;
	Output		truth;
	Output		usage;
	History    *history = allocate(sizeof(History));

	output_open(&revenue, opt, "rev1.csv", "msisdn,week_number,revenue_usd");
	output_open(&truth, opt, "truth.csv",
				"msisdn,kind,factor,first_week,last_week,leaked_amount");
	if (opt->optional)
		output_open(&usage, opt, "usage.csv", "msisdn,week_number,sessions");

	for (uint64_t rank = 0; rank < pop->revenue; rank++)
	{
		history_honest(pop, opt, revenue_number(pop, rank), history);
		leak_plant(opt, history);
		write_history(opt, &revenue, history);
		if (history->in_crm && history->leak != LEAK_NONE)
			write_truth(opt, &truth, history);
		if (opt->optional)
			write_usage(opt, &usage, history);
	}

	output_close(&revenue);
	output_close(&truth);
	if (opt->optional)
		output_close(&usage);
	free(history);
}
