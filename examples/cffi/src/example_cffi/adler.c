#include <stddef.h>
#include <stdint.h>

#include "adler.h"

enum { MODULUS = 65521, BLOCK = 5552 /* the most bytes whose sums fit into 32 bits */ };

uint32_t
adler32(uint32_t checksum, const unsigned char *data, size_t size)
{
    uint32_t a = checksum & 0xffff, b = checksum >> 16;
    while (size > 0) {
        size_t count = size < BLOCK ? size : BLOCK;
        size -= count;
        while (count-- > 0) {
            a += *data++;
            b += a;
        }
        a %= MODULUS;
        b %= MODULUS;
    }
    return b << 16 | a;
}
