/*-------------------------------------------------------------------------
 *
 * group_request.h
 *		What a caller wants to be searched, read from the arguments of an SQL
 *		function.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_GROUP_REQUEST_H
#define LEAKAGE_GROUP_REQUEST_H

#include "fmgr.h"

#include "groups/group_relation_io.h"
#include "groups/group_search_state.h"

typedef struct GroupRequest
{
	GroupRelation relation;
	SearchRequest search;
} GroupRequest;

/* group_request.c */
extern void group_request_read(GroupRequest *read, FunctionCallInfo fcinfo, const char *function);
extern GroupSearch *group_request_search(const GroupRequest *request, Oid extension_schema, GroupTable **table);

#endif							/* LEAKAGE_GROUP_REQUEST_H */
