/*-------------------------------------------------------------------------
 *
 * peers.h
 *		What other rooms may use of peers.  Knows no fmgr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_PEERS_H
#define LEAKAGE_PEERS_H

#include "peers/peer_model_state.h"

#endif							/* LEAKAGE_PEERS_H */
