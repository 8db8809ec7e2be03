/*
 * Values for the registers and the memory of cases: corners and random numbers, as integers and as floating-point
 * numbers of each format.
 */
#ifndef LIB_ORACLE_VALUES_H
#define LIB_ORACLE_VALUES_H

#include "lib/base/rng.h"

/* What the lanes of a vector, or of memory, mostly hold. */
enum values_theme {
	VALUES_MIXED, /* integers of all widths, numbers of all formats */
	VALUES_HALF,  /* numbers of 16 bits */
	VALUES_SINGLE,
	VALUES_DOUBLE,
	VALUES_NUM_THEMES
};

/* An integer of `width` bits, 1 to 64: a corner, or random. */
uint64_t values_integer(struct rng *r, unsigned width);

/* A binary floating-point number of 16, 32 or 64 bits. */
uint64_t values_number(struct rng *r, unsigned width);

/* Words made of lanes of one width. */
void values_lanes(struct rng *r, enum values_theme theme, uint64_t *ret, unsigned words);

/* Lanes that are those of `from`, lack some of their bits, or differ in the sign or in one unit in the last place. */
void values_similar(struct rng *r, enum values_theme theme, const uint64_t *from, uint64_t *ret, unsigned words);

/*
 * Floating-point control and status: each rounding mode, sometimes denormals flushed, any flags; exceptions mostly
 * masked, now and then but for one, or for any. `initial` is what a process starts with, all exceptions masked; `bits`
 * may be set.
 */
uint64_t values_control(struct rng *r, uint64_t initial, uint64_t bits);

#endif
