/*-------------------------------------------------------------------------
 *
 * packed_row.h
 *		A landing row as bytes that sort as rows are preferred.
 *
 * Of a subscriber's rows the first in a total order counts (docs/rules.md,
 * sections 1.2 and 1.3).  A packed row's bytes compare in that order, so that
 * the best row is the least one, and nothing has to be sorted.
 *
 * Layout
 *		a byte a rank, the preferred ones lower
 *		then the columns' text, each either the byte 1, the text and a zero
 *		byte (which no text contains), or for NULL the byte 2
 *
 * CRM: ranks of the status (1 ACTIVE, 2 IDLE, 3 SUSPEND, 4 DEACTIVE, 5 other),
 * of the gender and of the birth year (0 known, 1 not); columns gender,
 * year_of_birth, system_status, mobile_type, value_segment.
 * Device: ranks of the brand and of the os; columns imei_tac, brand_name,
 * model_name, os_name, os_vendor.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_PACKED_ROW_H
#define LEAKAGE_PACKED_ROW_H

#include "base/base_fmgr.h"

#define PACKED_COLUMNS		5
#define CRM_RANKS			3
#define DEVICE_RANKS		2

/* a column's text; data NULL: SQL NULL */
typedef struct PackedColumn
{
	const char *data;
	int			length;
} PackedColumn;

/* which birth years are plausible */
typedef struct PlausibleAges
{
	int32		as_of_year;
	int32		min_age;
	int32		max_age;
} PlausibleAges;

/* packed_row.c */
extern void crm_ranks(uint8 *ranks, const PackedColumn *columns, const PlausibleAges *ages);
extern void device_ranks(uint8 *ranks, const PackedColumn *columns);

extern Size packed_row_size(int nranks, const PackedColumn *columns);
extern void packed_row_write(char *out, const uint8 *ranks, int nranks, const PackedColumn *columns);
extern bool packed_row_read(const char *in, Size length, int nranks, PackedColumn *columns);
extern int	packed_row_compare(const char *a, Size length_a, const char *b, Size length_b);

#endif							/* LEAKAGE_PACKED_ROW_H */
