/*-------------------------------------------------------------------------
 *
 * generate.h
 *		Shared by the parts of the data generator: options, the population, the
 *		history of a number, output.
 *
 * The base is a set of numbers 0 .. n-1.  The first `crm` of them have CRM
 * rows.  Keyed permutations decide which of them have a handset or revenue, so
 * that sizes and overlaps are exact and nothing is stored.
 * Money is a whole number of 10^-15 dollars.
 *
 *-------------------------------------------------------------------------
 */
#ifndef GENERATE_H
#define GENERATE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "rng.h"

/* A fused multiply-add would make last digits depend on the machine. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize ("fp-contract=off")
#endif

#define MAX_WEEKS		520
#define MSISDN_LENGTH	32
#define MONEY_ONE		INT64_C(1000000000000000)	/* one dollar */
#define MONEY_MICRO		INT64_C(1000000000)			/* 10^-6 dollars */
#define MONEY_LENGTH	24			/* longest text of an amount, with NUL */
#define MAX_DOLLARS		9000.0		/* the cap of one week of one number */

typedef enum LeakKind
{
	LEAK_MISSING_WEEKS,
	LEAK_ZERO_WEEKS,
	LEAK_DROP,
	LEAK_UNDERBILLED,
	LEAK_KINDS,
	LEAK_NONE = LEAK_KINDS
} LeakKind;

typedef enum NoiseLaw
{
	NOISE_UNIFORM,
	NOISE_LOGNORMAL,
	NOISE_GAMMA
} NoiseLaw;

typedef struct Options
{
	const char *out;
	double		scale;
	uint64_t	seed;
	double		leak;
	LeakKind	kinds[LEAK_KINDS];
	int			nkinds;
	double		user_sd;
	bool		tiers;
	NoiseLaw	noise;
	double		noise_cv;		/* 0: the one of the real data */
	double		hole_rate;
	double		hole_phi;
	double		zero_rate;
	double		zero_phi;
	double		autocorrelation;
	bool		heavy_level;
	double		half_level;
	double		honest_change;
	double		leave_early;
	bool		real_profile;
	bool		revenue_only;
	bool		optional;
	bool		all_spellings;
	double		dirty;
	bool		yyyyww;
	int			year;
	int			nweeks;
	int			week[MAX_WEEKS];	/* as written in the files */
	bool		write_week[MAX_WEEKS];
} Options;

typedef struct Population
{
	uint64_t	base;
	uint64_t	crm;			/* numbers with CRM rows: 0 .. crm-1 */
	uint64_t	crm_by_rows[7];
	uint64_t	device;
	uint64_t	device_in_crm;
	uint64_t	device_by_rows[4];
	uint64_t	revenue;
	uint64_t	revenue_in_crm;
	Permutation crm_rows;
	Permutation device_order;
	Permutation device_inside;
	Permutation device_outside;
	Permutation device_rows;
	Permutation revenue_order;
	Permutation revenue_inside;
	Permutation revenue_outside;
} Population;

/* The weeks of one number: index 0 is the first of the options' weeks. */
typedef struct History
{
	uint64_t	number;
	bool		in_crm;
	int			first;			/* honest first and last week */
	int			last;
	bool		used[MAX_WEEKS];	/* honest: the number had a row due */
	bool		present[MAX_WEEKS]; /* the file has a row */
	int64_t		honest[MAX_WEEKS];
	int64_t		billed[MAX_WEEKS];
	LeakKind	leak;
	int64_t		leak_factor;	/* millionths */
	int			leak_first;
	int			leak_last;
} History;

/* A file being written. */
typedef struct Output
{
	FILE	   *file;
	char	   *path;
	char	   *buffer;
	size_t		used;
	uint64_t	rows;
} Output;

extern const char *const leak_kind_names[LEAK_KINDS];

/* output.c */
extern _Noreturn void fail(const char *format,...);
extern void *allocate(size_t size);
extern void output_open(Output *out, const Options *opt, const char *name,
						const char *header);
extern void output_close(Output *out);
extern void output_bytes(Output *out, const char *bytes, size_t length);
extern void output_text(Output *out, const char *text);
extern void output_char(Output *out, char c);
extern void output_field(Output *out, const char *text);
extern void output_int(Output *out, int64_t value);
extern void output_end(Output *out);
extern void money_text(int64_t money, char *text);

/* population.c */
extern uint64_t scaled(double scale, uint64_t count);
extern void apportion(double scale, const uint32_t *from, int n, uint64_t *to);
extern void population_init(Population *pop, const Options *opt);
extern void msisdn_of(const Options *opt, uint64_t number, char *text);
extern void hex_of(uint64_t high, uint64_t low, char *text);
extern int	crm_rows_of(const Population *pop, uint64_t number);
extern int	device_rows_of(const Population *pop, uint64_t rank);
extern uint64_t device_number(const Population *pop, uint64_t rank);
extern uint64_t revenue_number(const Population *pop, uint64_t rank);
extern bool has_revenue(const Population *pop, uint64_t number);
extern bool is_postpaid(const Population *pop, const Options *opt,
						uint64_t number);
extern int	tier_of(const Options *opt, uint64_t number);

/* distributions.c */
extern void noise_init(const Options *opt);
extern void noise_weeks(const Options *opt, uint64_t number, double *noise);
extern double user_level(const Population *pop, const Options *opt,
						 uint64_t number);

/* weeks.c */
extern int	week_after(int week, bool yyyyww);
extern bool week_valid(int week, bool yyyyww);
extern int	monday_of(const Options *opt, int week);
extern void date_text(int days, char *text);

/* history.c */
extern void history_span(const Options *opt, uint64_t number, int *first,
						 int *last);
extern void history_honest(const Population *pop, const Options *opt,
						   uint64_t number, History *history);

/* leaks.c */
extern void leak_plant(const Options *opt, History *history);
extern void leak_amount_text(const Options *opt, const History *history,
							 char *text, size_t size);

/* crm.c, device.c, revenue.c, optional.c */
extern void write_crm(const Population *pop, const Options *opt);
extern void write_device(const Population *pop, const Options *opt);
extern void write_revenue(const Population *pop, const Options *opt);
extern void write_subscriber_attribute(const Population *pop,
									   const Options *opt);
extern void write_usage(const Options *opt, Output *out,
						const History *history);

/* catalogue.c */
typedef enum DeviceKind
{
	DEVICE_FULL,				/* operating system and vendor known */
	DEVICE_NO_OS,
	DEVICE_VENDOR_ONLY,
	DEVICE_OS_ONLY,
	DEVICE_NOTHING,				/* brand and model empty */
	DEVICE_KINDS
} DeviceKind;

extern void catalogue_init(void);
extern const char *catalogue_draw(DeviceKind kind, Rng *rng);

/* dirty.c */
typedef enum DirtyFile
{
	DIRTY_CRM,
	DIRTY_DEVICE,
	DIRTY_REVENUE,
	DIRTY_ATTRIBUTE,
	DIRTY_USAGE,
	DIRTY_FILES
} DirtyFile;

extern bool dirty_due(const Options *opt, DirtyFile file);
extern void dirty_crm(Output *out, const char *msisdn, const char *rest);
extern void dirty_device(Output *out, const char *msisdn, const char *rest);
extern void dirty_revenue(const Options *opt, Output *out, const char *msisdn,
						  int week, int64_t money);
extern void dirty_attribute(Output *out, const char *msisdn,
							const char *region, const char *date);
extern void dirty_usage(const Options *opt, Output *out, const char *msisdn,
						int week, int sessions);
extern void write_dirty(const Options *opt);

#endif							/* GENERATE_H */
