/*-------------------------------------------------------------------------
 *
 * rescale.h
 *		Products of many periods, kept near one by powers of two.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_RESCALE_H
#define LEAKAGE_RESCALE_H

#include <math.h>

/* products are checked every so many periods, and kept above this */
#define RESCALE_EVERY		8
#define RESCALE_BELOW		1e-60

/*
 * Bring the largest of n values back toward one, by a power of two.  The old
 * values are the new ones times 2^result.
 */
static inline int
rescale(double *value, int n)
{
	double		largest = 0;
	double		multiplier;
	int			exponent;
	int			i;

	for (i = 0; i < n; i++)
		largest = Max(largest, value[i]);
	if (largest >= RESCALE_BELOW || largest <= 0)
		return 0;
	(void) frexp(largest, &exponent);
	multiplier = ldexp(1.0, -exponent);
	for (i = 0; i < n; i++)
		value[i] *= multiplier;
	return exponent;
}

#endif							/* LEAKAGE_RESCALE_H */
