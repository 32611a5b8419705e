/*-------------------------------------------------------------------------
 *
 * peer_entities_io.h
 *		The entities of a relation, read by one query, and the peer model made
 *		of them: what expected_revenue and expected_profiles share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_PEER_ENTITIES_IO_H
#define LEAKAGE_PEER_ENTITIES_IO_H

#include "utils/tuplestore.h"

#include "peers/peer_model_state.h"

#define MAX_PEER_DIMENSIONS		16

/* what to read */
typedef struct PeerRequest
{
	Oid			relation;
	const char *entity;			/* columns */
	const char *period;			/* NULL: the amounts are profiles */
	const char *amount;
	const char *known;			/* what is known of the periods; NULL: nothing */
	char	   *dimensions[MAX_PEER_DIMENSIONS];
	int			ndimensions;
	double		quantile;		/* NAN: the mean */
	int32		min_peers;
} PeerRequest;

/* what was read: the model, and the entities for further passes */
typedef struct PeerEntities
{
	PeerModel  *model;
	int			ndimensions;
	bool		any_known;		/* the query returns what is known of the periods */
	Tuplestorestate *store;
	TupleDesc	desc;			/* entity text, cell integer, profile, what is known of its periods or NULL */
	MemoryContext row_context;
} PeerEntities;

typedef void (*PeerVisitor) (PeerEntities *entities, Datum entity, int cell,
							 const LeakageProfile *profile, const LeakageProfile *known, void *arg);

/* peer_entities_io.c */
extern PeerEntities *peer_entities_read(const PeerRequest *request, Oid extension_schema);
extern void peer_entities_visit(PeerEntities *entities, PeerVisitor visit, void *arg);
extern void peer_entities_end(PeerEntities *entities);

#endif							/* LEAKAGE_PEER_ENTITIES_IO_H */
