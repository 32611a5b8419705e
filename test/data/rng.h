/*-------------------------------------------------------------------------
 *
 * rng.h
 *		Random numbers and random orders of the data generator.
 *
 * Everything here uses unsigned 64-bit integers, so the same seed gives the
 * same numbers on every machine.  A stream belongs to a (seed, purpose, number)
 * and can be opened at any time and in any order.  Nothing has to be stored,
 * and an option that draws more numbers for one purpose does not change the
 * others.
 *
 *-------------------------------------------------------------------------
 */
#ifndef GENERATE_RNG_H
#define GENERATE_RNG_H

#include <stdint.h>

/* The purpose of a stream; the values are part of the data's definition. */
typedef enum Purpose
{
	FOR_MSISDN = 1,
	FOR_CRM_ROWS,
	FOR_CRM,
	FOR_GENDER,
	FOR_SUBSCRIBER,
	FOR_DEVICE_ORDER,
	FOR_DEVICE_IN_CRM,
	FOR_DEVICE_OUTSIDE,
	FOR_DEVICE_ROWS,
	FOR_DEVICE,
	FOR_REVENUE_ORDER,
	FOR_REVENUE_IN_CRM,
	FOR_REVENUE_OUTSIDE,
	FOR_SPAN,
	FOR_AWAY,
	FOR_HOLES,
	FOR_ZEROS,
	FOR_LEVEL,
	FOR_NOISE,
	FOR_HONEST_CHANGE,
	FOR_LEAK,
	FOR_WEEK_ORDER,
	FOR_ATTRIBUTE,
	FOR_USAGE,
	FOR_DIRT_CRM,
	FOR_DIRT_DEVICE,
	FOR_DIRT_REVENUE,
	FOR_DIRT_OPTIONAL,
	FOR_CATALOGUE
} Purpose;

typedef struct Rng
{
	uint64_t	state;
} Rng;

/* A one-to-one map of 64 bits (the output function of splitmix64). */
static inline uint64_t
mix64(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* The key of a purpose. */
static inline uint64_t
rng_key(uint64_t seed, Purpose purpose)
{
	return mix64(mix64(seed + UINT64_C(0x9e3779b97f4a7c15)) +
				 (uint64_t) purpose * UINT64_C(0xd1b54a32d192ed03));
}

/* The stream of one number of the base for one purpose. */
static inline Rng
rng_stream(uint64_t seed, Purpose purpose, uint64_t number)
{
	Rng			rng;

	rng.state = mix64(rng_key(seed, purpose) +
					  number * UINT64_C(0x9e3779b97f4a7c15));
	return rng;
}

static inline uint64_t
rng_next(Rng *rng)
{
	rng->state += UINT64_C(0x9e3779b97f4a7c15);
	return mix64(rng->state);
}

/* A whole number from 0 to limit - 1; limit from 1 to 2^32. */
static inline uint64_t
rng_below(Rng *rng, uint64_t limit)
{
	return ((rng_next(rng) >> 32) * limit) >> 32;
}

/* A whole number from low to high, both included. */
static inline int
rng_between(Rng *rng, int low, int high)
{
	return low + (int) rng_below(rng, (uint64_t) (high - low + 1));
}

/* A multiple of 2^-53 in [0, 1). */
static inline double
rng_unit(Rng *rng)
{
	return (double) (rng_next(rng) >> 11) * 0x1p-53;
}

/* True with the given probability. */
static inline int
rng_chance(Rng *rng, double probability)
{
	return rng_unit(rng) < probability;
}

/*
 * A keyed permutation of 0 .. n-1: an alternating Feistel network over the
 * smallest power of two of at least n, applied until the result is below n.
 * With it, "the first k of the shuffled numbers" can be both listed and tested
 * without storing the shuffle.
 */
#define PERMUTATION_ROUNDS 3

typedef struct Permutation
{
	uint64_t	n;
	int			right_bits;
	uint64_t	left_mask;
	uint64_t	right_mask;
	uint64_t	key[2 * PERMUTATION_ROUNDS];
} Permutation;

static inline void
permutation_init(Permutation *p, uint64_t seed, Purpose purpose, uint64_t n)
{
	int			bits = 2;
	Rng			rng = rng_stream(seed, purpose, n);

	while (bits < 62 && (UINT64_C(1) << bits) < n)
		bits++;
	p->n = n;
	p->right_bits = bits / 2;
	p->right_mask = (UINT64_C(1) << p->right_bits) - 1;
	p->left_mask = (UINT64_C(1) << (bits - p->right_bits)) - 1;
	for (int i = 0; i < 2 * PERMUTATION_ROUNDS; i++)
		p->key[i] = rng_next(&rng);
}

/* The image of x under the permutation; x must be below n. */
static inline uint64_t
permutation_forward(const Permutation *p, uint64_t x)
{
	do
	{
		uint64_t	left = x >> p->right_bits;
		uint64_t	right = x & p->right_mask;

		for (int i = 0; i < 2 * PERMUTATION_ROUNDS; i += 2)
		{
			right ^= (mix64(left + p->key[i]) >> 20) & p->right_mask;
			left ^= (mix64(right + p->key[i + 1]) >> 20) & p->left_mask;
		}
		x = (left << p->right_bits) | right;
	} while (x >= p->n);
	return x;
}

/* The preimage of x under the permutation; x must be below n. */
static inline uint64_t
permutation_backward(const Permutation *p, uint64_t x)
{
	do
	{
		uint64_t	left = x >> p->right_bits;
		uint64_t	right = x & p->right_mask;

		for (int i = 2 * PERMUTATION_ROUNDS - 2; i >= 0; i -= 2)
		{
			left ^= (mix64(right + p->key[i + 1]) >> 20) & p->left_mask;
			right ^= (mix64(left + p->key[i]) >> 20) & p->right_mask;
		}
		x = (left << p->right_bits) | right;
	} while (x >= p->n);
	return x;
}

#endif							/* GENERATE_RNG_H */
