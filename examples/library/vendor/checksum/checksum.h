/* Checksums of bytes. */
#ifndef CHECKSUM_H
#define CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

uint32_t checksum_adler(const void *data, size_t size);
uint32_t checksum_crc(const void *data, size_t size);

#endif
