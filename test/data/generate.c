/*-------------------------------------------------------------------------
 *
 * generate.c
 *		The data generator's command line.
 *
 * Writes files with the format, size, and shape of the published "Telecom IoT
 * CRM Dataset", with planted leakage of known size, and a file with the truth.
 * The same options give the same bytes on every machine.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "generate.h"

static const char *const help_text =
"Write crm1.csv, device1.csv, rev1.csv and truth.csv into a directory.\n"
"\n"
"Usage: generate --out DIR [option]...\n"
"\n"
"  --out DIR              an existing directory; files in it are replaced\n"
"  --scale S              1 is the size of the published files, 17.8 million rows\n"
"                         (default 0.01; 0.00001 to 10)\n"
"  --seed N               any whole number (default 1)\n"
"\n"
"Leakage\n"
"  --leak RATE            share of numbers with revenue that leak (default 0.01)\n"
"  --kinds LIST           of missing_weeks,zero_weeks,drop,underbilled (default all)\n"
"\n"
"Honest behavior\n"
"  --user-sd X            standard deviation of the log of a number's level (default 0)\n"
"  --level-tail normal|t4 law of that log; t4 has heavy tails (default normal)\n"
"  --tiers                segments Tier_1 to Tier_3 with different levels, not only Tier_3\n"
"  --half-level SHARE     numbers that honestly pay half (default 0)\n"
"  --honest-change SHARE  numbers whose level changes by .6 to 1.6 in some week (default 0)\n"
"  --leave-early SHARE    numbers that leave before the last week (default 0)\n"
"  --holes RATE[,PHI]     weeks in between without a row; PHI is the correlation within a\n"
"                         number, 0 to .9 (default 0.012,0)\n"
"  --zeros RATE[,PHI]     weeks that are honestly 0 (default 0,0)\n"
"  --noise LAW            uniform, lognormal, or gamma; cv=X; or both: gamma,cv=.2\n"
"                         (default uniform, with the spread of the published file)\n"
"  --autocorrelation R    correlation of the noise between weeks, 0 to .95 (default 0)\n"
"  --real-profile         share of numbers present each week as in the published file,\n"
"                         which has a dip: 5.6 % are absent for two to four weeks\n"
"\n"
"Files\n"
"  --weeks A-B            (default 22-35)\n"
"  --week-format week|yyyyww  (default week)\n"
"  --year Y               year of the weeks, for yyyyww and for dates (default 2018)\n"
"  --only-weeks A-B       write only the revenue and usage of these weeks, unchanged, as\n"
"                         one of several deliveries (default all)\n"
"  --revenue-only         leave out CRM and device rows of numbers without revenue\n"
"  --all-spellings        at least one row of each spelling of gender, at any scale\n"
"  --optional             also subscriber_attribute.csv and usage.csv\n"
"  --dirty RATE           share of rows with dirt that the cleaning rules refuse or merge,\n"
"                         at least one row of each kind; counts in dirty.csv (default 0)\n"
"  --help\n";

/*
 * A number within limits.
 */
static double
parse_number(const char *option, const char *text, double low, double high)
{
	char	   *end;
	double		value = strtod(text, &end);

	if (*text == '\0' || *end != '\0')
		fail("%s: \"%s\" is not a number", option, text);
	if (!(value >= low && value <= high))
		fail("%s: %s is out of range, it must be from %g to %g",
			 option, text, low, high);
	return value;
}

/*
 * One number, or two with a comma in between.
 */
static void
parse_pair(const char *option, const char *text, double *rate, double *phi)
{
	const char *comma = strchr(text, ',');
	char		first[64];
	size_t		length = comma != NULL ? (size_t) (comma - text) : strlen(text);

	if (length >= sizeof(first))
		fail("%s: \"%s\" is too long", option, text);
	memcpy(first, text, length);
	first[length] = '\0';
	*rate = parse_number(option, first, 0.0, 0.9);
	*phi = comma != NULL ? parse_number(option, comma + 1, 0.0, 0.9) : 0.0;
}

/*
 * A-B.
 */
static void
parse_range(const char *option, const char *text, int *first, int *last)
{
	char		rest;

	if (strspn(text, "0123456789-") != strlen(text) || strlen(text) > 13 ||
		sscanf(text, "%d-%d%c", first, last, &rest) != 2)
		fail("%s: \"%s\" is not like 22-35", option, text);
}

/*
 * Get the next item of a list; returns false at its end.
 */
static bool
next_item(const char *option, const char **list, char *item, size_t size)
{
	size_t		length = strcspn(*list, ",");

	if (**list == '\0')
		return false;
	if (length >= size)
		fail("%s: \"%s\" is too long", option, *list);
	memcpy(item, *list, length);
	item[length] = '\0';
	*list += length;
	if (**list == ',')
		(*list)++;
	return true;
}

/*
 * The kinds of leakage.
 */
static void
parse_kinds(Options *opt, const char *list)
{
	char		item[32];

	opt->nkinds = 0;
	while (next_item("--kinds", &list, item, sizeof(item)))
	{
		int			kind = 0;

		while (kind < LEAK_KINDS && strcmp(item, leak_kind_names[kind]) != 0)
			kind++;
		if (kind == LEAK_KINDS)
			fail("--kinds: unknown kind \"%s\", choose from missing_weeks,zero_weeks,drop,underbilled",
				 item);
		for (int i = 0; i < opt->nkinds; i++)
			if (opt->kinds[i] == (LeakKind) kind)
				fail("--kinds: \"%s\" is there twice", item);
		opt->kinds[opt->nkinds++] = (LeakKind) kind;
	}
	if (opt->nkinds == 0)
		fail("--kinds: the list is empty; to plant nothing use --leak 0");
}

/*
 * The law of the noise.
 */
static void
parse_noise(Options *opt, const char *list)
{
	char		item[32];

	while (next_item("--noise", &list, item, sizeof(item)))
	{
		if (strcmp(item, "uniform") == 0)
			opt->noise = NOISE_UNIFORM;
		else if (strcmp(item, "lognormal") == 0)
			opt->noise = NOISE_LOGNORMAL;
		else if (strcmp(item, "gamma") == 0)
			opt->noise = NOISE_GAMMA;
		else if (strncmp(item, "cv=", 3) == 0)
			opt->noise_cv = parse_number("--noise cv", item + 3, 0.001, 2.0);
		else
			fail("--noise: unknown \"%s\", choose uniform, lognormal or gamma, and cv=X", item);
	}
}

/*
 * Fill in the list of weeks.
 */
static void
set_weeks(Options *opt, const char *weeks, const char *only)
{
	int			first;
	int			last;
	int			only_first;
	int			only_last;
	int			written = 0;

	parse_range("--weeks", weeks, &first, &last);
	only_first = first;
	only_last = last;
	if (only != NULL)
		parse_range("--only-weeks", only, &only_first, &only_last);
	if (opt->yyyyww && first <= 53 && last <= 53)
	{
		first += opt->year * 100;
		last += opt->year * 100;
	}
	if (opt->yyyyww && only_first <= 53 && only_last <= 53)
	{
		only_first += opt->year * 100;
		only_last += opt->year * 100;
	}
	if (!week_valid(first, opt->yyyyww) || !week_valid(last, opt->yyyyww))
		fail("--weeks: %s is out of range, weeks are %s", weeks,
			 opt->yyyyww ? "yyyyww, year 1900 to 2200, of the ISO calendar" :
			 "1 to 53; see --week-format");
	if (first > last)
		fail("--weeks: %d is after %d", first, last);

	opt->nweeks = 0;
	for (int week = first; week <= last; week = week_after(week, opt->yyyyww))
	{
		if (opt->nweeks == MAX_WEEKS)
			fail("--weeks: %s are more than %d weeks", weeks, MAX_WEEKS);
		opt->week[opt->nweeks] = week;
		opt->write_week[opt->nweeks] = week >= only_first && week <= only_last;
		written += opt->write_week[opt->nweeks];
		opt->nweeks++;
	}
	if (written == 0)
		fail("--only-weeks: none of %s is among %s", only, weeks);
}

/*
 * Read the command line.
 */
static void
parse_options(Options *opt, int argc, char **argv)
{
	const char *weeks = "22-35";
	const char *only = NULL;

	memset(opt, 0, sizeof(*opt));
	opt->scale = 0.01;
	opt->seed = 1;
	opt->leak = 0.01;
	opt->nkinds = LEAK_KINDS;
	for (int i = 0; i < LEAK_KINDS; i++)
		opt->kinds[i] = (LeakKind) i;
	opt->hole_rate = 0.012;
	opt->year = 2018;

	for (int i = 1; i < argc; i++)
	{
		char		name[32];
		const char *equals = strchr(argv[i], '=');
		const char *value;
		size_t		length = equals != NULL ? (size_t) (equals - argv[i]) : strlen(argv[i]);

		if (length >= sizeof(name))
			fail("unknown option \"%s\"; see --help", argv[i]);
		memcpy(name, argv[i], length);
		name[length] = '\0';

		/* options without a value */
		if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		{
			fputs(help_text, stdout);
			exit(0);
		}
		else if (strcmp(argv[i], "--tiers") == 0)
			opt->tiers = true;
		else if (strcmp(argv[i], "--real-profile") == 0)
			opt->real_profile = true;
		else if (strcmp(argv[i], "--revenue-only") == 0)
			opt->revenue_only = true;
		else if (strcmp(argv[i], "--all-spellings") == 0)
			opt->all_spellings = true;
		else if (strcmp(argv[i], "--optional") == 0)
			opt->optional = true;
		else
		{
			static const char *const names[] = {
				"--out", "--scale", "--seed", "--leak", "--kinds", "--user-sd",
				"--level-tail", "--half-level", "--honest-change", "--leave-early",
				"--holes", "--zeros", "--noise", "--autocorrelation", "--weeks",
				"--week-format", "--year", "--only-weeks", "--dirty", NULL
			};
			int			known = 0;

			while (names[known] != NULL && strcmp(name, names[known]) != 0)
				known++;
			if (names[known] == NULL)
				fail("unknown option \"%s\"; see --help", argv[i]);
			if (equals != NULL)
				value = equals + 1;
			else if (i + 1 < argc)
				value = argv[++i];
			else
				fail("%s needs a value; see --help", name);

			if (strcmp(name, "--out") == 0)
				opt->out = value;
			else if (strcmp(name, "--scale") == 0)
				opt->scale = parse_number(name, value, 0.00001, 10.0);
			else if (strcmp(name, "--seed") == 0)
			{
				char	   *end;

				errno = 0;
				opt->seed = strtoull(value, &end, 10);
				if (strspn(value, "0123456789") != strlen(value) ||
					*value == '\0' || errno != 0)
					fail("--seed: \"%s\" is not a whole number from 0 to 2^64 - 1", value);
			}
			else if (strcmp(name, "--leak") == 0)
				opt->leak = parse_number(name, value, 0.0, 1.0);
			else if (strcmp(name, "--kinds") == 0)
				parse_kinds(opt, value);
			else if (strcmp(name, "--user-sd") == 0)
				opt->user_sd = parse_number(name, value, 0.0, 2.0);
			else if (strcmp(name, "--level-tail") == 0)
			{
				opt->heavy_level = strcmp(value, "t4") == 0;
				if (!opt->heavy_level && strcmp(value, "normal") != 0)
					fail("--level-tail: unknown \"%s\", choose normal or t4", value);
			}
			else if (strcmp(name, "--half-level") == 0)
				opt->half_level = parse_number(name, value, 0.0, 1.0);
			else if (strcmp(name, "--honest-change") == 0)
				opt->honest_change = parse_number(name, value, 0.0, 1.0);
			else if (strcmp(name, "--leave-early") == 0)
				opt->leave_early = parse_number(name, value, 0.0, 1.0);
			else if (strcmp(name, "--holes") == 0)
				parse_pair(name, value, &opt->hole_rate, &opt->hole_phi);
			else if (strcmp(name, "--zeros") == 0)
				parse_pair(name, value, &opt->zero_rate, &opt->zero_phi);
			else if (strcmp(name, "--noise") == 0)
				parse_noise(opt, value);
			else if (strcmp(name, "--autocorrelation") == 0)
				opt->autocorrelation = parse_number(name, value, 0.0, 0.95);
			else if (strcmp(name, "--weeks") == 0)
				weeks = value;
			else if (strcmp(name, "--week-format") == 0)
			{
				opt->yyyyww = strcmp(value, "yyyyww") == 0;
				if (!opt->yyyyww && strcmp(value, "week") != 0)
					fail("--week-format: unknown \"%s\", choose week or yyyyww", value);
			}
			else if (strcmp(name, "--year") == 0)
				opt->year = (int) parse_number(name, value, 1990, 2200);
			else if (strcmp(name, "--only-weeks") == 0)
				only = value;
			else
				opt->dirty = parse_number(name, value, 0.0, 0.5);
		}
	}
	if (opt->out == NULL)
		fail("--out DIR is needed; see --help");
	if (opt->heavy_level && opt->user_sd == 0.0)
		fail("--level-tail t4 needs --user-sd above 0");
	set_weeks(opt, weeks, only);
}

int
main(int argc, char **argv)
{
	static Options opt;
	Population	pop;

	parse_options(&opt, argc, argv);
	noise_init(&opt);
	population_init(&pop, &opt);
	write_revenue(&pop, &opt);
	write_device(&pop, &opt);
	write_crm(&pop, &opt);
	if (opt.optional)
		write_subscriber_attribute(&pop, &opt);
	if (opt.dirty > 0.0)
		write_dirty(&opt);
	return 0;
}
