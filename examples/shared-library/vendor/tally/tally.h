#ifndef TALLY_H
#define TALLY_H

#if !defined(_WIN32)
#define TALLY_API __attribute__((visibility("default")))
#elif defined(TALLY_BUILDING)
#define TALLY_API __declspec(dllexport)
#else
#define TALLY_API __declspec(dllimport)
#endif

TALLY_API extern long tally_sum;
TALLY_API void tally_add(long number);
TALLY_API long tally_total(void);

#endif
