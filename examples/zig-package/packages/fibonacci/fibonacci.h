/* Fibonacci numbers. */
#ifndef FIBONACCI_H
#define FIBONACCI_H

#include <stdbool.h>
#include <stdint.h>

/* Puts the number with that index into *number, unless the index is above the limit. */
bool fibonacci_find(uint32_t index, uint64_t *number);

#endif
