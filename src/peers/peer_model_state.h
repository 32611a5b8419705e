/*-------------------------------------------------------------------------
 *
 * peer_model_state.h
 *		Expected revenue from peers: what a group of entities brings in during a
 *		period, and how much a smaller cell of them differs from its group
 *		(docs/rules.md, section 3).
 *
 * The caller passes over the profiles of all entities three times, in any
 * order, and calls peers_finish_pass() after each pass:
 *		peers_observe		adds up the periods of each group
 *		peers_rate_group	rates each group against all entities
 *		peers_rate_cell		rates each cell against its group
 * After that, peers_expected() answers.
 *
 * Invariants
 *	- Every sum over entities is an integer (micro-units, or ratios in units of
 *	  2^-32), and sums over cells are made in the order of the cells' labels.
 *	  So no result depends on the order in which entities arrive.
 *	- A profile has at least one period (profile_state.h).
 *	- Of what is known of an entity's periods (known_periods.h), the same is
 *	  passed in each pass.  Periods that are not judged do not change what the
 *	  model answers for any other entity or period.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_PEER_MODEL_STATE_H
#define LEAKAGE_PEER_MODEL_STATE_H

#include "peers/known_periods.h"
#include "peers/peer_units_state.h"
#include "profile/profile.h"

typedef struct PeerModel PeerModel;

/* peer_model_state.c */
extern PeerModel *peers_make(int64 min_peers, double quantile);
extern int	peers_cell(PeerModel *model, const char *group_label, const char *cell_key, const char *cell_label);
extern void peers_observe(PeerModel *model, int cell, const LeakageProfile *profile, const LeakageProfile *known);
extern void peers_rate_group(PeerModel *model, int cell, const LeakageProfile *profile, const LeakageProfile *known);
extern void peers_rate_cell(PeerModel *model, int cell, const LeakageProfile *profile, const LeakageProfile *known);
extern void peers_finish_pass(PeerModel *model);

extern int64 peers_expected(const PeerModel *model, int cell, int32 period, bool *own_group);
extern bool peers_common_absence(const PeerModel *model, int period_index);
extern const PeerUnit *peers_cell_unit(const PeerModel *model, int cell);
extern int	peers_first_period(const PeerModel *model, int32 period);
extern int	peers_periods(const PeerModel *model, const int32 **periods);
extern double peers_noise_cv(const PeerModel *model);

#endif							/* LEAKAGE_PEER_MODEL_STATE_H */
