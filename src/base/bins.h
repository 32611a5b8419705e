/*-------------------------------------------------------------------------
 *
 * bins.h
 *		The ratio of two amounts on a logarithmic scale: eight bins per octave.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_BINS_H
#define LEAKAGE_BINS_H

#define BINS_PER_OCTAVE		8
#define BIN_MIN				(-64)	/* ratios below 2^-8 */
#define BIN_MAX				52		/* ratios of 2^6.5 and more */
#define BIN_COUNT			(BIN_MAX - BIN_MIN + 1)

/*
 * floor(8 * log2(actual / expected)), limited to BIN_MIN .. BIN_MAX.  Both
 * amounts must be above zero.  Exact: no floating point.
 */
extern int	ratio_bin(int64 actual, int64 expected);

#endif							/* LEAKAGE_BINS_H */
