// The native deflater. The docstring of __init__.py beside this file specifies the algorithm and the protocol; the bytes
// that come out are the same on every machine and the same as those of matching.py, huffman.py and pure.py.
//
// usage: deflate CHAIN NICE LAZY NEAR CHUNK   (frames on stdin, frames on stdout)

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#endif

enum {
    WINDOW = 32768,
    LONGEST = 258,
    BLOCK = 65536,
    STORED = 65535,
    END = 256,
    SYMBOLS = 286,
    DISTANCES = 30,
    RUNS = 19,
    HASH_BITS = 16,
};

struct effort {
    uint32_t chain, nice, lazy, near, chunk;
};

static const uint8_t length_extra[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2,
                                         3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
static const uint8_t distance_extra[DISTANCES] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                                  6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};
static const uint8_t run_extra[RUNS] = {[16] = 2, [17] = 3, [18] = 7};
static const uint8_t run_order[RUNS] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

// For each symbol its lowest value, for each value its symbol.
static uint16_t length_base[29], distance_base[DISTANCES];
static uint8_t length_symbol[LONGEST + 1], distance_symbol[WINDOW + 1];

static void make_tables(void) {
    for (uint32_t symbol = 0, length = 3; symbol < 29; symbol++) {
        length_base[symbol] = (uint16_t)length;
        for (uint32_t end = length + (1u << length_extra[symbol]); length < end && length <= LONGEST; length++)
            length_symbol[length] = (uint8_t)symbol;
        // Length 258 is a symbol of its own, though the one before it could reach it.
        if (length > LONGEST)
            length = LONGEST;
    }
    for (uint32_t symbol = 0, distance = 1; symbol < DISTANCES; symbol++) {
        distance_base[symbol] = (uint16_t)distance;
        for (uint32_t end = distance + (1u << distance_extra[symbol]); distance < end; distance++)
            distance_symbol[distance] = (uint8_t)symbol;
    }
}

_Noreturn static void fail(const char *problem) {
    fprintf(stderr, "%s\n", problem);
    exit(1);
}

static void *allocate(void *old, size_t size) {
    void *memory = realloc(old, size);
    if (!memory)
        fail("out of memory");
    return memory;
}

// ---- Matches --------------------------------------------------------------------------------------------------------

// Earlier positions by a hash of the bytes there. Positions are kept modulo 2^32: an entry so old that it seems near
// proves that its hash has not occurred since, so whatever its chain leads to has other bytes and is passed over.
struct index {
    uint32_t newest[1 << HASH_BITS];
    uint16_t back[WINDOW];  // from a position, modulo WINDOW, to the one before it with the same hash; 0 for none
};

struct match {
    uint32_t length, distance;  // length 0 for none
};

struct input {
    const uint8_t *bytes;
    size_t size;
    size_t indexed;  // positions below it are in the indexes
    struct index fours, threes;
};

// The byte order changes which bytes collide, and nothing else.
static uint32_t load_four(const uint8_t *bytes) {
    uint32_t value;
    memcpy(&value, bytes, 4);
    return value;
}

static uint32_t hash_four(const uint8_t *bytes) {
    return load_four(bytes) * 2654435769u >> (32 - HASH_BITS);
}

static uint32_t hash_three(const uint8_t *bytes) {
    return (bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16) * 2654435769u >> (32 - HASH_BITS);
}

static void index_clear(struct index *index) {
    for (size_t hash = 0; hash < 1 << HASH_BITS; hash++)
        index->newest[hash] = 0u - (WINDOW + 1);
}

static void index_add(struct index *index, uint32_t hash, size_t position) {
    uint32_t distance = (uint32_t)position - index->newest[hash];
    index->back[position % WINDOW] = (uint16_t)(distance <= WINDOW ? distance : 0);
    index->newest[hash] = (uint32_t)position;
}

// From a candidate at *distance* before *position* to the next one; beyond WINDOW when there is none.
static uint32_t index_next(const struct index *index, size_t position, uint32_t distance) {
    uint32_t step = index->back[(position - distance) % WINDOW];
    return step ? distance + step : WINDOW + 1;
}

// How many bytes two places have in common, *length* of which are known, *limit* at most.
static uint32_t common(const uint8_t *one, const uint8_t *other, uint32_t length, uint32_t limit) {
    while (limit - length >= 8 && memcmp(one + length, other + length, 8) == 0)
        length += 8;
    while (length < limit && one[length] == other[length])
        length++;
    return length;
}

// The longest match of at least *least* bytes, the nearest of several.
static struct match search(struct input *input, size_t position, uint32_t least, const struct effort *effort) {
    struct match match = {0, 0};
    size_t left = input->size - position;
    uint32_t limit = left < LONGEST ? (uint32_t)left : LONGEST;
    uint32_t length = least < 4 ? 4 : least;
    if (length > limit)
        return match;

    for (; input->indexed < position; input->indexed++) {
        index_add(&input->fours, hash_four(input->bytes + input->indexed), input->indexed);
        if (effort->near)
            index_add(&input->threes, hash_three(input->bytes + input->indexed), input->indexed);
    }

    const uint8_t *here = input->bytes + position;
    uint32_t four = load_four(here);
    uint32_t chain = effort->chain;
    uint32_t distance = (uint32_t)position - input->fours.newest[hash_four(here)];
    for (; distance <= WINDOW && chain; distance = index_next(&input->fours, position, distance)) {
        const uint8_t *there = here - distance;
        if (load_four(there) != four)
            continue;
        chain--;
        if (there[length - 1] != here[length - 1])
            continue;
        uint32_t found = common(here, there, 4, limit);
        if (found < length)
            continue;
        match = (struct match){found, distance};
        if (found >= effort->nice || found == limit)
            break;
        length = found + 1;
    }
    if (match.length || least > 3)
        return match;

    distance = effort->near ? (uint32_t)position - input->threes.newest[hash_three(here)] : WINDOW + 1;
    for (; distance <= effort->near; distance = index_next(&input->threes, position, distance))
        if (memcmp(here, here - distance, 3) == 0)
            return (struct match){3, distance};
    return match;
}

static int bit_length(uint32_t value) {
    int bits = 0;
    for (; value; value >>= 1)
        bits++;
    return bits;
}

static int score(struct match match) {
    return 4 * (int)match.length - bit_length(match.distance);
}

// ---- Huffman codes --------------------------------------------------------------------------------------------------

static int compare(const void *one, const void *other) {
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return (a > b) - (a < b);
}

// Package-merge: the code length of each of *count* symbols from their weights.
static void make_lengths(const uint32_t *weights, uint32_t count, uint32_t limit, uint8_t *lengths) {
    uint32_t used[SYMBOLS], leaves = 0;  // weight and symbol in one number, so that they sort in this order
    for (uint32_t symbol = 0; symbol < count; symbol++)
        if (weights[symbol])
            used[leaves++] = weights[symbol] << 9 | symbol;
    for (uint32_t symbol = 0; leaves < 2; symbol++)
        if (!weights[symbol])
            used[leaves++] = 1 << 9 | symbol;
    qsort(used, leaves, sizeof *used, compare);

    // An item is twice its weight, plus 1 for a package: so leaves come before packages of the same weight.
    static uint32_t rows[15][2 * SYMBOLS];
    uint32_t size = leaves;
    for (uint32_t leaf = 0; leaf < leaves; leaf++)
        rows[0][leaf] = used[leaf] >> 9 << 1;
    for (uint32_t level = 1; level < limit; level++) {
        const uint32_t *below = rows[level - 1];
        uint32_t packages = size / 2, leaf = 0, package = 0;
        for (size = 0; leaf < leaves || package < packages; size++) {
            uint32_t next = UINT32_MAX;
            if (package < packages)
                next = ((below[2 * package] >> 1) + (below[2 * package + 1] >> 1)) << 1 | 1;
            if (leaf < leaves && rows[0][leaf] < next) {
                next = rows[0][leaf];
                leaf++;
            } else {
                package++;
            }
            rows[level][size] = next;
        }
    }

    memset(lengths, 0, count);
    uint32_t taken = 2 * leaves - 2;
    for (uint32_t level = limit; level-- > 0;) {
        uint32_t packaged = 0;
        for (uint32_t item = 0; item < taken; item++)
            packaged += rows[level][item] & 1;
        for (uint32_t leaf = 0; leaf < taken - packaged; leaf++)
            lengths[used[leaf] & 511]++;
        taken = 2 * packaged;
    }
}

// The canonical codes of RFC 1951, 3.2.2, their bits reversed: the lowest is sent first.
static void make_codes(const uint8_t *lengths, uint32_t count, uint16_t *codes) {
    uint32_t code = 0;
    for (uint32_t length = 1; length <= 15; length++, code <<= 1)
        for (uint32_t symbol = 0; symbol < count; symbol++)
            if (lengths[symbol] == length) {
                uint32_t reversed = 0;
                for (uint32_t bit = 0; bit < length; bit++)
                    reversed |= (code >> bit & 1) << (length - 1 - bit);
                codes[symbol] = (uint16_t)reversed;
                code++;
            }
}

// ---- Blocks ---------------------------------------------------------------------------------------------------------

struct bits {
    uint8_t *bytes;
    size_t size, capacity;
    uint32_t rest, count;  // fewer than 8 bits that do not yet fill a byte
};

// The two codes of a block and, as symbols of the code length alphabet, what tells them to the decoder.
struct code {
    uint8_t symbols[SYMBOLS + 2], distances[DISTANCES];
    uint32_t told_symbols, told_distances, told_runs, run_count;
    uint8_t run_lengths[RUNS];
    uint8_t run_symbol[SYMBOLS + DISTANCES], run_value[SYMBOLS + DISTANCES];
};

struct block {
    const uint8_t *bytes;  // what its tokens stand for
    size_t size;
    uint32_t tokens;
    uint32_t symbols[SYMBOLS], distances[DISTANCES];  // how often each occurs
    struct code code;
    uint64_t bits;  // the size in that code, without the three bits that every block starts with
};

static void add_run(struct code *code, uint32_t symbol, uint32_t value) {
    code->run_symbol[code->run_count] = (uint8_t)symbol;
    code->run_value[code->run_count++] = (uint8_t)value;
}

static void make_runs(struct code *code) {
    uint8_t lengths[SYMBOLS + DISTANCES];
    uint32_t count = code->told_symbols + code->told_distances;
    memcpy(lengths, code->symbols, code->told_symbols);
    memcpy(lengths + code->told_symbols, code->distances, code->told_distances);
    code->run_count = 0;
    for (uint32_t start = 0, end; start < count; start = end) {
        uint8_t length = lengths[start];
        for (end = start + 1; end < count && lengths[end] == length;)
            end++;
        uint32_t left = end - start;
        if (length) {
            add_run(code, length, 0);
            left--;
        }
        while (left >= 3) {
            uint32_t most = length ? 6 : 138;
            uint32_t piece = left < most ? left : most;
            if (length)
                add_run(code, 16, piece - 3);
            else if (piece < 11)
                add_run(code, 17, piece - 3);
            else
                add_run(code, 18, piece - 11);
            left -= piece;
        }
        for (; left; left--)
            add_run(code, length, 0);
    }
}

static uint32_t without_zeros(const uint8_t *lengths, uint32_t count) {
    while (!lengths[count - 1])
        count--;
    return count;
}

// What the symbols take in a code, without its header.
static uint64_t body_bits(const struct block *block, const struct code *code) {
    uint64_t bits = 0;
    for (uint32_t symbol = 0; symbol < SYMBOLS; symbol++) {
        uint32_t extra = symbol > END ? length_extra[symbol - END - 1] : 0;
        bits += (uint64_t)block->symbols[symbol] * (code->symbols[symbol] + extra);
    }
    for (uint32_t symbol = 0; symbol < DISTANCES; symbol++)
        bits += (uint64_t)block->distances[symbol] * (code->distances[symbol] + (uint32_t)distance_extra[symbol]);
    return bits;
}

static void fit_code(struct block *block) {
    struct code *code = &block->code;
    make_lengths(block->symbols, SYMBOLS, 15, code->symbols);
    make_lengths(block->distances, DISTANCES, 15, code->distances);
    code->told_symbols = without_zeros(code->symbols, SYMBOLS);
    if (code->told_symbols < END + 1)
        code->told_symbols = END + 1;
    code->told_distances = without_zeros(code->distances, DISTANCES);
    make_runs(code);

    uint32_t weights[RUNS] = {0};
    for (uint32_t run = 0; run < code->run_count; run++)
        weights[code->run_symbol[run]]++;
    make_lengths(weights, RUNS, 7, code->run_lengths);
    code->told_runs = RUNS;
    while (code->told_runs > 4 && !code->run_lengths[run_order[code->told_runs - 1]])
        code->told_runs--;

    block->bits = 14 + 3 * code->told_runs + body_bits(block, code);
    for (uint32_t symbol = 0; symbol < RUNS; symbol++)
        block->bits += weights[symbol] * ((uint32_t)code->run_lengths[symbol] + run_extra[symbol]);
}

static void join(struct block *first, const struct block *second) {
    first->size += second->size;
    first->tokens += second->tokens;
    for (uint32_t symbol = 0; symbol < SYMBOLS; symbol++)
        first->symbols[symbol] += second->symbols[symbol];
    first->symbols[END] = 1;
    for (uint32_t symbol = 0; symbol < DISTANCES; symbol++)
        first->distances[symbol] += second->distances[symbol];
    fit_code(first);
}

// Up to 16 bits; reserve() has made room.
static void put(struct bits *out, uint32_t value, uint32_t count) {
    out->rest |= value << out->count;
    for (out->count += count; out->count >= 8; out->count -= 8) {
        out->bytes[out->size++] = (uint8_t)out->rest;
        out->rest >>= 8;
    }
}

static void fill_byte(struct bits *out) {
    put(out, 0, (8 - out->count) % 8);
}

static void reserve(struct bits *out, uint64_t bits) {
    uint64_t needed = out->size + bits / 8 + 8;
    if (needed <= out->capacity)
        return;
    if (needed > SIZE_MAX / 2)
        fail("out of memory");
    out->capacity = (size_t)needed * 2;
    out->bytes = allocate(out->bytes, out->capacity);
}

static void put_header(struct bits *out, const struct code *code) {
    uint16_t codes[RUNS];
    make_codes(code->run_lengths, RUNS, codes);
    put(out, code->told_symbols - (END + 1), 5);
    put(out, code->told_distances - 1, 5);
    put(out, code->told_runs - 4, 4);
    for (uint32_t index = 0; index < code->told_runs; index++)
        put(out, code->run_lengths[run_order[index]], 3);
    for (uint32_t run = 0; run < code->run_count; run++) {
        uint32_t symbol = code->run_symbol[run];
        put(out, codes[symbol], code->run_lengths[symbol]);
        put(out, code->run_value[run], run_extra[symbol]);
    }
}

// A token is a match's `distance << 9 | length`, or a byte.
static void put_tokens(struct bits *out, const struct code *code, const uint32_t *tokens, uint32_t count) {
    uint16_t symbols[SYMBOLS + 2], distances[DISTANCES];
    make_codes(code->symbols, SYMBOLS + 2, symbols);
    make_codes(code->distances, DISTANCES, distances);
    for (uint32_t index = 0; index < count; index++) {
        uint32_t length = tokens[index] & 511, distance = tokens[index] >> 9;
        if (!distance) {
            put(out, symbols[length], code->symbols[length]);
            continue;
        }
        uint32_t index_of_length = length_symbol[length], symbol = END + 1 + index_of_length;
        put(out, symbols[symbol], code->symbols[symbol]);
        put(out, length - length_base[index_of_length], length_extra[index_of_length]);
        symbol = distance_symbol[distance];
        put(out, distances[symbol], code->distances[symbol]);
        put(out, distance - distance_base[symbol], distance_extra[symbol]);
    }
    put(out, symbols[END], code->symbols[END]);
}

static void put_stored(struct bits *out, const uint8_t *bytes, size_t size, uint32_t is_last) {
    while (size) {
        size_t piece = size < STORED ? size : STORED;
        put(out, size == piece ? is_last : 0, 3);
        fill_byte(out);
        put(out, (uint32_t)piece, 16);
        put(out, (uint32_t)(STORED - piece), 16);
        memcpy(out->bytes + out->size, bytes, piece);
        out->size += piece;
        bytes += piece;
        size -= piece;
    }
}

static void fixed_code(struct code *code) {
    memset(code->symbols, 8, 144);
    memset(code->symbols + 144, 9, 112);
    memset(code->symbols + 256, 7, 24);
    memset(code->symbols + 280, 8, 8);
    memset(code->distances, 5, DISTANCES);
}

// The first of stored, fixed and dynamic that is the smallest.
static void put_block(struct bits *out, const struct block *block, const uint32_t *tokens, uint32_t is_last) {
    struct code fixed;
    fixed_code(&fixed);
    uint64_t fixed_bits = body_bits(block, &fixed);
    // Each stored piece has its own three bits, then fills up a byte: here the three bits of the first do not count.
    uint64_t pieces = (block->size + (uint64_t)STORED - 1) / STORED;
    uint64_t stored_bits = (13 - out->count) % 8 + 8 * (pieces - 1) + 32 * pieces + 8 * (uint64_t)block->size;
    uint64_t coded_bits = fixed_bits <= block->bits ? fixed_bits : block->bits;
    if (block->size && stored_bits <= coded_bits) {
        reserve(out, stored_bits);
        put_stored(out, block->bytes, block->size, is_last);
        return;
    }
    reserve(out, coded_bits);
    put(out, is_last, 1);
    if (fixed_bits <= block->bits) {
        put(out, 1, 2);
        put_tokens(out, &fixed, tokens, block->tokens);
    } else {
        put(out, 2, 2);
        put_header(out, &block->code);
        put_tokens(out, &block->code, tokens, block->tokens);
    }
}

// ---- The stream -----------------------------------------------------------------------------------------------------

static void add_token(struct block *chunk, uint32_t *tokens, uint32_t length, uint32_t distance) {
    tokens[chunk->tokens++] = distance << 9 | length;
    if (distance) {
        chunk->symbols[END + 1 + length_symbol[length]]++;
        chunk->distances[distance_symbol[distance]]++;
        chunk->size += length;
    } else {
        chunk->symbols[length]++;
        chunk->size++;
    }
}

// The next chunk of tokens, which starts where the one before it has ended. *match* is carried from call to call: the
// match found at that place, if the search has been there already.
static void read_chunk(struct input *input, const struct effort *effort, struct block *chunk, uint32_t *tokens,
                       struct match *match) {
    const uint8_t *end = input->bytes + input->size;
    memset(chunk->symbols, 0, sizeof chunk->symbols);
    memset(chunk->distances, 0, sizeof chunk->distances);
    chunk->symbols[END] = 1;
    chunk->tokens = 0;
    chunk->size = 0;
    while (chunk->tokens < effort->chunk && chunk->bytes + chunk->size < end) {
        const uint8_t *here = chunk->bytes + chunk->size;
        size_t position = (size_t)(here - input->bytes);
        if (!match->length)
            *match = search(input, position, 3, effort);
        struct match next = {0, 0};
        if (match->length && match->length < effort->lazy)
            next = search(input, position + 1, match->length, effort);
        if (next.length && score(next) < score(*match) + 2)
            next.length = 0;
        if (match->length && !next.length)
            add_token(chunk, tokens, match->length, match->distance);
        else
            add_token(chunk, tokens, *here, 0);
        *match = next;
    }
    fit_code(chunk);
}

static void deflate(struct input *input, const struct effort *effort, struct bits *out) {
    static uint32_t tokens[2 * BLOCK];
    static struct block block, chunk, joined;
    struct match match = {0, 0};
    const uint8_t *end = input->bytes + input->size;
    index_clear(&input->fours);
    index_clear(&input->threes);
    input->indexed = 0;
    block.bytes = input->bytes;
    read_chunk(input, effort, &block, tokens, &match);
    while (block.bytes + block.size < end) {
        chunk.bytes = block.bytes + block.size;
        read_chunk(input, effort, &chunk, tokens + block.tokens, &match);
        if (block.tokens + chunk.tokens <= BLOCK) {
            joined = block;
            join(&joined, &chunk);
            if (joined.bits <= block.bits + chunk.bits) {
                block = joined;
                continue;
            }
        }
        put_block(out, &block, tokens, 0);
        memmove(tokens, tokens + block.tokens, chunk.tokens * sizeof *tokens);
        block = chunk;
    }
    put_block(out, &block, tokens, 1);
    fill_byte(out);
}

// ---- The protocol ---------------------------------------------------------------------------------------------------

static uint32_t read_number(const char *text, uint32_t least, uint32_t most) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end || value < least || value > most)
        fail("usage: deflate CHAIN NICE LAZY NEAR CHUNK");
    return (uint32_t)value;
}

// 0 at the end of the input.
static int read_size(uint64_t *size) {
    uint8_t bytes[8];
    size_t count = fread(bytes, 1, 8, stdin);
    if (count == 0 && feof(stdin))
        return 0;
    if (count != 8)
        fail("the input ends within the size of a frame");
    *size = 0;
    for (uint32_t index = 0; index < 8; index++)
        *size |= (uint64_t)bytes[index] << 8 * index;
    return 1;
}

static void write_frame(const uint8_t *bytes, size_t size) {
    uint8_t header[8];
    for (uint32_t index = 0; index < 8; index++)
        header[index] = (uint8_t)((uint64_t)size >> 8 * index);
    if (fwrite(header, 1, 8, stdout) != 8 || fwrite(bytes, 1, size, stdout) != size || fflush(stdout) != 0)
        fail("the output cannot be written");
}

int main(int count, char **arguments) {
#ifdef _WIN32
    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
#endif
    if (count != 6)
        fail("usage: deflate CHAIN NICE LAZY NEAR CHUNK");
    const struct effort effort = {
        .chain = read_number(arguments[1], 1, WINDOW),
        .nice = read_number(arguments[2], 0, WINDOW),
        .lazy = read_number(arguments[3], 0, WINDOW),
        .near = read_number(arguments[4], 0, WINDOW),
        .chunk = read_number(arguments[5], 1, BLOCK),
    };
    make_tables();

    static struct input input;
    struct bits out = {0};
    for (uint64_t size; read_size(&size);) {
        if (size >= SIZE_MAX)
            fail("a frame is larger than the memory");
        uint8_t *bytes = allocate(NULL, (size_t)size + 1);
        if (fread(bytes, 1, (size_t)size, stdin) != size)
            fail("the input ends within a frame");
        input.bytes = bytes;
        input.size = (size_t)size;
        out.size = out.rest = out.count = 0;
        deflate(&input, &effort, &out);
        write_frame(out.bytes, out.size);
        free(bytes);
    }
    free(out.bytes);
    return 0;
}
