/*-------------------------------------------------------------------------
 *
 * device.c
 *		device1.csv: one to four handsets per number, no two rows equal.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "generate.h"

/* rows of the published file, by the known attributes of the handset */
static const uint32_t kind_counts[DEVICE_KINDS] = {
	1762371, 630011, 17257, 15, 30446
};

/*
 * Draw a kind of handset in proportion to the remaining counts.
 */
static DeviceKind
take_kind(Rng *rng, uint64_t *left)
{
	uint64_t	sum = 0;
	uint64_t	x;

	for (int i = 0; i < DEVICE_KINDS; i++)
		sum += left[i];
	if (sum == 0)
		return DEVICE_FULL;
	x = rng_below(rng, sum);
	for (int i = 0; i < DEVICE_KINDS; i++)
	{
		if (x < left[i])
		{
			left[i]--;
			return (DeviceKind) i;
		}
		x -= left[i];
	}
	return DEVICE_FULL;
}

/*
 * Write device1.csv.  With --revenue-only only the rows of numbers with revenue
 * are written; they do not change.
 */
void
write_device(const Population *pop, const Options *opt)
{
	Output		out;
	uint64_t	left[DEVICE_KINDS];
	Rng			rng = rng_stream(opt->seed, FOR_DEVICE, 0);

	catalogue_init();
	apportion(opt->scale, kind_counts, DEVICE_KINDS, left);
	output_open(&out, opt, "device1.csv",
				"msisdn,imei_tac,brand_name,model_name,os_name,os_vendor");

	for (uint64_t rank = 0; rank < pop->device; rank++)
	{
		uint64_t	number = device_number(pop, rank);
		const char *handset[4];
		char		msisdn[MSISDN_LENGTH + 1];
		int			n = device_rows_of(pop, rank);

		for (int i = 0; i < n; i++)
		{
			DeviceKind	kind = take_kind(&rng, left);
			bool		again;

			do
			{
				handset[i] = catalogue_draw(kind, &rng);
				again = false;
				for (int j = 0; j < i; j++)
					again |= handset[i] == handset[j];
			} while (again);
		}
		if (opt->revenue_only && !has_revenue(pop, number))
			continue;

		msisdn_of(opt, number, msisdn);
		msisdn[MSISDN_LENGTH] = '\0';
		for (int i = 0; i < n; i++)
		{
			if (dirty_due(opt, DIRTY_DEVICE))
			{
				dirty_device(&out, msisdn, handset[i]);
				continue;
			}
			output_bytes(&out, msisdn, MSISDN_LENGTH);
			output_char(&out, ',');
			output_text(&out, handset[i]);
			output_end(&out);
		}
	}
	output_close(&out);
}
