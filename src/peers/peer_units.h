/*-------------------------------------------------------------------------
 *
 * peer_units.h
 *		Groups or cells of peers, found by their keys, and how far each may be
 *		believed to differ from the level above it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_PEER_UNITS_H
#define LEAKAGE_PEER_UNITS_H

#include "peers/peers.h"

struct peerkey_hash;

typedef struct PeerUnits
{
	PeerUnit   *units;
	int			count;
	int			capacity;
	struct peerkey_hash *by_key;
} PeerUnits;

/* peer_units.c */
extern void units_init(PeerUnits *units);
extern int	units_find_or_add(PeerUnits *units, const char *key, const char *label, int group);
extern void unit_add_entity(PeerUnit *unit, int128 actual, int128 expected);
extern void fit_credibility(PeerUnits *units, int ngroups, bool relative);

#endif							/* LEAKAGE_PEER_UNITS_H */
