#include "tally.h"

long tally_sum = 0;

long tally_internal(long number)
{
    return tally_sum + number;
}

void tally_add(long number)
{
    tally_sum = tally_internal(number);
}

long tally_total(void)
{
    return tally_sum;
}
