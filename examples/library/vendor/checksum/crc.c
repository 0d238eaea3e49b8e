/* CRC-32, bit by bit, with the reflected polynomial 0xEDB88320. */
#include "checksum.h"

uint32_t
checksum_crc(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint32_t sum = 0xFFFFFFFF;
    for (size_t i = 0; i < size; i++) {
        sum ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum & 1 ? sum >> 1 ^ 0xEDB88320 : sum >> 1;
    }
    return ~sum;
}
