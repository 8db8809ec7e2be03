/*
 * Monotonic time and deadlines, in nanoseconds. A deadline is a point in time, so that a wait that is made of several
 * system calls ends when it should.
 */
#ifndef LIB_BASE_CLOCK_H
#define LIB_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_MS UINT64_C(1000000)
#define CLOCK_S  UINT64_C(1000000000)

/* Nanoseconds since some point in the past (CLOCK_MONOTONIC). */
uint64_t clock_now(void);

typedef uint64_t deadline_t;

#define DEADLINE_NEVER UINT64_MAX

/* The point ns from now; what would lie beyond the end of time is DEADLINE_NEVER. */
deadline_t deadline_after(uint64_t ns);

/* Nanoseconds left, 0 once it has passed; UINT64_MAX for DEADLINE_NEVER. */
uint64_t deadline_left(deadline_t deadline);

bool deadline_passed(deadline_t deadline);

/* The time left as poll() takes it: milliseconds rounded up, at most INT_MAX; -1 for DEADLINE_NEVER. */
int deadline_poll(deadline_t deadline);

#endif
