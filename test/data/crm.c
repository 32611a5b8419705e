/*-------------------------------------------------------------------------
 *
 * crm.c
 *		crm1.csv: one to seven adjacent rows per number, with the spellings of
 *		gender, in blocks, the birth years, and the statuses of the published
 *		file.
 *
 * Counts are exact because kinds are drawn without replacement: the remaining
 * count of each kind is known while the file is written in order.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "generate.h"

/* the 78 spellings of gender and their counts; with the empty one, 79 values */
static const struct
{
	const char *text;
	uint32_t	count;
}			genders[] =
{
	{"Male", 8565641}, {"Female", 1187113}, {"MALE", 775633},
	{"FEMALE", 209408}, {"Not Available", 195095}, {"M", 10819},
	{"male", 1959}, {"U", 654}, {"female", 521}, {"F", 321}, {"Other", 179},
	{".", 104}, {"N/A", 102}, {"3", 39}, {"Female.", 39}, {"`", 18},
	{"]", 17}, {"+", 11}, {"Female]", 10}, {"B", 6}, {"FE", 6}, {"~", 6},
	{"0", 5}, {"D", 5}, {"\\\\", 4}, {"FEMELE", 3}, {"Female3", 3},
	{"FemaleH", 3}, {"Female`", 3}, {"P", 3}, {"S", 3}, {"1", 2}, {"A", 2},
	{"FEMAL", 2}, {"FemaleF", 2}, {"MFEale", 2}, {"MaFEle", 2}, {"Mal", 2},
	{"MalFEe", 2}, {"Male.", 2}, {"Q", 2}, {"```", 2}, {"!", 1},
	{"0.0-", 1}, {"05/01/1958", 1}, {"11", 1}, {"16/10", 1},
	{"20/1/1966", 1}, {"21", 1}, {"22/8/1980", 1}, {"25/5/1978", 1},
	{"333", 1}, {"6", 1}, {"A/N", 1}, {"DF", 1}, {"FAMALE", 1},
	{"FEMEL", 1}, {"Femal", 1}, {"Femal]e", 1}, {"Female..", 1},
	{"Female\\\\", 1}, {"H", 1}, {"HOWZ WIFE", 1}, {"J", 1}, {"K", 1},
	{"MA", 1}, {"MY", 1}, {"MaleF", 1}, {"Male`", 1}, {"O", 1}, {"PR", 1},
	{"TEACHER", 1}, {"W", 1}, {"``", 1}, {"mALE", 1}, {"q", 1},
	{"qqqq", 1}, {"swdwdxw", 1}
};

#define NGENDERS		((int) (sizeof(genders) / sizeof(genders[0])))
#define COMMON_GENDERS	5		/* the ones that come in blocks */
#define NO_GENDER		NGENDERS
#define NULL_GENDERS	2679702

/* birth years of the published file, descending from 2046 to 1924 */
#define YEAR_HIGH		2046
#define YEAR_LOW		1924
#define YEAR_OLDEST		1900
#define OLD_YEARS		1399	/* rows from YEAR_OLDEST to YEAR_LOW - 1 */
#define NO_YEAR			0
static const uint32_t years[YEAR_HIGH - YEAR_LOW + 1] = {
	3, 2, 0, 0, 3, 0, 0, 0, 0, 0,	/* 2046 .. 2037 */
	0, 0, 0, 0, 0, 0, 1, 0, 0, 0,	/* 2036 .. 2027 */
	0, 0, 0, 0, 0, 0, 0, 3, 45, 1031,	/* 2026 .. 2017 */
	36, 30, 21, 9, 11, 8, 1, 1, 68, 38, /* 2016 .. 2007 */
	12, 5, 11, 20, 43, 85, 945, 17235, 53729, 116072,	/* 2006 .. 1997 */
	132118, 161365, 439516, 409051, 404387, 414721, 440984, 618569, 683051, 627720, /* .. 1987 */
	481516, 600894, 459852, 501555, 622079, 385850, 496351, 377853, 367922, 477855, /* .. 1977 */
	232639, 327684, 198171, 255768, 417024, 228892, 275413, 188651, 208794, 298233, /* .. 1967 */
	113944, 173041, 87794, 123440, 213382, 66475, 112161, 73582, 83415, 137947, /* .. 1957 */
	46084, 60656, 32960, 45466, 81306, 20075, 33321, 16784, 25762, 47900,	/* .. 1947 */
	8563, 13841, 5276, 10283, 20603, 3658, 7844, 3226, 5721, 10932, /* .. 1937 */
	1509, 2635, 818, 1424, 3042, 489, 1105, 299, 663, 1295, /* .. 1927 */
	138, 270, 79				/* .. 1924 */
};

#define NYEARS ((int) (sizeof(years) / sizeof(years[0])))

/* kinds of further rows of a number; all others differ from the first */
typedef enum Surplus
{
	GENDER_EMPTY,				/* the same row without gender */
	SUSPEND_TWIN,				/* the same row suspended */
	EXACT_COPY,
	YEAR_EMPTY,
	DIFFERENT,
	SURPLUS_KINDS
} Surplus;

static const uint32_t surplus_counts[SURPLUS_KINDS] = {
	1640918, 230000, 4373, 2759, 500092
};

typedef enum Status
{
	ACTIVE,
	SUSPEND,
	IDLE,
	DEACTIVE,
	SINGLE_YEAR_EMPTY,			/* ACTIVE, and the only row has no year */
	STATUS_KINDS
} Status;

static const char *const status_names[STATUS_KINDS] = {
	"ACTIVE", "SUSPEND", "IDLE", "DEACTIVE", "ACTIVE"
};

/* among numbers with a single row */
static const uint32_t single_counts[STATUS_KINDS] = {
	8928887, 55760, 9, 1, 181
};

typedef struct Row
{
	int			gender;
	int			year;
	Status		status;
	bool		postpaid;
} Row;

/* what is left to write */
typedef struct Left
{
	uint64_t	gender[NGENDERS + 1];	/* the last is the empty one */
	uint64_t	rare_genders;	/* sum from COMMON_GENDERS on */
	uint64_t	surplus[SURPLUS_KINDS];
	uint64_t	single[STATUS_KINDS];
} Left;

static uint64_t year_sums[NYEARS + 1];	/* cumulative; the last for old years */

/*
 * Draw one of n kinds in proportion to the remaining counts, and take it.
 * Returns the fallback if nothing remains.
 */
static int
take(Rng *rng, uint64_t *left, int n, int fallback)
{
	uint64_t	sum = 0;
	uint64_t	x;

	for (int i = 0; i < n; i++)
		sum += left[i];
	if (sum == 0)
		return fallback;
	x = rng_below(rng, sum);
	for (int i = 0; i < n; i++)
	{
		if (x < left[i])
		{
			left[i]--;
			return i;
		}
		x -= left[i];
	}
	return fallback;
}

/*
 * Set up the counts of the file.
 */
static void
left_init(Left *left, const Population *pop, const Options *opt)
{
	uint32_t	counts[NGENDERS + 1];
	uint64_t	rows = 0;
	uint64_t	surplus;
	uint64_t	sum = 0;

	for (int i = 0; i < 7; i++)
		rows += pop->crm_by_rows[i] * (uint64_t) (i + 1);
	surplus = rows - pop->crm;

	apportion(opt->scale, surplus_counts, SURPLUS_KINDS, left->surplus);
	for (int i = 0; i < DIFFERENT; i++)
	{
		if (left->surplus[i] > surplus - sum)
			left->surplus[i] = surplus - sum;
		sum += left->surplus[i];
	}
	left->surplus[DIFFERENT] = surplus - sum;

	apportion(opt->scale, single_counts, STATUS_KINDS, left->single);
	sum = 0;
	for (int i = STATUS_KINDS - 1; i > ACTIVE; i--)
	{
		if (opt->all_spellings && left->single[i] == 0)
			left->single[i] = 1;
		if (left->single[i] > pop->crm_by_rows[0] - sum)
			left->single[i] = pop->crm_by_rows[0] - sum;
		sum += left->single[i];
	}
	left->single[ACTIVE] = pop->crm_by_rows[0] - sum;

	/* the empty ones that twins do not use; Male takes the rest of the sum */
	for (int i = 0; i < NGENDERS; i++)
		counts[i] = genders[i].count;
	counts[NO_GENDER] = NULL_GENDERS - surplus_counts[GENDER_EMPTY];
	apportion(opt->scale, counts, NGENDERS + 1, left->gender);
	left->rare_genders = 0;
	sum = left->surplus[GENDER_EMPTY];
	for (int i = 1; i <= NGENDERS; i++)
	{
		if (opt->all_spellings && left->gender[i] == 0)
			left->gender[i] = 1;
		sum += left->gender[i];
		if (i >= COMMON_GENDERS && i < NGENDERS)
			left->rare_genders += left->gender[i];
	}
	if (sum > rows && opt->all_spellings)
		fail("--all-spellings needs more rows than --scale %g gives", opt->scale);
	left->gender[0] = rows > sum ? rows - sum : 0;
}

/*
 * Draw a spelling of gender and take it.  Batches of the source prefer one
 * style: 0 upper case, 1 mixed, 2 not available.
 */
static int
take_gender(Rng *rng, Left *left, int style, bool postpaid, bool may_be_empty)
{
	static const uint64_t preference[3][COMMON_GENDERS] = {
		{2, 2, 80, 80, 2}, {10, 10, 1, 1, 1}, {2, 2, 2, 2, 120}
	};
	uint64_t	weight[COMMON_GENDERS + 2];
	int			n;

	for (int i = 0; i < COMMON_GENDERS; i++)
		weight[i] = left->gender[i] * preference[style][i];
	weight[COMMON_GENDERS] = left->rare_genders * 8;
	weight[COMMON_GENDERS + 1] = !may_be_empty ? 0 :
		left->gender[NO_GENDER] * (postpaid ? 60 : 8);

	/* keep the sum below 2^32, which is as far as rng_below goes */
	for (int i = 0; i < COMMON_GENDERS + 2; i++)
		weight[i] = (weight[i] + 7) / 8;

	n = take(rng, weight, COMMON_GENDERS + 2, -1);
	if (n == COMMON_GENDERS)
	{
		left->rare_genders--;
		return COMMON_GENDERS + take(rng, left->gender + COMMON_GENDERS,
									 NGENDERS - COMMON_GENDERS, 0);
	}
	if (n < 0 || n == COMMON_GENDERS + 1)
		n = NO_GENDER;
	if (left->gender[n] > 0)
		left->gender[n]--;
	return n;
}

/*
 * The same spelling again if one is left, otherwise another.
 */
static int
repeat_gender(Rng *rng, Left *left, int style, bool postpaid, int gender)
{
	if (left->gender[gender] == 0)
		return take_gender(rng, left, style, postpaid, true);
	left->gender[gender]--;
	if (gender >= COMMON_GENDERS && gender < NGENDERS)
		left->rare_genders--;
	return gender;
}

/*
 * Draw a birth year.
 */
static int
draw_year(Rng *rng)
{
	uint64_t	x = rng_below(rng, year_sums[NYEARS]);
	int			low = 0;
	int			high = NYEARS;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (x < year_sums[middle])
			high = middle;
		else
			low = middle + 1;
	}
	if (low == NYEARS)
		return rng_between(rng, YEAR_OLDEST, YEAR_LOW - 1);
	return YEAR_HIGH - low;
}

/*
 * Whether two rows have the same text.
 */
static bool
rows_equal(const Row *a, const Row *b)
{
	return a->gender == b->gender && a->year == b->year &&
		strcmp(status_names[a->status], status_names[b->status]) == 0 &&
		a->postpaid == b->postpaid;
}

/*
 * Make the n rows of a number.
 */
static void
make_rows(Rng *rng, Left *left, int style, bool postpaid, Row *rows, int n)
{
	Surplus		kind[7];
	bool		empty_twin = false;

	for (int i = 1; i < n; i++)
	{
		kind[i] = (Surplus) take(rng, left->surplus, SURPLUS_KINDS, DIFFERENT);
		empty_twin |= kind[i] == GENDER_EMPTY;
	}

	rows[0].postpaid = postpaid;
	rows[0].year = draw_year(rng);
	rows[0].gender = take_gender(rng, left, style, postpaid, !empty_twin);
	rows[0].status = ACTIVE;
	if (n == 1)
		rows[0].status = (Status) take(rng, left->single, STATUS_KINDS, ACTIVE);
	if (rows[0].status == SINGLE_YEAR_EMPTY)
		rows[0].year = NO_YEAR;

	for (int i = 1; i < n; i++)
	{
		bool		again;

		rows[i] = rows[0];
		switch (kind[i])
		{
			case GENDER_EMPTY:
				rows[i].gender = NO_GENDER;
				break;
			case YEAR_EMPTY:
				rows[i].gender = repeat_gender(rng, left, style, postpaid,
											   rows[0].gender);
				rows[i].year = NO_YEAR;
				break;
			case SUSPEND_TWIN:
				rows[i].status = SUSPEND;
				rows[i].gender = repeat_gender(rng, left, style, postpaid,
											   rows[0].gender);
				break;
			case EXACT_COPY:
				rows[i].gender = repeat_gender(rng, left, style, postpaid,
											   rows[0].gender);
				continue;
			case DIFFERENT:
			case SURPLUS_KINDS:
				if (rng_chance(rng, 0.85))
					rows[i].year = draw_year(rng);
				rows[i].gender = take_gender(rng, left, style, postpaid, true);
				if (rng_chance(rng, 0.003))
					rows[i].postpaid = !postpaid;
				break;
		}

		/* only the planned copies are equal */
		do
		{
			again = false;
			for (int j = 0; j < i && !again; j++)
				again = rows_equal(&rows[i], &rows[j]);
			if (again)
				rows[i].year = draw_year(rng);
		} while (again);
	}

	for (int i = n - 1; i > 0; i--)
	{
		int			j = rng_between(rng, 0, i);
		Row			row = rows[i];

		rows[i] = rows[j];
		rows[j] = row;
	}
}

/*
 * Write one row.
 */
static void
write_row(const Options *opt, Output *out, const char *msisdn, const Row *row,
		  int tier)
{
	char		rest[64];
	char		tier_text[] = "Tier_3";
	size_t		n = 0;
	const char *parts[5];

	tier_text[5] = (char) ('0' + tier);
	parts[0] = row->gender == NO_GENDER ? "" : genders[row->gender].text;
	parts[1] = "";
	parts[2] = status_names[row->status];
	parts[3] = row->postpaid ? "Postpaid" : "Prepaid";
	parts[4] = tier_text;
	for (int i = 0; i < 5; i++)
	{
		size_t		length = strlen(parts[i]);

		rest[n++] = ',';
		memcpy(rest + n, parts[i], length);
		n += length;
		if (i == 1 && row->year != NO_YEAR)
		{
			rest[n++] = (char) ('0' + row->year / 1000);
			rest[n++] = (char) ('0' + row->year / 100 % 10);
			rest[n++] = (char) ('0' + row->year / 10 % 10);
			rest[n++] = (char) ('0' + row->year % 10);
		}
	}
	rest[n] = '\0';

	if (dirty_due(opt, DIRTY_CRM))
	{
		dirty_crm(out, msisdn, rest);
		return;
	}
	output_bytes(out, msisdn, MSISDN_LENGTH);
	output_bytes(out, rest, n);
	output_end(out);
}

/*
 * Write crm1.csv.  With --revenue-only every row is still generated, but only
 * rows of numbers with revenue are written, so that they do not change.
 */
void
write_crm(const Population *pop, const Options *opt)
{
	Output		out;
	Left		left;
	Rng			rng = rng_stream(opt->seed, FOR_CRM, 0);
	uint64_t	batch_left = 0;
	int			style = 0;
	bool		gender_shown[NGENDERS + 1] = {false};
	bool		status_shown[STATUS_KINDS] = {false};

	for (int i = 0; i < NYEARS; i++)
		year_sums[i] = (i > 0 ? year_sums[i - 1] : 0) + years[i];
	year_sums[NYEARS] = year_sums[NYEARS - 1] + OLD_YEARS;
	left_init(&left, pop, opt);
	output_open(&out, opt, "crm1.csv",
				"msisdn,gender,year_of_birth,system_status,mobile_type,value_segment");

	for (uint64_t number = 0; number < pop->crm; number++)
	{
		Row			rows[7];
		char		msisdn[MSISDN_LENGTH + 1];
		int			n = crm_rows_of(pop, number);
		int			tier;
		bool		write = !opt->revenue_only || has_revenue(pop, number);

		if (batch_left-- == 0)
		{
			double		u = rng_unit(&rng);

			style = number == 0 || u < 0.11 ? 0 : u < 0.97 ? 1 : 2;
			batch_left = 20 + rng_below(&rng, style == 1 ? 4000 : 2000);
		}
		make_rows(&rng, &left, style, is_postpaid(pop, opt, number), rows, n);

		/* with --all-spellings every spelling appears, even without revenue */
		for (int i = 0; i < n && opt->all_spellings; i++)
		{
			write |= !gender_shown[rows[i].gender] || !status_shown[rows[i].status];
			gender_shown[rows[i].gender] = true;
			status_shown[rows[i].status] = true;
		}
		if (!write)
			continue;
		msisdn_of(opt, number, msisdn);
		msisdn[MSISDN_LENGTH] = '\0';
		tier = tier_of(opt, number);
		for (int i = 0; i < n; i++)
			write_row(opt, &out, msisdn, &rows[i], tier);
	}
	output_close(&out);
}
