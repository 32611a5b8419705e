/*-------------------------------------------------------------------------
 *
 * dirty.c
 *		Plants dirt of each kind that the cleaning rules know.
 *
 * Every row of the clean file stays, although it may be respelled or split in
 * two.  Every added row is refused by the rules or loses to the clean row.  So
 * a mart over the dirty files shows the money of the clean ones.  The first
 * rows of a file get each kind once; later rows get dirt at random, with the
 * kinds in turn.  dirty.csv counts the rows of each kind:
 *
 * duplicate		an added row that repeats another row or loses to it
 * added			the second half of a row split into two amounts
 * respelled		a clean row in upper case or with white space
 * anything else	an added row that is refused for this reason
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "generate.h"

/* variations besides adding a row that is refused */
typedef enum Act
{
	ADD,						/* the fields given, else the clean ones */
	COPY,
	COPY_PLUS,					/* the same amount spelled +5.50 */
	COPY_ZEROS,					/* as 5.50000 */
	COPY_LONGEST,				/* with zeros before it, 400 characters */
	SPLIT,
	PAD_MSISDN,
	UPPER_MSISDN,
	PAD_WEEK,
	PAD_VALUE
} Act;

typedef struct Dirt
{
	const char *reason;
	Act			act;
	const char *msisdn;			/* these three: NULL for the clean one */
	const char *week;
	const char *value;
} Dirt;

#define LONGEST 400

static char too_long[LONGEST + 2];	/* one digit more than an amount may have */

static const Dirt revenue_dirt[] = {
	{"amount_negative", ADD, NULL, NULL, "-5.25"},
	{"duplicate", COPY, NULL, NULL, NULL},
	{"added", SPLIT, NULL, NULL, NULL},
	{"amount_nan", ADD, NULL, NULL, "NaN"},
	{"amount_missing", ADD, NULL, NULL, ""},
	{"week_out_of_range", ADD, NULL, "0", NULL},
	{"respelled", UPPER_MSISDN, NULL, NULL, NULL},
	{"msisdn_missing", ADD, "", NULL, NULL},
	{"amount_infinite", ADD, NULL, NULL, "inf"},
	{"amount_not_numeric", ADD, NULL, NULL, "abc"},
	{"amount_out_of_range", ADD, NULL, NULL, "1000000000000"},
	{"week_missing", ADD, NULL, "", NULL},
	{"week_not_numeric", ADD, NULL, "wk22", NULL},
	{"respelled", PAD_MSISDN, NULL, NULL, NULL},
	{"duplicate", COPY_ZEROS, NULL, NULL, NULL},
	{"week_out_of_range", ADD, NULL, "99", NULL},
	{"amount_infinite", ADD, NULL, NULL, "-Infinity"},
	{"amount_not_numeric", ADD, NULL, NULL, "12,50"},
	{"amount_negative", ADD, NULL, NULL, "-0.0000001"},
	{"amount_out_of_range", ADD, NULL, NULL, "-2e15"},
	{"msisdn_missing", ADD, "   ", "wk22", "abc"},
	{"week_not_numeric", ADD, NULL, "22.0", "-1"},
	{"week_out_of_range", ADD, NULL, "999999", "NaN"},
	{"amount_nan", ADD, NULL, NULL, " nan "},
	{"respelled", PAD_WEEK, NULL, NULL, NULL},
	{"duplicate", COPY_PLUS, NULL, NULL, NULL},
	{"amount_missing", ADD, NULL, NULL, " \t "},
	{"amount_infinite", ADD, NULL, NULL, "+INF"},
	{"amount_not_numeric", ADD, NULL, NULL, "1e"},
	{"week_missing", ADD, NULL, "  ", ""},
	{"week_not_numeric", ADD, NULL, "-22", NULL},
	{"week_not_numeric", ADD, NULL, "1234567", NULL},
	{"week_not_numeric", ADD, NULL, "2 2", NULL},
	{"respelled", PAD_VALUE, NULL, NULL, NULL},
	{"amount_not_numeric", ADD, NULL, NULL, "."},
	{"amount_not_numeric", ADD, NULL, NULL, "5.5.5"},
	{"amount_not_numeric", ADD, NULL, NULL, "0x1F"},
	{"amount_not_numeric", ADD, NULL, NULL, "1_000"},
	{"amount_not_numeric", ADD, NULL, NULL, "$5.00"},
	{"amount_not_numeric", ADD, NULL, NULL, "--5"},
	{"amount_not_numeric", ADD, NULL, NULL, too_long},
	{"amount_out_of_range", ADD, NULL, NULL, "1e308"},
	{"amount_out_of_range", ADD, NULL, NULL, "1e400"},
	{"amount_negative", ADD, NULL, NULL, "-.5e1"},
	{"duplicate", COPY_LONGEST, NULL, NULL, NULL},
	{"week_not_numeric", ADD, NULL, too_long, NULL}
};

static const Dirt usage_dirt[] = {
	{"sessions_missing", ADD, NULL, NULL, ""},
	{"duplicate", COPY, NULL, NULL, NULL},
	{"sessions_not_numeric", ADD, NULL, NULL, "many"},
	{"sessions_out_of_range", ADD, NULL, NULL, "1000000000001"},
	{"msisdn_missing", ADD, "", NULL, NULL},
	{"week_missing", ADD, NULL, "", NULL},
	{"week_not_numeric", ADD, NULL, "June", NULL},
	{"week_out_of_range", ADD, NULL, "0", NULL},
	{"respelled", UPPER_MSISDN, NULL, NULL, NULL},
	{"sessions_not_numeric", ADD, NULL, NULL, "3.5"},
	{"respelled", PAD_VALUE, NULL, NULL, NULL}
};

/*
 * In the files about subscribers, `value` is the rest of the row after the
 * msisdn, as written in the file.  An unknown status, an empty brand, and an
 * empty region never win.  %s stands for a text that is too long.
 */
static const Dirt crm_dirt[] = {
	{"duplicate", ADD, NULL, NULL, ",Male,1985,DORMANT,Prepaid,Tier_3"},
	{"msisdn_missing", ADD, "", NULL, NULL},
	{"respelled", UPPER_MSISDN, NULL, NULL, NULL},
	{"respelled", PAD_MSISDN, NULL, NULL, NULL},
	{"respelled", PAD_VALUE, NULL, NULL, NULL},
	{"duplicate", ADD, NULL, NULL, ",,,,,"},
	{"duplicate", ADD, NULL, NULL, ",Female,1985.0,?,%s,Tier_3"},
	{"duplicate", ADD, NULL, NULL, ",\"F, \"\"M\"\"\",abcd,\"PRE\nACTIVE\", ,%s"},
	{"msisdn_missing", ADD, " \t ", NULL, ",Male,1985,ACTIVE,Prepaid,Tier_3"},
	{"duplicate", ADD, NULL, NULL, ",%s,99999,Dormant,Post paid,TIER  3"},
	{"duplicate", ADD, NULL, NULL, ",MALE,-1985,DORMANT,prepaid,\\N"}
};

static const Dirt device_dirt[] = {
	{"duplicate", ADD, NULL, NULL, ",0,,\"5\"\" MODEL, %s\",,"},
	{"msisdn_missing", ADD, "", NULL, NULL},
	{"respelled", UPPER_MSISDN, NULL, NULL, NULL},
	{"respelled", PAD_MSISDN, NULL, NULL, NULL},
	{"duplicate", ADD, NULL, NULL, ",,,,,"},
	{"duplicate", ADD, NULL, NULL, ",~,%s,%s,Android,Google"},
	{"duplicate", ADD, NULL, NULL, ",0, ,\"TWO\nLINES\", ,\t"},
	{"msisdn_missing", ADD, "  ", NULL, ",0,,,,"}
};

static const Dirt attribute_dirt[] = {
	{"duplicate", ADD, NULL, NULL, ",,2018-02-30"},
	{"msisdn_missing", ADD, "", NULL, NULL},
	{"respelled", UPPER_MSISDN, NULL, NULL, NULL},
	{"respelled", PAD_MSISDN, NULL, NULL, NULL},
	{"duplicate", ADD, NULL, NULL, ", ,31/12/2015"},
	{"duplicate", ADD, NULL, NULL, ",,1899-12-31"}
};

#define LIST(list)	list, (int) (sizeof(list) / sizeof(list[0]))

static struct
{
	const char *name;
	const Dirt *dirt;
	int			n;
	Purpose		purpose;
	uint64_t	rows;			/* clean rows seen */
	uint64_t	planted;
	Rng			rng;
}			files[DIRTY_FILES] =
{
	{"crm", LIST(crm_dirt), FOR_DIRT_CRM, 0, 0, {0}},
	{"device", LIST(device_dirt), FOR_DIRT_DEVICE, 0, 0, {0}},
	{"revenue", LIST(revenue_dirt), FOR_DIRT_REVENUE, 0, 0, {0}},
	{"subscriber_attribute", LIST(attribute_dirt), FOR_DIRT_OPTIONAL, 0, 0, {0}},
	{"usage", LIST(usage_dirt), FOR_DIRT_OPTIONAL, 0, 0, {0}}
};

#define MAX_REASONS 64

static struct
{
	DirtyFile	file;
	const char *reason;
	uint64_t	rows;
}			counts[MAX_REASONS];
static int	ncounts;

/*
 * Count a planted row.
 */
static void
count_row(DirtyFile file, const char *reason)
{
	int			i = 0;

	while (i < ncounts &&
		   (counts[i].file != file || strcmp(counts[i].reason, reason) != 0))
		i++;
	if (i == MAX_REASONS)
		fail("too many kinds of dirt");
	if (i == ncounts)
	{
		counts[i].file = file;
		counts[i].reason = reason;
		ncounts++;
	}
	counts[i].rows++;
}

/*
 * Whether the next clean row of a file gets dirt.  If so, the caller passes it
 * to the file's function below.
 */
bool
dirty_due(const Options *opt, DirtyFile file)
{
	if (opt->dirty <= 0.0)
		return false;
	if (files[file].rows == 0)
	{
		files[file].rng = rng_stream(opt->seed, files[file].purpose, (uint64_t) file);
		memset(too_long, '7', LONGEST + 1);
	}
	files[file].rows++;
	return files[file].rows <= (uint64_t) files[file].n ||
		rng_chance(&files[file].rng, opt->dirty);
}

/*
 * The dirt whose turn it is.
 */
static const Dirt *
next_dirt(DirtyFile file)
{
	return &files[file].dirt[files[file].planted++ % (uint64_t) files[file].n];
}

/*
 * Write an msisdn in the form that the dirt requires.
 */
static void
write_msisdn(Output *out, const char *msisdn, Act act)
{
	if (act == PAD_MSISDN)
		output_text(out, "  ");
	for (; *msisdn != '\0'; msisdn++)
		output_char(out, (char) (act == UPPER_MSISDN && *msisdn >= 'a' && *msisdn <= 'z' ?
								 *msisdn - 'a' + 'A' : *msisdn));
	if (act == PAD_MSISDN)
		output_text(out, "\t ");
}

/*
 * Write the rest of a row after the msisdn, with %s replaced by a long text.
 */
static void
write_rest(Output *out, const char *rest)
{
	for (; *rest != '\0'; rest++)
	{
		if (rest[0] == '%' && rest[1] == 's')
		{
			for (int i = 0; i < 50; i++)
				output_text(out, "Long ");
			output_text(out, "end");
			rest++;
		}
		else
			output_char(out, *rest);
	}
}

/*
 * Write a row of a file about subscribers, with its dirt.
 */
static void
dirty_subscriber(DirtyFile file, Output *out, const char *msisdn,
				 const char *rest)
{
	const Dirt *dirt = next_dirt(file);
	int			commas = 0;

	write_msisdn(out, msisdn, dirt->act);
	for (const char *c = rest; *c != '\0'; c++)
	{
		char		letter = *c;

		/* labels from mobile_type on: capitals, padded with spaces */
		if (dirt->act == PAD_VALUE && commas >= 4)
		{
			if (letter >= 'a' && letter <= 'z')
				letter = (char) (letter - 'a' + 'A');
			else if (letter == ',')
				output_char(out, ' ');
		}
		output_char(out, letter);
		if (letter == ',')
			commas++;
	}
	output_end(out);
	count_row(file, dirt->reason);
	if (dirt->act != ADD)
		return;
	write_msisdn(out, dirt->msisdn != NULL ? dirt->msisdn : msisdn, ADD);
	if (dirt->value != NULL)
		write_rest(out, dirt->value);
	else
		output_text(out, rest);
	output_end(out);
}

/*
 * Write a CRM row with its dirt; rest is the row after the msisdn.
 */
void
dirty_crm(Output *out, const char *msisdn, const char *rest)
{
	dirty_subscriber(DIRTY_CRM, out, msisdn, rest);
}

/*
 * Write a device row with its dirt; rest is the row from imei_tac on.
 */
void
dirty_device(Output *out, const char *msisdn, const char *rest)
{
	char		text[512];

	snprintf(text, sizeof(text), ",%s", rest);
	dirty_subscriber(DIRTY_DEVICE, out, msisdn, text);
}

/*
 * Write a row of subscriber_attribute.csv with its dirt.
 */
void
dirty_attribute(Output *out, const char *msisdn, const char *region,
				const char *date)
{
	char		text[128];

	snprintf(text, sizeof(text), ",%s,%s", region, date);
	dirty_subscriber(DIRTY_ATTRIBUTE, out, msisdn, text);
}

/*
 * Write msisdn, week and value.
 */
static void
write_week_row(Output *out, const char *msisdn, const char *week,
			   const char *value, Act act)
{
	write_msisdn(out, msisdn, act);
	output_text(out, act == PAD_WEEK ? ", " : ",");
	output_field(out, week);
	output_text(out, act == PAD_WEEK ? " ," : ",");
	if (act == PAD_VALUE)
		output_char(out, ' ');
	output_field(out, value);
	if (act == PAD_VALUE)
		output_text(out, "\t");
	output_end(out);
}

/*
 * Write a clean row of a file by week, and the row that its dirt adds.
 */
static void
dirty_week(DirtyFile file, const Dirt *dirt, Output *out, const char *msisdn,
		   int week, const char *value)
{
	char		week_text[16];
	char		added[LONGEST + 2];
	size_t		length = strlen(value);

	snprintf(week_text, sizeof(week_text), "%d", week);
	write_week_row(out, msisdn, week_text, value, dirt->act);
	count_row(file, dirt->reason);
	switch (dirt->act)
	{
		case ADD:
			write_week_row(out, dirt->msisdn != NULL ? dirt->msisdn : msisdn,
						   dirt->week != NULL ? dirt->week : week_text,
						   dirt->value != NULL ? dirt->value : value, ADD);
			return;
		case COPY:
			strcpy(added, value);
			break;
		case COPY_PLUS:
			snprintf(added, sizeof(added), "+%s", value);
			break;
		case COPY_ZEROS:
			snprintf(added, sizeof(added), "%s00", value);
			break;
		case COPY_LONGEST:
			memset(added, '0', LONGEST - length);
			strcpy(added + LONGEST - length, value);
			break;
		default:
			return;
	}
	write_week_row(out, msisdn, week_text, added, ADD);
}

/*
 * Write a revenue row with its dirt.
 */
void
dirty_revenue(const Options *opt, Output *out, const char *msisdn, int week,
			  int64_t money)
{
	const Dirt *dirt = next_dirt(DIRTY_REVENUE);
	char		amount[MONEY_LENGTH];
	char		week_text[16];

	if (dirt->act != SPLIT)
	{
		money_text(money, amount);
		dirty_week(DIRTY_REVENUE, dirt, out, msisdn, week, amount);
		return;
	}

	/* two parts, the first in whole micro-dollars so that no rounding differs */
	snprintf(week_text, sizeof(week_text), "%d", week);
	if (money >= 8 * MONEY_MICRO)
	{
		int64_t		part = money / 4 / MONEY_MICRO * MONEY_MICRO;

		money_text(part, amount);
		write_week_row(out, msisdn, week_text, amount, ADD);
		count_row(DIRTY_REVENUE, dirt->reason);
		money -= part;
	}
	money_text(money, amount);
	write_week_row(out, msisdn, week_text, amount, ADD);
}

/*
 * Write a usage row with its dirt.
 */
void
dirty_usage(const Options *opt, Output *out, const char *msisdn, int week,
			int sessions)
{
	char		text[16];

	snprintf(text, sizeof(text), "%d", sessions);
	dirty_week(DIRTY_USAGE, next_dirt(DIRTY_USAGE), out, msisdn, week, text);
}

/*
 * Write dirty.csv.
 */
void
write_dirty(const Options *opt)
{
	Output		out;

	output_open(&out, opt, "dirty.csv", "file,reason,rows");
	for (int f = 0; f < DIRTY_FILES; f++)
		for (int i = 0; i < ncounts; i++)
			if (counts[i].file == (DirtyFile) f)
			{
				output_text(&out, files[f].name);
				output_char(&out, ',');
				output_text(&out, counts[i].reason);
				output_char(&out, ',');
				output_int(&out, (int64_t) counts[i].rows);
				output_end(&out);
			}
	output_close(&out);
}
