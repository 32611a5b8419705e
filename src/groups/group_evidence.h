/*-------------------------------------------------------------------------
 *
 * group_evidence.h
 *		What a finding rests on, in a sentence.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_GROUP_EVIDENCE_H
#define LEAKAGE_GROUP_EVIDENCE_H

#include "groups/group_search_state.h"
#include "groups/network_state.h"

/* group_evidence.c */
extern char *finding_evidence(const GroupFinding *finding, const char *group, const char *from, const char *to,
							  bool lasts, double limit);
extern char *network_evidence(const NetworkRemark *remark, const char *from);
extern char *too_little_evidence(int64 spells, int nperiods, int ngroups, int64 min_spells);

#endif							/* LEAKAGE_GROUP_EVIDENCE_H */
