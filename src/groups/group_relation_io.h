/*-------------------------------------------------------------------------
 *
 * group_relation_io.h
 *		The relation that group_leakage reads, as a table of spells; and its
 *		periods and groups as text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_GROUP_RELATION_IO_H
#define LEAKAGE_GROUP_RELATION_IO_H

#include "groups/group_table_state.h"

typedef enum PeriodStep
{
	STEP_NONE,					/* periods are whole numbers */
	STEP_DAY,
	STEP_WEEK,
	STEP_MONTH
} PeriodStep;

typedef struct GroupRelation
{
	Oid			relation;
	const char *entity;			/* columns */
	const char *period;
	const char *amount;
	char	   *dimensions[GROUP_MAX_DIMENSIONS];
	int			ndimensions;
	PeriodStep	step;
} GroupRelation;

/* group_relation_io.c */
extern GroupTable *group_relation_read(const GroupRelation *relation, Oid extension_schema, Size memory);

/* gets the hash and the name of each entity of the relation, in the order of the names' bytes */
typedef void (*EntityReceiver) (uint64 hash, Datum name, void *arg);
extern void group_relation_entities(const GroupRelation *relation, EntityReceiver receive, void *arg);

extern char *period_text(const GroupTable *table, PeriodStep step, int period);
extern char *group_label(const GroupTable *table, int dimension, int value);
extern char *group_text(const GroupTable *table, const GroupRelation *relation, const GroupValues *group);

#endif							/* LEAKAGE_GROUP_RELATION_IO_H */
