/* Adler-32: two sums modulo the largest prime below 2^16. */
#include "checksum.h"

uint32_t
checksum_adler(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < size; i++) {
        a = (a + bytes[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}
