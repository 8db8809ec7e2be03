#include "lib/run/timeline.h"

#include <string.h>

/* Pairs of stretches become one. */
static void halve(struct timeline *t)
{
	for (size_t i = 0; i < TIMELINE_STRETCHES / 2; i++) {
		const struct timeline_stretch *a = &t->stretch[2 * i], *b = a + 1;
		t->stretch[i] = (struct timeline_stretch){
			.nanoseconds = a->nanoseconds + b->nanoseconds,
			.events = a->events + b->events,
			.findings = a->findings + b->findings,
			.pc = a->pc ? a->pc : b->pc,
		};
	}
	memset(t->stretch + TIMELINE_STRETCHES / 2, 0, sizeof t->stretch / 2);
	t->per_stretch *= 2;
}

static struct timeline_stretch *stretch_of(struct timeline *t, uint64_t instruction)
{
	uint64_t index = instruction ? instruction - 1 : 0;

	if (!t->per_stretch)
		t->per_stretch = 1;
	while (index / t->per_stretch >= TIMELINE_STRETCHES)
		halve(t);
	return &t->stretch[index / t->per_stretch];
}

void timeline_advance(struct timeline *t, uint64_t instructions, uint64_t nanoseconds, uint64_t pc)
{
	uint64_t from = t->instructions, time = nanoseconds - t->nanoseconds;
	struct timeline_stretch *last = stretch_of(t, instructions);

	t->instructions = instructions;
	t->nanoseconds = nanoseconds;
	if (!last->pc)
		last->pc = pc;
	if (instructions <= from) {
		last->nanoseconds += time;
		return;
	}
	/* Each stretch gets the share of the instructions in it; the last one what is left. */
	uint64_t total = instructions - from, left = time;
	while (from < instructions) {
		uint64_t end = (from / t->per_stretch + 1) * t->per_stretch;
		uint64_t n = (end < instructions ? end : instructions) - from;
		uint64_t share = from + n == instructions ? left : (uint64_t)((double)time * (double)n / (double)total);
		share = share < left ? share : left;
		t->stretch[from / t->per_stretch].nanoseconds += share;
		left -= share;
		from += n;
	}
}

void timeline_add_place(struct timeline *t, uint64_t instruction, uint64_t pc)
{
	struct timeline_stretch *stretch = stretch_of(t, instruction);

	if (!stretch->pc)
		stretch->pc = pc;
}

/* Keeps the longest, ordered. */
static void add_slowest(struct timeline *t, const struct timeline_event *event)
{
	size_t i = t->num_slowest;

	if (i == TIMELINE_SLOWEST && event->nanoseconds <= t->slowest[--i].nanoseconds)
		return;
	if (t->num_slowest < TIMELINE_SLOWEST)
		t->num_slowest++;
	for (; i > 0 && t->slowest[i - 1].nanoseconds < event->nanoseconds; i--)
		t->slowest[i] = t->slowest[i - 1];
	t->slowest[i] = *event;
}

void timeline_add_event(struct timeline *t, const struct timeline_event *event)
{
	stretch_of(t, event->instruction)->events++;
	add_slowest(t, event);
	if (!t->event_stride)
		t->event_stride = 1;
	if (t->events++ % t->event_stride)
		return;
	if (t->num_events == TIMELINE_EVENTS) {
		for (size_t i = 0; i < TIMELINE_EVENTS / 2; i++)
			t->event[i] = t->event[2 * i];
		t->num_events = TIMELINE_EVENTS / 2;
		t->event_stride *= 2;
	}
	/* The count is a multiple of the doubled stride as well: a full list holds an even number of strides. */
	t->event[t->num_events++] = *event;
}

void timeline_add_finding(struct timeline *t, uint64_t instruction)
{
	stretch_of(t, instruction)->findings++;
}

void timeline_merge_findings(struct timeline *into, const struct timeline *from)
{
	for (size_t i = 0; i < TIMELINE_STRETCHES; i++)
		if (from->stretch[i].findings)
			stretch_of(into, i * from->per_stretch + 1)->findings += from->stretch[i].findings;
}

size_t timeline_length(const struct timeline *t)
{
	return t->instructions ? (size_t)((t->instructions - 1) / t->per_stretch + 1) : 0;
}
