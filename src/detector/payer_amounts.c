/*-------------------------------------------------------------------------
 *
 * payer_amounts.c
 *		How likely the amounts of a user are who does not pay in every period,
 *		and what a round of the fit learns from such users.
 *
 * Each payment is the user's level, times what the intervals make of it
 * (PayerScale), times noise of a law of its own.  Doubles are evaluated in one
 * fixed order, as in likelihood.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "detector/fit_weight.h"
#include "detector/likelihood_tables.h"
#include "detector/payer_amounts.h"
#include "detector/rescale.h"

/*
 * At the start, and with the weight of so many payments in each round, half of
 * the noise law is that of all users, and half is narrow: two normal laws
 * around one, in bins.
 */
#define NOISE_PRIOR			50.0
#define NARROW				2.5
#define LESS_NARROW			6.0
#define LESS_NARROW_WEIGHT	0.2

/* users that each scale has before any is seen */
#define SCALE_PRIOR			0.0625

/*
 * The bin of a payment without what the intervals make of it.
 */
static inline int
bare_bin(const History *h, const PayerFacts *facts, PayerScale scale, int i)
{
	return Max(h->bin[i] - payer_shift(h, facts, scale, i), BIN_MIN);
}

double
payer_amounts(LikelihoodTables *t, const History *h, double ordinary, PayerPosterior *payer)
{
	int			points = 2 * t->width + 1;
	double		log_scale[PAYER_SCALES];
	double		largest;
	double		total = 0;

	largest = log_scale[SCALE_ORDINARY] = t->log_scale[SCALE_ORDINARY] + ordinary;
	for (int v = 0; v < SCALE_ORDINARY; v++)
	{
		double	   *level = payer->level[v];
		double		sum = 0;
		int			exponent = 0;

		for (int k = 0; k < points; k++)
			level[k] = t->level[k];
		for (int i = 0; i < h->positive; i++)
		{
			const double *noise = t->payer_noise + NOISE_MARGIN - t->width - bare_bin(h, &payer->facts, v, i);

			for (int k = 0; k < points; k++)
				level[k] *= noise[k];
			if (i % RESCALE_EVERY == 0)
				exponent += rescale(level, points);
		}
		for (int k = 0; k < points; k++)
			sum += level[k];
		for (int k = 0; k < points; k++)
			level[k] = sum > 0 ? level[k] / sum : 0;
		log_scale[v] = t->log_scale[v] + log(sum) + exponent * M_LN2;
		largest = Max(largest, log_scale[v]);
	}
	for (int v = 0; v < PAYER_SCALES; v++)
		total += exp(log_scale[v] - largest);
	for (int v = 0; v < PAYER_SCALES; v++)
		payer->scale[v] = exp(log_scale[v] - largest) / total;
	return largest + log(total);
}

/* ---- learning */

void
payer_sums_add(PayerSums *sums, const LikelihoodTables *t, const History *h,
			   const PayerPosterior *payer, double regular, double irregular)
{
	int64		weight = weight_from_double(regular);

	sums->slots += (int128) weight * payer->facts.slots;
	sums->skipped += (int128) weight * payer->facts.skipped;
	for (int v = 0; v < PAYER_SCALES; v++)
	{
		double		share = (regular + irregular) * payer->scale[v];

		sums->scale[v] += weight_from_double(share);
		if (v == SCALE_ORDINARY)
			break;
		for (int k = -t->width; k <= t->width; k++)
		{
			weight = weight_from_double(share * payer->level[v][t->width + k]);
			if (weight == 0)
				continue;
			for (int i = 0; i < h->positive; i++)
			{
				int			bin = bare_bin(h, &payer->facts, v, i) - k;

				sums->noise[Max(Min(bin, BIN_MAX), BIN_MIN) - BIN_MIN] += weight;
			}
		}
	}
}

void
payer_sums_merge(PayerSums *sums, const PayerSums *other)
{
	sums->slots += other->slots;
	sums->skipped += other->skipped;
	for (int v = 0; v < PAYER_SCALES; v++)
		sums->scale[v] += other->scale[v];
	for (int i = 0; i < BIN_COUNT; i++)
		sums->noise[i] += other->noise[i];
}

/*
 * The noise law of payers before any is seen, adding up to one.
 */
static void
prior_noise(const LeakageModel *model, double *share)
{
	const int32 *all = model_law(model, LAW_NOISE);
	double		narrow = 0;
	double		total = 0;

	for (int i = 0; i < BIN_COUNT; i++)
	{
		double		x = BIN_MIN + i + 0.5;

		share[i] = exp(-0.5 * (x / NARROW) * (x / NARROW)) +
			LESS_NARROW_WEIGHT * exp(-0.5 * (x / LESS_NARROW) * (x / LESS_NARROW));
		narrow += share[i];
		total += all[i];
	}
	for (int i = 0; i < BIN_COUNT; i++)
		share[i] = 0.5 * share[i] / narrow + 0.5 * all[i] / total;
}

void
payer_start(LeakageModel *model)
{
	double		noise[BIN_COUNT];
	double		scale[PAYER_SCALES];

	prior_noise(model, noise);
	model_set_law(model, LAW_PAYER_NOISE, noise);
	for (int v = 0; v < PAYER_SCALES; v++)
		scale[v] = 1;
	model_set_law(model, LAW_SCALE, scale);
}

void
fit_payers(LeakageModel *model, const PayerSums *sums)
{
	double		noise[BIN_COUNT];
	double		scale[PAYER_SCALES];

	prior_noise(model, noise);
	for (int i = 0; i < BIN_COUNT; i++)
		noise[i] = NOISE_PRIOR * noise[i] + weight_to_double(sums->noise[i]);
	model_set_law(model, LAW_PAYER_NOISE, noise);
	for (int v = 0; v < PAYER_SCALES; v++)
		scale[v] = SCALE_PRIOR + weight_to_double(sums->scale[v]);
	model_set_law(model, LAW_SCALE, scale);
	model_set(model, MODEL_SKIP_RATE,
			  (weight_to_double(sums->skipped) + 0.1) / (weight_to_double(sums->slots) + 10));
}
