/*-------------------------------------------------------------------------
 *
 * catalogue.c
 *		The handsets of device1.csv: type allocation code, brand, model,
 *		operating system, vendor.
 *
 * The code determines the rest, and codes repeat across numbers.  The
 * catalogue does not depend on the seed.  Weights are row counts of the
 * published file, known or estimated.  The weights of small brands and of the
 * models of a line are powers of their rank.
 *
 *-------------------------------------------------------------------------
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "generate.h"

/*
 * A line of models.  In the pattern, # stands for a digit and @ for a letter.
 */
typedef struct ModelLine
{
	DeviceKind	kind;
	uint32_t	rows;
	int			models;
	const char *brand;
	const char *pattern;
	const char *os;
	const char *vendor;
} ModelLine;

static const ModelLine model_lines[] = {
	{DEVICE_FULL, 230000, 40, "SAMSUNG", "GALAXY J# (SM-J##0@)", "Android", "Google"},
	{DEVICE_FULL, 120000, 40, "SAMSUNG", "GALAXY J# DUOS (SM-J#0#@ DS)", "Android", "Google"},
	{DEVICE_FULL, 90000, 40, "SAMSUNG", "GALAXY A# 201# (SM-A##0@D DS)", "Android", "Google"},
	{DEVICE_FULL, 60000, 30, "SAMSUNG", "GALAXY S DUOS (GT-S7##2)", "Android", "Google"},
	{DEVICE_FULL, 50000, 25, "SAMSUNG", "GALAXY GRAND PRIME (SM-G5##H)", "Android", "Google"},
	{DEVICE_FULL, 30000, 20, "SAMSUNG", "GALAXY S# (SM-G9##F)", "Android", "Google"},
	{DEVICE_FULL, 95000, 12, "SAMSUNG", "GURU MUSIC II (SM-B31#@)", "Samsung OS", "Samsung"},
	{DEVICE_FULL, 40000, 10, "SAMSUNG", "METRO SM-B3##E", "Samsung OS", "Samsung"},
	{DEVICE_FULL, 8000, 8, "SAMSUNG", "REX ## (GT-S5##2)", "Proprietary OS", "Proprietary OS"},
	{DEVICE_FULL, 4000, 5, "SAMSUNG", "WAVE ### (GT-S5##3)", "BADA", "Samsung"},
	{DEVICE_FULL, 6000, 3, "SAMSUNG", "Z# (SM-Z#00H)", "Tizen", "Samsung"},
	{DEVICE_FULL, 60000, 40, "SYMPHONY", "@##", "Android", "Google"},
	{DEVICE_FULL, 50000, 30, "SYMPHONY", "B#, FT##, B##I, H##", "Proprietary OS", "Proprietary OS"},
	{DEVICE_FULL, 30000, 20, "SYMPHONY", "XPLORER W##", "Android", "Google"},
	{DEVICE_NO_OS, 200000, 40, "SYMPHONY", "B##", "", ""},
	{DEVICE_NO_OS, 50000, 30, "SYMPHONY", "D##I", "", ""},
	{DEVICE_FULL, 23435, 1, "NOKIA", "105, 1050 (RM-908)", "Series30", "Symbian"},
	{DEVICE_FULL, 22063, 1, "NOKIA", "108 DUAL SIM (RM-944)", "Series30", "Symbian"},
	{DEVICE_FULL, 20116, 1, "NOKIA", "105 DS (TA-1034)", "Proprietary OS", "Proprietary OS"},
	{DEVICE_FULL, 45000, 20, "NOKIA", "1## DUAL SIM (RM-1###)", "Symbian OS", "Symbian"},
	{DEVICE_FULL, 35000, 20, "NOKIA", "2## DUAL SIM (RM-11##)", "Nokia OS", "Symbian"},
	{DEVICE_FULL, 25000, 20, "NOKIA", "C#-0# (RM-###)", "Series40", "Symbian"},
	{DEVICE_FULL, 9000, 10, "NOKIA", "N## (RM-###)", "Series60", "Symbian"},
	{DEVICE_FULL, 14000, 12, "NOKIA", "ASHA 2## (RM-9##)", "Asha Software", "Microsoft"},
	{DEVICE_FULL, 14000, 12, "NOKIA", "LUMIA #20 (RM-8##)", "Windows phone", "Microsoft"},
	{DEVICE_FULL, 16000, 10, "NOKIA", "# DS (TA-10##)", "Android", "Google"},
	{DEVICE_VENDOR_ONLY, 17257, 8, "NOKIA", "150 DUAL SIM", "", "NOKIA"},
	{DEVICE_OS_ONLY, 15, 5, "SPICE", "M-5###", "NUCLEUS", ""},
	{DEVICE_FULL, 75000, 40, "HUAWEI", "Y# II (CAM-L##)", "Android", "Google"},
	{DEVICE_FULL, 45000, 30, "HUAWEI", "P## LITE (ANE-LX#)", "Android", "Google"},
	{DEVICE_FULL, 6000, 10, "HUAWEI", "G####", "Proprietary OS", "Proprietary OS"},
	{DEVICE_FULL, 30000, 20, "ITEL", "IT50##", "Proprietary OS", "Proprietary OS"},
	{DEVICE_NO_OS, 75000, 25, "ITEL", "IT5###", "", ""},
	{DEVICE_FULL, 15000, 12, "LAVA", "IRIS ###", "Android", "Google"},
	{DEVICE_FULL, 10000, 6, "LAVA", "DISCOVER @#", "SPREADTRUM OS", "SPREADTRUM"},
	{DEVICE_NO_OS, 60000, 20, "LAVA", "ARC ##1", "", ""},
	{DEVICE_FULL, 40000, 30, "WALTON", "PRIMO @@#", "Android", "Google"},
	{DEVICE_NO_OS, 75000, 30, "WALTON", "OLVIO L##", "", ""},
	{DEVICE_FULL, 55000, 20, "XIAOMI", "REDMI NOTE # (20161##)", "Android", "Google"},
	{DEVICE_FULL, 30000, 15, "XIAOMI", "REDMI #A (MC@#B)", "Android", "Google"},
	{DEVICE_FULL, 45000, 15, "OPPO", "A## (A##F)", "Android", "Google"},
	{DEVICE_FULL, 28000, 12, "OPPO", "CPH1###", "Android", "Google"},
	{DEVICE_FULL, 18321, 25, "APPLE", "IPHONE # (A1###)", "iOS", "Apple"},
	{DEVICE_FULL, 5767, 10, "AAMRA", "WE @#", "Android", "Google"},
	{DEVICE_NO_OS, 2000, 5, "AAMRA", "WE CLASSIC #", "", ""},
	{DEVICE_FULL, 4264, 12, "ALCATEL", "ONE TOUCH ###", "MTK RTOS", "Proprietary OS"},
	{DEVICE_FULL, 22000, 15, "VIVO", "Y## (17##)", "Android", "Google"},
	{DEVICE_FULL, 14000, 15, "MAXIMUS", "M##", "Proprietary OS", "Proprietary OS"},
	{DEVICE_NO_OS, 14000, 15, "MAXIMUS", "M##@", "", ""},
	{DEVICE_FULL, 20000, 20, "MICROMAX", "X0##", "Proprietary OS", "Proprietary OS"},
	{DEVICE_FULL, 12000, 15, "MICROMAX", "CANVAS Q###", "Android", "Google"},
	{DEVICE_FULL, 6000, 10, "LG", "W1###", "LG OS", "LG"},
	{DEVICE_FULL, 9000, 12, "LG", "NEXUS # (LG-D8##)", "Android", "Google"},
	{DEVICE_FULL, 9000, 15, "HTC", "DESIRE ###", "Android", "Google"},
	{DEVICE_FULL, 11000, 15, "SONY", "XPERIA @# (D####)", "Android", "Google"},
	{DEVICE_FULL, 5000, 10, "MOTOROLA", "W###", "Proprietary OS", "Motorola"},
	{DEVICE_FULL, 8000, 12, "LENOVO", "A####", "Android", "Google"},
	{DEVICE_FULL, 5000, 6, "ONEPLUS", "A###0", "Android", "Google"},
	{DEVICE_FULL, 3500, 8, "ASUS", "ZENFONE # (Z00#D)", "Android", "Google"},
	{DEVICE_FULL, 1500, 6, "BLACKBERRY", "CURVE 8##0", "ISA", "Proprietary OS"},
	{DEVICE_FULL, 6000, 10, "WINMAX", "WX## WX##,WX##,WX##", "Android", "Google"},
	{DEVICE_NO_OS, 9000, 10, "OKAPIA", "GOLD @#", "", ""},
	{DEVICE_FULL, 7000, 10, "HIMAX", "H##, H##, H###, H###", "Android", "Google"},
	{DEVICE_FULL, 6000, 8, "TECNO", "W# (T1,T2)", "MOCOR OS", "SPREADTRUM"},
	{DEVICE_FULL, 5000, 8, "DARAGO", "###,I#,V#,V##,1##", "Proprietary OS", "Proprietary OS"},
	{DEVICE_FULL, 3000, 5, "WESTERN", "D#, D#, D#, D##", "Proprietary OS", "Proprietary OS"},
	{DEVICE_NO_OS, 6000, 8, "PHONE CARE AXIOM TELECOM", "B1## JOY #", "", ""},
	{DEVICE_NO_OS, 4000, 6, "KINGSTAR", "M,#,10 (M#,10)", "", ""}
};

#define NLINES			((int) (sizeof(model_lines) / sizeof(model_lines[0])))
#define SMALL_BRANDS	860
#define SMALL_FULL_ROWS	120000.0	/* rows of all small brands */
#define SMALL_NO_OS_ROWS 130000.0
#define WEIGHT_UNIT		256.0	/* weights are in units of 1/256 row */
#define MAX_HANDSETS	8192
#define NOTHING_CODES	40

typedef struct Handsets
{
	int			n;
	char	   *text[MAX_HANDSETS]; /* the five columns, ready for the file */
	uint64_t	sum[MAX_HANDSETS];	/* cumulative weight */
} Handsets;

static Handsets handsets[DEVICE_KINDS];

/*
 * Fill in a pattern.
 */
static void
fill_pattern(Rng *rng, const char *pattern, char *text)
{
	for (; *pattern != '\0'; pattern++)
	{
		char		c = *pattern;

		if (c == '#')
			c = (char) ('0' + rng_below(rng, 10));
		else if (c == '@')
			c = (char) ('A' + rng_below(rng, 26));
		*text++ = c;
	}
	*text = '\0';
}

/*
 * Add a handset with its own code.
 */
static void
add_handset(Rng *rng, DeviceKind kind, double rows, const char *brand,
			const char *model, const char *os, const char *vendor)
{
	Handsets   *list = &handsets[kind];
	char		text[256];
	const char *quote = strchr(model, ',') != NULL ? "\"" : "";
	uint64_t	high = rng_next(rng);

	if (list->n == MAX_HANDSETS)
		fail("the handset catalogue is full");
	hex_of(high, rng_next(rng), text);
	snprintf(text + 32, sizeof(text) - 32, ",%s,%s%s%s,%s,%s",
			 brand, quote, model, quote, os, vendor);
	list->text[list->n] = allocate(strlen(text) + 1);
	strcpy(list->text[list->n], text);
	list->sum[list->n] = (list->n > 0 ? list->sum[list->n - 1] : 0) +
		(uint64_t) (rows * WEIGHT_UNIT) + 1;
	list->n++;
}

/*
 * The name of a small brand.
 */
static void
small_brand(Rng *rng, char *text)
{
	static const char *const syllables[] = {
		"BEN", "CO", "DI", "FO", "GRA", "HEL", "IN", "JO", "KING", "LUX",
		"MAX", "NOV", "OK", "PLU", "QU", "RO", "SUN", "TEL", "UNI", "VO",
		"WIN", "XEN", "YO", "ZEL"
	};
	static const char *const endings[] = {
		"", "", "", " MOBILE", " TEL", "STAR", "ON", " TELECOM", "TECH", "IA"
	};
	int			n = rng_between(rng, 2, 3);

	*text = '\0';
	for (int i = 0; i < n; i++)
		strcat(text, syllables[rng_below(rng, sizeof(syllables) / sizeof(syllables[0]))]);
	strcat(text, endings[rng_below(rng, sizeof(endings) / sizeof(endings[0]))]);
}

/*
 * Make the catalogue.
 */
void
catalogue_init(void)
{
	static const char *const patterns[] = {
		"@##", "@#", "@@###", "@##, @##", "@#,@##,@###", "@### (@#,@#)", "SMART @##"
	};
	Rng			rng = rng_stream(0, FOR_CATALOGUE, 0);
	double		sum = 0.0;
	char		model[64];

	for (int i = 0; i < NLINES; i++)
	{
		const ModelLine *line = &model_lines[i];

		sum = 0.0;
		for (int m = 0; m < line->models; m++)
			sum += 1.0 / (m + 2);
		for (int m = 0; m < line->models; m++)
		{
			fill_pattern(&rng, line->pattern, model);
			add_handset(&rng, line->kind, line->rows / (sum * (m + 2)),
						line->brand, model, line->os, line->vendor);
		}
	}

	sum = 0.0;
	for (int i = 0; i < SMALL_BRANDS; i++)
		sum += 1.0 / ((i + 3) * sqrt(i + 3.0));
	for (int i = 0; i < SMALL_BRANDS; i++)
	{
		double		share = 1.0 / ((i + 3) * sqrt(i + 3.0)) / sum;
		int			models = 1 + 12 / (i + 1);
		char		brand[64];

		small_brand(&rng, brand);
		for (int m = 0; m < models; m++)
		{
			bool		android = rng_chance(&rng, 0.5);

			fill_pattern(&rng, patterns[rng_below(&rng, 7)], model);
			add_handset(&rng, DEVICE_FULL, share * SMALL_FULL_ROWS / models,
						brand, model, android ? "Android" : "Proprietary OS",
						android ? "Google" : "Proprietary OS");
			fill_pattern(&rng, patterns[rng_below(&rng, 7)], model);
			add_handset(&rng, DEVICE_NO_OS, share * SMALL_NO_OS_ROWS / models,
						brand, model, "", "");
		}
	}

	for (int i = 0; i < NOTHING_CODES; i++)
		add_handset(&rng, DEVICE_NOTHING, 30446.0 / NOTHING_CODES, "", "", "", "");
}

/*
 * Draw a handset of a kind: the columns from imei_tac on.
 */
const char *
catalogue_draw(DeviceKind kind, Rng *rng)
{
	const Handsets *list = &handsets[kind];
	uint64_t	x = rng_below(rng, list->sum[list->n - 1]);
	int			low = 0;
	int			high = list->n - 1;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (x < list->sum[middle])
			high = middle;
		else
			low = middle + 1;
	}
	return list->text[low];
}
