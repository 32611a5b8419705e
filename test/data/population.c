/*-------------------------------------------------------------------------
 *
 * population.c
 *		The numbers of each file: sizes, overlaps, identifiers, and the
 *		attributes that affect revenue.
 *
 * At scale 1 the counts equal those of the published files.  Each count is
 * rounded from the scaled cumulative sum, so the parts always add up.
 *
 *-------------------------------------------------------------------------
 */
#include "generate.h"

#define BASE_NUMBERS		16000000
#define DEVICE_IN_CRM		1500639 /* 63 % of the numbers with a handset */
#define REVENUE_NUMBERS		135210
#define REVENUE_IN_CRM		97351

/* numbers with 1, 2, ... rows */
static const uint32_t crm_rows[7] = {8984838, 2157803, 100097, 6334, 254, 23, 2};
static const uint32_t device_rows[4] = {2324838, 56130, 990, 8};

#define POSTPAID_SHARE		0.02
#define POSTPAID_SHARE_MANY	0.85	/* of numbers with four rows or more */

/*
 * A count at the given scale, to the nearest whole number.
 */
uint64_t
scaled(double scale, uint64_t count)
{
	return (uint64_t) (scale * (double) count + 0.5);
}

/*
 * Scale counts so that every partial sum equals the scaled partial sum.  Then
 * the total is right, and rare values appear in proportion.
 */
void
apportion(double scale, const uint32_t *from, int n, uint64_t *to)
{
	uint64_t	sum = 0;
	uint64_t	given = 0;

	for (int i = 0; i < n; i++)
	{
		sum += from[i];
		to[i] = scaled(scale, sum) - given;
		given += to[i];
	}
}

/*
 * Set sizes and permutations.
 */
void
population_init(Population *pop, const Options *opt)
{
	uint64_t	outside;

	pop->crm = 0;
	pop->device = 0;
	apportion(opt->scale, crm_rows, 7, pop->crm_by_rows);
	for (int i = 0; i < 7; i++)
		pop->crm += pop->crm_by_rows[i];
	apportion(opt->scale, device_rows, 4, pop->device_by_rows);
	for (int i = 0; i < 4; i++)
		pop->device += pop->device_by_rows[i];
	pop->device_in_crm = scaled(opt->scale, DEVICE_IN_CRM);
	pop->revenue = scaled(opt->scale, REVENUE_NUMBERS);
	pop->revenue_in_crm = scaled(opt->scale, REVENUE_IN_CRM);
	pop->base = scaled(opt->scale, BASE_NUMBERS);
	outside = pop->base - pop->crm;

	permutation_init(&pop->crm_rows, opt->seed, FOR_CRM_ROWS, pop->crm);
	permutation_init(&pop->device_order, opt->seed, FOR_DEVICE_ORDER, pop->device);
	permutation_init(&pop->device_inside, opt->seed, FOR_DEVICE_IN_CRM, pop->crm);
	permutation_init(&pop->device_outside, opt->seed, FOR_DEVICE_OUTSIDE, outside);
	permutation_init(&pop->device_rows, opt->seed, FOR_DEVICE_ROWS, pop->device);
	permutation_init(&pop->revenue_order, opt->seed, FOR_REVENUE_ORDER, pop->revenue);
	permutation_init(&pop->revenue_inside, opt->seed, FOR_REVENUE_IN_CRM, pop->crm);
	permutation_init(&pop->revenue_outside, opt->seed, FOR_REVENUE_OUTSIDE, outside);
}

/*
 * 128 bits as 32 lower-case hexadecimal digits, without a NUL.
 */
void
hex_of(uint64_t high, uint64_t low, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 15; i >= 0; i--)
	{
		text[i] = digits[high & 15];
		text[i + 16] = digits[low & 15];
		high >>= 4;
		low >>= 4;
	}
}

/*
 * The msisdn of a number, without a NUL.  It is unique because its first 64
 * bits are a one-to-one map of the number.
 */
void
msisdn_of(const Options *opt, uint64_t number, char *text)
{
	uint64_t	key = rng_key(opt->seed, FOR_MSISDN);
	uint64_t	high = mix64(mix64(number + key) ^ key);

	hex_of(high, mix64(high + key * 3), text);
}

/*
 * The number of rows at a rank, given the counts of numbers with 1, 2, ... rows.
 */
static int
rows_at(const uint64_t *by_rows, int n, uint64_t rank)
{
	int			rows = 0;

	while (rows < n - 1 && rank >= by_rows[rows])
		rank -= by_rows[rows++];
	return rows + 1;
}

/*
 * The number of CRM rows of a number.
 */
int
crm_rows_of(const Population *pop, uint64_t number)
{
	return rows_at(pop->crm_by_rows, 7,
				   permutation_forward(&pop->crm_rows, number));
}

/*
 * The number of device rows of the number at a rank of the device file.
 */
int
device_rows_of(const Population *pop, uint64_t rank)
{
	return rows_at(pop->device_by_rows, 4,
				   permutation_forward(&pop->device_rows, rank));
}

/*
 * The number at a rank of the device file.
 */
uint64_t
device_number(const Population *pop, uint64_t rank)
{
	uint64_t	place = permutation_forward(&pop->device_order, rank);

	if (place < pop->device_in_crm)
		return permutation_backward(&pop->device_inside, place);
	return pop->crm + permutation_backward(&pop->device_outside,
										   place - pop->device_in_crm);
}

/*
 * The number at a rank of the revenue file.
 */
uint64_t
revenue_number(const Population *pop, uint64_t rank)
{
	uint64_t	place = permutation_forward(&pop->revenue_order, rank);

	if (place < pop->revenue_in_crm)
		return permutation_backward(&pop->revenue_inside, place);
	return pop->crm + permutation_backward(&pop->revenue_outside,
										   place - pop->revenue_in_crm);
}

/*
 * Whether a number of the base has revenue.
 */
bool
has_revenue(const Population *pop, uint64_t number)
{
	if (number < pop->crm)
		return permutation_forward(&pop->revenue_inside, number) <
			pop->revenue_in_crm;
	return permutation_forward(&pop->revenue_outside, number - pop->crm) <
		pop->revenue - pop->revenue_in_crm;
}

/*
 * Whether a number has a contract.
 */
bool
is_postpaid(const Population *pop, const Options *opt, uint64_t number)
{
	Rng			rng = rng_stream(opt->seed, FOR_SUBSCRIBER, number);
	double		share = POSTPAID_SHARE;

	if (number < pop->crm && crm_rows_of(pop, number) >= 4)
		share = POSTPAID_SHARE_MANY;
	return rng_chance(&rng, share);
}

/*
 * The value segment of a number: 3, or with --tiers 1, 2 or 3.
 */
int
tier_of(const Options *opt, uint64_t number)
{
	Rng			rng = rng_stream(opt->seed, FOR_SUBSCRIBER, number);
	double		u;

	if (!opt->tiers)
		return 3;
	rng_next(&rng);
	u = rng_unit(&rng);
	return u < 0.10 ? 1 : u < 0.40 ? 2 : 3;
}
