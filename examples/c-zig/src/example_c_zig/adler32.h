#pragma once

#include <stddef.h>
#include <stdint.h>

/* The Adler-32 checksum of size bytes. */
uint32_t adler32(const unsigned char *data, size_t size);
