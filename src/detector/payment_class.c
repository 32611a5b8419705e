/*-------------------------------------------------------------------------
 *
 * payment_class.c
 *		How a user pays.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "detector/count_law.h"
#include "detector/payment_class.h"

const char *const payment_class_name[PAYMENT_CLASSES] = {
	[PAYS_WEEKLY] = "weekly",
	[PAYS_REGULAR] = "regular",
	[PAYS_IRREGULAR] = "irregular",
	[RARELY_BILLED] = "rarely_billed",
	[NEVER_BILLED] = "never_billed"
};

PaymentClass
payment_class(const History *h, double p_regular, double p_irregular)
{
	int			paid = h->paid + h->paid_idle;

	if (paid == 0)
		return NEVER_BILLED;
	if (paid < COUNT_MIN_PAID && h->missing + h->zero >= COUNT_MIN)
		return RARELY_BILLED;
	if (p_regular + p_irregular <= 0.5)
		return PAYS_WEEKLY;
	return p_regular >= p_irregular ? PAYS_REGULAR : PAYS_IRREGULAR;
}
