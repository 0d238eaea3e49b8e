/* The Adler-32 checksum of some bytes, going on from that of the bytes before them, which is 1 at the beginning. */
uint32_t adler32(uint32_t checksum, const unsigned char *data, size_t size);
