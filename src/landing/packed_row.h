/*-------------------------------------------------------------------------
 *
 * packed_row.h
 *		A landing row as bytes that sort in the order of preference.
 *
 * Of a subscriber's rows the first in a total order counts (docs/rules.md,
 * sections 1.2, 1.3 and 1.5).  The bytes of packed rows compare in that order, so
 * the best row is the least one, and nothing has to be sorted.
 *
 * Layout
 *		one byte per rank, preferred ones lower
 *		the text of each column: the byte 1, the text and a zero byte, which no
 *		text contains; or for NULL the byte 2
 *
 * CRM: ranks of the status (1 ACTIVE, 2 IDLE, 3 SUSPEND, 4 DEACTIVE, 5 other),
 * of the gender and of the birth year (0 known, 1 unknown); columns gender,
 * year_of_birth, system_status, mobile_type, value_segment.
 * Device: ranks of the brand and of the os (0 known, 1 unknown); columns
 * imei_tac, brand_name, model_name, os_name, os_vendor.
 * Attribute: region and activated_on are packed by themselves, each with its
 * rank (0 known, 1 unknown), since their combinations are many.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_PACKED_ROW_H
#define LEAKAGE_PACKED_ROW_H

#include "landing/landing_value.h"

#define PACKED_MAX_COLUMNS	5
#define PACKED_MAX_RANKS	3

/* which birth years are plausible */
typedef struct PlausibleAges
{
	int32		as_of_year;
	int32		min_age;
	int32		max_age;
} PlausibleAges;

/* how the rows of a landing table are packed */
typedef struct PackedRowKind
{
	int			nranks;
	int			ncolumns;
	void		(*rank) (uint8 *ranks, const LandingValue *columns, const void *settings);
} PackedRowKind;

/* packed_row.c */
extern const PackedRowKind packed_crm;	/* its settings are PlausibleAges */
extern const PackedRowKind packed_device;	/* has no settings, nor have the others */
extern const PackedRowKind packed_region;
extern const PackedRowKind packed_date;

extern Size packed_row_size(const PackedRowKind *kind, const LandingValue *columns);
extern void packed_row_write(char *out, const PackedRowKind *kind, const LandingValue *columns,
							 const void *settings);

/* below, at or above zero as "a" comes before, is, or comes after "b" */
extern int	packed_row_compare(const char *a, Size length_a, const char *b, Size length_b);

/*
 * The columns of a packed row, pointing into it.  Any bytes may come: false
 * for what is not a packed row of valid text.
 */
extern bool packed_row_read(const char *in, Size length, const PackedRowKind *kind, LandingValue *columns);

#endif							/* LEAKAGE_PACKED_ROW_H */
