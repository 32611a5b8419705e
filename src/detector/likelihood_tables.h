/*-------------------------------------------------------------------------
 *
 * likelihood_tables.h
 *		What of the likelihood depends on the model only, and room for the
 *		history at hand.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_LIKELIHOOD_TABLES_H
#define LEAKAGE_LIKELIHOOD_TABLES_H

#include "detector/absence_law.h"
#include "detector/end_law.h"
#include "detector/event_law.h"
#include "detector/payer_law.h"

#define LEVEL_MAX_WIDTH		56	/* 3.5 * 16 */
#define LEVEL_MAX_POINTS	(2 * LEVEL_MAX_WIDTH + 1)

#define FACTORS				(FACTOR_MAX_BINS - FACTOR_MIN_BINS + 1)
#define SHIFT_MAX			(LEVEL_MAX_WIDTH + FACTOR_MAX_BINS)
#define SHIFT_MAX_POINTS	(2 * SHIFT_MAX + 1)

/* bins minus shifts reach from -NOISE_MARGIN to NOISE_MARGIN */
#define NOISE_MARGIN		(SHIFT_MAX - BIN_MIN)
#define NOISE_POINTS		(2 * NOISE_MARGIN + 1)

/* what a history says, if its user does not pay in every period */
typedef struct PayerPosterior
{
	PayerFacts	facts;
	double		scale[PAYER_SCALES];	/* probability of each scale */
	double		level[SCALE_ORDINARY][LEVEL_MAX_POINTS];	/* and of each level with it, [width + k] */
} PayerPosterior;

typedef struct LikelihoodTables
{
	MemoryContext context;		/* where the tables are */
	double		kappa;
	int			width;			/* levels are -width .. width */
	int			reach;			/* shifts are -reach .. reach */
	double		log_rate[HYPOTHESES];
	double		share[HYPOTHESES];	/* net of the mirror images; 0 but for leaks */
	CountLaw	count[COUNT_KINDS];
	AbsenceLaw	absence[COUNT_KINDS];
	EndLaw		end[HISTORY_ENDS];
	int			events;
	EventLaw	event[MODEL_EVENTS];
	double		skip_rate;		/* of payers */
	double		log_scale[PAYER_SCALES];
	double		payer_noise[NOISE_POINTS];	/* as noise[] */
	double		extraordinary;	/* periods above so many times the level are no noise */
	double		noise_mean;		/* mean of the noise law as a factor */
	double		noise_step;		/* mean distance of two periods, in bins */
	double		noise_variance; /* of one period, in bins; larger where neighbors resemble each other */
	double		sigma;			/* spread of the levels, in bins */

	double		noise[NOISE_POINTS];	/* [NOISE_MARGIN + S - b]: g(b - S) */
	double		level[LEVEL_MAX_POINTS];	/* [width + k] */
	double		level_factor[LEVEL_MAX_POINTS]; /* 2^(k / 8) */
	double		level_group[LEVEL_MAX_POINTS];	/* part of level[] that is the second group */
	bool		groups;
	double		factor[FACTORS];
	double		factor_inverse[FACTORS];	/* factor[] * 2^(j / 8) */
	double		under[SHIFT_MAX_POINTS];	/* [reach + S]: sum of level * factor */
	double		under_inverse[SHIFT_MAX_POINTS];
	double		over[SHIFT_MAX_POINTS];

	/* room for the periods of one history */
	double		weight[LEVEL_MAX_POINTS];
	int			periods;
	double	   *after;			/* products from each period on, a row of shifts for each */
	int		   *after_scale;
	double	   *down;			/* one term for each period */
	double	   *up;
	int		   *scale;
	PayerPosterior payer;
	EventPosterior in_event[MODEL_EVENTS];
} LikelihoodTables;

/*
 * Width of a row of after[]: an even number, so that rows of doubles are
 * 16-byte wide.
 */
static inline int
row_width(const LikelihoodTables *tables)
{
	return 2 * tables->reach + 2;
}

/* the tables of a model whose method is the likelihood, in the current memory context */
extern LikelihoodTables *likelihood_tables_make(const LeakageModel *model);
extern void likelihood_tables_free(LikelihoodTables *tables);

/* make room for a history of so many positive periods; it is kept with the tables */
extern void likelihood_tables_reserve(LikelihoodTables *tables, int periods);

#endif							/* LEAKAGE_LIKELIHOOD_TABLES_H */
