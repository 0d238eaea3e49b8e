#include "fibonacci.h"

bool
fibonacci_find(uint32_t index, uint64_t *number)
{
    if (index > FIBONACCI_LIMIT)
        return false;
    uint64_t next = 1;
    *number = 0;
    while (index--) {
        uint64_t sum = *number + next;
        *number = next;
        next = sum;
    }
    return true;
}
