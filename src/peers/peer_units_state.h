/*-------------------------------------------------------------------------
 *
 * peer_units_state.h
 *		Groups or cells of peers, found by their keys, and how much each is
 *		believed to differ from the level above it.
 *
 * Invariants
 *	- sums over entities are integers, and sums over units are made in the
 *	  order of their labels, so nothing depends on the order in which entities
 *	  arrive.
 *
 * Nothing here knows fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_PEER_UNITS_STATE_H
#define LEAKAGE_PEER_UNITS_STATE_H

/* a number in units of 2^-32 */
typedef int64 Fixed32;

#define FIXED32_ONE			(INT64CONST(1) << 32)
#define FIXED32_MAX_RATIO	(INT64CONST(65536) << 32)

/* what is known of a group or a cell of peers */
typedef struct PeerUnit
{
	char	   *label;
	char	   *key;			/* tells units of the same label apart */
	int			group;			/* of a cell: the group it belongs to */
	int64		entities;		/* those with a positive period that is expected */
	int128		actual;			/* their positive actual amounts */
	int128		expected;		/* what the level above expects of the same periods */
	int128		ratio_sum;		/* sum of their ratios, Fixed32 */
	int128		ratio_squares;	/* sum of squares of their ratios, 2^-64 */
	double		credibility;	/* 0 to 1 */
	Fixed32		factor;			/* of the level above */
} PeerUnit;

struct peerkey_hash;

typedef struct PeerUnits
{
	PeerUnit   *units;
	int			count;
	int			capacity;
	struct peerkey_hash *by_key;
} PeerUnits;

/* peer_units_state.c */
extern void units_init(PeerUnits *units);
extern int	units_find_or_add(PeerUnits *units, const char *key, const char *label, int group);
extern void unit_add_entity(PeerUnit *unit, int128 actual, int128 expected);
extern void fit_credibility(PeerUnits *units, int ngroups, bool relative);

#endif							/* LEAKAGE_PEER_UNITS_STATE_H */
