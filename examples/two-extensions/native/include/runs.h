#pragma once

/* How many bytes of the same value a pair can stand for. */
#define LONGEST_RUN 255
