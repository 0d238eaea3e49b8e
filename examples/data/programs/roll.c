/* Prints the most likely sum of COUNT dice with SIDES sides, rounded down. */
#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
    long count = argc == 3 ? strtol(argv[1], NULL, 10) : 0, sides = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    if (count < 1 || count > 1000 || sides < 1 || sides > 1000) {
        fputs("usage: example-roll COUNT SIDES\n", stderr);
        return 2;
    }
    printf("%ld\n", count * (sides + 1) / 2);
    return 0;
}
