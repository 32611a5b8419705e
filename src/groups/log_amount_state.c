/*-------------------------------------------------------------------------
 *
 * log_amount_state.c
 *		Logarithms of amounts as whole numbers; see log_amount_state.h.
 *
 * Both directions write a number from 1 to 2 as a product of factors 1 + 2^-i,
 * each taken at most once, so they need shifts and additions only.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_bitutils.h"

#include "base/base.h"
#include "groups/log_amount_state.h"

/* numbers here are in units of 2^-60 */
#define FIXED_BITS		60
#define FIXED_ONE		(INT64CONST(1) << FIXED_BITS)
#define LN_2			INT64CONST(799144290325165979)

/* ln(1 + 2^-i), from i = 1 on */
static const int64 ln_factor[] = {
	INT64CONST(467469442505642749), INT64CONST(257266998924493878), INT64CONST(135794594686119519),
	INT64CONST(69895430200825139), INT64CONST(35477307009321985), INT64CONST(17875110068750280),
	INT64CONST(8972197067515785), INT64CONST(4494826373940704), INT64CONST(2249603649553466),
	INT64CONST(1125350508680738), INT64CONST(562812559190705), INT64CONST(281440622563670),
	INT64CONST(140728899119723), INT64CONST(70366596781393), INT64CONST(35183835228842),
	INT64CONST(17592051828053), INT64CONST(8796059467947), INT64CONST(4398038122517),
	INT64CONST(2199021158403), INT64CONST(1099511103488), INT64CONST(549755682816),
	INT64CONST(274877874176), INT64CONST(137438945280), INT64CONST(68719474688),
	INT64CONST(34359737856), INT64CONST(17179869056), INT64CONST(8589934560),
	INT64CONST(4294967288), INT64CONST(2147483646), INT64CONST(1073741824)
};

LogAmount
log_of_amount(int64 amount)
{
	int			exponent = pg_leftmost_one_pos64((uint64) amount);
	int64		number = exponent <= FIXED_BITS ? amount << (FIXED_BITS - exponent) : amount >> (exponent - FIXED_BITS);
	int64		product = FIXED_ONE;
	int64		log = 0;

	Assert(amount > 0);
	for (int i = 0; i < (int) lengthof(ln_factor); i++)
	{
		int64		next = product + (product >> (i + 1));

		if (next <= number)
		{
			product = next;
			log += ln_factor[i];
		}
	}
	return (LogAmount) divide_rounded((int128) exponent * LN_2 + log, INT64CONST(1) << (FIXED_BITS - LOG_BITS));
}

int64
amount_of_log(int64 log)
{
	int128		rest = (int128) log * (INT64CONST(1) << (FIXED_BITS - LOG_BITS));
	int			exponent = (int) (rest / LN_2);
	int64		product = FIXED_ONE;

	if (log < 0)
		return 0;
	if (exponent >= FIXED_BITS)
		return MONEY_LIMIT - 1;
	rest -= (int128) exponent * LN_2;
	for (int i = 0; i < (int) lengthof(ln_factor); i++)
	{
		if (rest >= ln_factor[i])
		{
			rest -= ln_factor[i];
			product += product >> (i + 1);
		}
	}
	return Min((int64) divide_rounded(product, INT64CONST(1) << (FIXED_BITS - exponent)), MONEY_LIMIT - 1);
}
