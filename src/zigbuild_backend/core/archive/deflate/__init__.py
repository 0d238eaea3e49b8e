"""The one deflater: the profile ``deflate-1``, whose bytes depend on the data and an ``Effort`` and on nothing else.

zlib's output differs between its versions, forks and builds, so a reproducible archive needs a deflater of its own.
There are two implementations, a C program for speed (``Deflater``) and one in Python (``pure.deflate_pure``); both give
the same bytes, and so must any other implementation of the following. The output is a raw stream of RFC 1951, whose
terms are used here; all numbers are integers, and those named in ``code font`` are the numbers of the ``Effort``.

**Matches.** A match at position *p* is a pair (length, distance): *length* bytes from *p* on equal those that start
*distance* bytes before (the two may overlap). It ends before or at the end of the data. ``search(p, least)`` is this:

1. If fewer than 4 bytes, or fewer than *least*, are left from *p* on, there is no match.
2. The candidates are the positions before *p*, at a distance of 32768 or less, that have the same 4 bytes as *p*.
   They are tried from the nearest on, ``chain`` of them at most. The length of each is the number of equal bytes, 258
   at most. The longest of *least* bytes or more is the match, and of several the nearest. The search ends early with
   a candidate that becomes the match and is ``nice`` bytes or longer, or reaches 258 or the end of the data.
3. If step 2 found none and *least* is 3, the nearest position before *p* with the same 3 bytes gives a match of
   length 3, provided that its distance is ``near`` or less.

**Tokens.** A token is a literal byte or a match. The score of a match is 4 · length - b, where b is the number of
binary digits of its distance. Start at position 0 with no match in hand, and until the end of the data:

1. With no match in hand, ``search(p, 3)``. If there is none, the byte at *p* is a literal, and *p* rises by 1.
2. With a match in hand that is shorter than ``lazy``, ``search(p + 1, its length)``. If that finds one whose score is
   higher by 2 or more, the byte at *p* is a literal, *p* rises by 1, and the found one is the match in hand.
3. Otherwise the match in hand is the token, *p* rises by its length, and no match is in hand.

**Code lengths.** Given the weight of each symbol (how often it occurs) and a limit: while fewer than two symbols have
a weight, the lowest symbol without one gets weight 1. The leaves are the *n* symbols with a weight, ordered by
(weight, symbol). Row 1 is the leaves. Each further row, up to as many as the limit, is the leaves merged with the
packages of the row before: its items paired from the start, an odd last one dropped, each pair weighing the sum. It
is ordered by weight; at equal weights leaves come before packages, and each kind keeps its order. From the last row
take the first 2(*n* - 1) items; where *k* of the items taken from a row are packages, take the first 2*k* items of
the row before. The code length of a symbol is the number of rows from which its leaf is taken. The codes are the
canonical ones (3.2.2).

**Dynamic blocks** (3.2.7). The literal/length code (symbols 0 to 285, 256 with weight 1) and the distance code
(symbols 0 to 29) have limit 15, the code length code has limit 7. HLIT, HDIST and HCLEN are the smallest that leave
out nothing but zeros. The lengths of both codes are one sequence, cut into maximal runs of equal lengths. A run of a
length other than 0 starts with that length itself. While 3 or more of a run are left, the next piece is the longest
possible: 6 at most, with symbol 16, or of zeros 138 at most, with symbol 17 below 11 and symbol 18 from 11 on. The
rest of a run, 2 at most, is written as lengths.

**Blocks.** The tokens are cut into chunks of ``chunk`` tokens, the last one shorter; empty data is one empty chunk.
The first chunk is the block in hand. Each following chunk joins it if together they have 65536 tokens or fewer and,
both being measured in bits as dynamic blocks, the joint block is not larger than the sum of the two; otherwise the
block in hand is written, and the chunk is the block in hand.

**Writing.** A block is written as the first of these that has the fewest bits, the padding of stored blocks counted:
stored (in pieces of 65535 bytes, the last one shorter, each a block of its own; not for an empty block), fixed,
dynamic. Only the last block, or its last piece, has BFINAL. Bits that fill up a byte are 0.

**Protocol** of the native program. Its arguments are the numbers of the ``Effort`` in their order. Frames arrive on
standard input and each is answered by a frame on standard output: a length in bytes as an unsigned 64-bit number,
lowest byte first, then the bytes, which are data in the input and a stream in the output. A frame is read completely
before it is answered. The program exits with 0 when the input ends after a frame, else with 1 and a line on standard
error.
"""
