#include "lib/base/clock.h"

#include <limits.h>
#include <time.h>

uint64_t clock_now(void)
{
	struct timespec now;

	/* Cannot fail: the clock exists on every Linux and the pointer is good (clock_gettime(2)). */
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * CLOCK_S + (uint64_t)now.tv_nsec;
}

deadline_t deadline_after(uint64_t ns)
{
	uint64_t now = clock_now();

	return ns < DEADLINE_NEVER - now ? now + ns : DEADLINE_NEVER;
}

uint64_t deadline_left(deadline_t deadline)
{
	if (deadline == DEADLINE_NEVER)
		return UINT64_MAX;

	uint64_t now = clock_now();
	return deadline > now ? deadline - now : 0;
}

bool deadline_passed(deadline_t deadline)
{
	return deadline_left(deadline) == 0;
}

int deadline_poll(deadline_t deadline)
{
	if (deadline == DEADLINE_NEVER)
		return -1;

	uint64_t left = deadline_left(deadline);
	uint64_t ms = left / CLOCK_MS + (left % CLOCK_MS != 0);
	return ms < INT_MAX ? (int)ms : INT_MAX;
}
