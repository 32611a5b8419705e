/*-------------------------------------------------------------------------
 *
 * compensation.c
 *		Payments that make up for what is missing: see compensation.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "detector/compensation.h"

/* what is made up for to this share is made up for */
#define ENOUGH				0.8

/* a low level may be made up for by less, since it is an estimate */
#define ENOUGH_OF_LEVEL		0.5

Compensation
compensation(const History *h, double level, double beyond)
{
	int			periods = h->present + h->missing;
	double		ordinary = 0;
	double		extra = 0;
	Compensation c = {.last = -1};

	for (int i = 0; i < h->positive; i++)
	{
		if (h->ratio[i] > beyond * level)
		{
			extra += h->ratio[i] - level;
			c.last = i;
		}
		else
			ordinary += h->ratio[i];
	}
	if (c.last < 0)
		return c;
	c.unpaid = extra >= ENOUGH * level * (h->missing + h->zero_inside);
	c.level = extra >= ENOUGH_OF_LEVEL * (periods - ordinary);
	return c;
}

bool
compensates_fall(const Compensation *c, const History *h, int change)
{
	double		before = 0;
	double		after = 0;

	if (c->last < change)
		return false;
	for (int i = 0; i < h->positive; i++)
	{
		if (i < change)
			before += h->ratio[i];
		else
			after += h->ratio[i];
	}
	return after / (h->positive - change) >= ENOUGH * before / change;
}
