/*-------------------------------------------------------------------------
 *
 * payment_class.h
 *		How a user pays.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAKAGE_PAYMENT_CLASS_H
#define LEAKAGE_PAYMENT_CLASS_H

#include "profile/profile.h"

typedef enum PaymentClass
{
	PAYS_WEEKLY,				/* in every period, but for what the detector judges */
	PAYS_REGULAR,				/* every second, third, or further period */
	PAYS_IRREGULAR,				/* at intervals of the user's own */
	RARELY_BILLED,				/* once or twice, with two or more periods without a payment */
	NEVER_BILLED,
	PAYMENT_CLASSES
} PaymentClass;

extern const char *const payment_class_name[PAYMENT_CLASSES];

extern PaymentClass payment_class(const History *history, double p_regular, double p_irregular);

#endif							/* LEAKAGE_PAYMENT_CLASS_H */
