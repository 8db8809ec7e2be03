/*
 * Known findings: the file that says which differences of an emulator are no news.
 *
 * A finding is told by instruction set, instruction form, place and cause (finding_place(), finding_cause()), which do
 * not depend on addresses, on the registers chosen or on the values met. An entry has all four, and a note and a link
 * for people. Of a cause with several parts ("cf+of") each has to be known: a flag that never was wrong before is news.
 *
 * The file is JSON, sorted, an entry a line, so that changes to it read well:
 *
 *   {"format": "validate-baseline", "version": 1,
 *    "findings": [{"arch", "form", "place", "cause", "note", "link"}, ...]}
 */
#ifndef LIB_REPORT_BASELINE_H
#define LIB_REPORT_BASELINE_H

#include "lib/base/vec.h"
#include "lib/run/run.h"

/* "x86_64 | blsi r32, r32 | eflags | cf": equal for equal findings of different runs, programs and emulators. */
void baseline_key(struct strbuf *out, const char *arch, const char *form, const char *place, const char *cause);

/* The key of a finding. */
void baseline_finding_key(struct strbuf *out, const struct finding *finding, const struct isa *isa);

/* ---- The entries ---- */

enum baseline_field { BASELINE_ARCH, BASELINE_FORM, BASELINE_PLACE, BASELINE_CAUSE, BASELINE_NUM_KEYS };

struct baseline_entry {
	char *key[BASELINE_NUM_KEYS]; /* owned, as are the next two */
	char *note, *link;            /* "" if there is none */
};

/* All zero is empty. */
struct baseline {
	VEC(struct baseline_entry) entries; /* sorted by key, each once */
};

/* Errors name the file, the place and the remedy. */
struct error *baseline_read(const char *path, struct baseline *ret);
struct error *baseline_write(const struct baseline *b, const char *path);
void baseline_deinit(struct baseline *b);

/* The entry that covers a part of the cause (all of a cause without parts), the first in order; or NULL. */
const struct baseline_entry *baseline_find(const struct baseline *b, const char *const key[BASELINE_NUM_KEYS]);

/* Whether entries cover every part of the cause. */
bool baseline_covers(const struct baseline *b, const char *const key[BASELINE_NUM_KEYS]);

/* Adds what is not covered; *ret_added tells whether it was not. note and link may be NULL. */
struct error *baseline_add(struct baseline *b, const char *const key[BASELINE_NUM_KEYS], const char *note,
			   const char *link, bool *ret_added);

/* Removes an entry. */
void baseline_remove(struct baseline *b, size_t index);

/* ---- A run against them ---- */

enum baseline_state {
	BASELINE_KNOWN,         /* seen in this run */
	BASELINE_STALE,         /* not seen, though its instruction form was judged */
	BASELINE_NOT_EXERCISED, /* not seen, nor could it be: its form was not judged, or is of another ISA */
	BASELINE_NUM_STATES
};

struct baseline_verdict {
	const struct baseline *baseline; /* borrowed */
	/* A finding's entry, the first of several; NULL: it is new. In the order of the run's findings. */
	VEC(const struct baseline_entry *) entry;
	VEC(enum baseline_state) state;  /* of each entry of the baseline */
	size_t num_new;                  /* findings */
	size_t num[BASELINE_NUM_STATES]; /* entries */
};

struct error *baseline_compare(const struct baseline *b, const struct isa *isa, const struct run *run,
			       struct baseline_verdict *ret);
void baseline_verdict_deinit(struct baseline_verdict *v);

/* "known", "stale", "not exercised". */
const char *baseline_state_name(enum baseline_state state);

/* ---- Updating from reports ---- */

struct baseline_update {
	const char *note, *link; /* for entries that are added; may be NULL */
	bool prune;              /* remove those that reports show to be stale, and none has seen */
	size_t added, kept, removed;
};

/* Brings the baseline up to the JSON reports; counts in *update. */
struct error *baseline_update(struct baseline *b, char *const *reports, size_t num, struct baseline_update *update);

#endif
