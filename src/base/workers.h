/*-------------------------------------------------------------------------
 *
 * workers.h
 *		How many parallel workers are useful.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_WORKERS_H
#define LEAKAGE_WORKERS_H

/* workers.c */
extern int	useful_workers(void);

#endif							/* LEAKAGE_WORKERS_H */
