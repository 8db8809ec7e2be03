/*
 * Findings: places where the target did something else than the model says, grouped by instruction form and location,
 * so that one mistranslation is one finding however often it is met.
 */
#ifndef LIB_RUN_FINDINGS_H
#define LIB_RUN_FINDINGS_H

#include "arch/arch.h"
#include "lib/base/vec.h"

/* How sure a finding is: from the surest down. */
enum severity {
	SEVERITY_CONFIRMED, /* the host's CPU agrees with the model */
	SEVERITY_RECORDED,  /* the CPU that the log was recorded on did otherwise */
	SEVERITY_MODEL,     /* the model says so; there was no second opinion */
	SEVERITY_VENDOR,    /* the target does what the manual of another vendor's CPUs says */
	SEVERITY_POSSIBLE,  /* the second opinion agrees with the target, or with neither */
	SEVERITY_INFO,      /* worth knowing, not wrong */
};

/* Why an instruction was not, or not wholly, judged. */
enum unseen_reason {
	UNSEEN_NOTHING, /* all was compared */
	UNSEEN_INPUT,   /* an input was not known */
	UNSEEN_MEMORY,  /* a store could not be read back */
	UNSEEN_HIDDEN,  /* the target does not show a register that was written */
	UNSEEN_OPEN,    /* CPUs may differ in a result: an approximation, or a part of the work */
};

enum location_kind {
	LOCATION_REG,    /* reg */
	LOCATION_FLAGS,  /* several flags: values are images of the flags register that reg is the first differing field
			    of */
	LOCATION_MEMORY, /* address */
	LOCATION_FAULT,  /* a fault that was expected or not: values are enum fault_kind's signals, 0: none */
};

/* An input of the instruction: a register or loaded memory. */
struct finding_input {
	char *name; /* "rax", "mem32[0x7ffe0010]" */
	uint16_t width;
	uint64_t value[EXPR_MAX_WORDS];
};

enum { FINDING_MAX_BOUNDS = 4 }; /* of a register of 128 bits */

/* The stretch of the run that a finding is in is run again, in smaller steps, where the first look does not tell which
 * instruction it was (lib/run/closer.h). */
enum closer {
	CLOSER_NO_NEED, /* the instruction is the one */
	CLOSER_WANTED,  /* it may be another */
	CLOSER_FOUND,   /* this is what the closer look has found */
	CLOSER_GONE,    /* the closer look has not found it again */
	CLOSER_SKIPPED, /* there was no closer look, or none that came to an end: the opinion says why */
};

struct finding {
	struct insn insn; /* of the first occurrence */
	enum location_kind kind;
	uint32_t reg;
	bool unwritten;      /* LOCATION_REG: the instruction does not write reg */
	bool faulted;        /* the instruction faulted, and should have changed nothing */
	bool changed_unseen; /* LOCATION_MEMORY: not what was last known, before the instruction loaded it */
	uint64_t address;
	uint64_t flags; /* of a register of flags or fields: its bits that differed at any occurrence */
	uint16_t width; /* bits */
	uint64_t expected[EXPR_MAX_WORDS];
	uint64_t observed[EXPR_MAX_WORDS];
	uint64_t mask[EXPR_MAX_WORDS]; /* 1 bits were not compared */
	/* LOCATION_REG: results in it that manuals give within an error. What is expected is then what was observed,
	 * where that keeps to it, else the true value. */
	struct eval_bound bounds[FINDING_MAX_BOUNDS];
	unsigned num_bounds;
	VEC(struct finding_input) inputs;
	char *formula; /* of the expected value; "" if there is none */
	bool logged;   /* what is expected is what the log has, whatever the model says */
	bool weighed;  /* severity and opinion stand, nobody else is asked */
	enum severity severity;
	char *opinion; /* what the second opinion said; "" if there was none */
	uint64_t count;
	uint64_t first_instruction; /* number of the instruction in the run, from 1 */
	uint64_t since; /* number of the first that it may have been: less where registers are looked at now and then */
	uint64_t event; /* index of the log's next event there */
	char *block;    /* the instructions of its translation block, a line each, or NULL: it is of one alone */
	uint64_t stretch; /* number of the stretch of the run (struct run_stretch) */
	enum closer closer;
	uint64_t until; /* where a closer look is wanted: number of the last instruction that it may be of */
};

struct findings {
	VEC(struct finding) list; /* in the order of first occurrence */
};

/*
 * The finding of the same group, or NULL: of equal form, place and cause, but that flags of one register are one group
 * whichever of them differ. A wrong and a stray value, or two kinds of fault, are two findings.
 */
struct finding *findings_find(struct findings *f, const struct isa *isa, const struct finding *like);

/* Adds a group with count 1; takes what it owns, also on failure. *ret is valid until the next one is added. */
struct error *findings_add(struct findings *f, struct finding *finding, struct finding **ret);

/* Adds an occurrence to its group, and what differed to that; false if there is no such group. */
bool findings_count(struct findings *f, const struct isa *isa, const struct finding *again);

/*
 * Adds an occurrence to its group, or makes it the first of a new one, in which a formula or an opinion of NULL is "".
 * Takes what it owns, also on failure.
 */
struct error *findings_record(struct findings *f, const struct isa *isa, struct finding *finding);

void findings_deinit(struct findings *f);
void finding_deinit(struct finding *finding);

/*
 * Adds an input of width bits, whose value has as many whole words as that needs. Takes the name, also on failure;
 * NULL, as where there was no memory for one, is out of memory.
 */
struct error *finding_add_input(struct finding *finding, char *name, unsigned width, const uint64_t *value);

/* "cf", "rax", "cf+of", "mem64[0x7ffe0010]", "fault". */
void finding_location(struct strbuf *out, const struct finding *finding, const struct isa *isa);

/*
 * The location without what differs from one occurrence to the next: "general register", "vector register", "eflags",
 * "memory", "fault", or the register's name.
 */
void finding_place(struct strbuf *out, const struct finding *finding, const struct isa *isa);

/*
 * What is wrong there: "changed by an instruction that faulted"; "changed unseen" of memory that was not as it was
 * known when it was loaded; else "value"; "stray" (a register that the instruction does not write); of flags and
 * fields those that differed at any occurrence ("cf+of", "c1+de"); of faults "unexpected SIGILL", "missing SIGSEGV" or
 * "SIGBUS, expected SIGSEGV".
 */
void finding_cause(struct strbuf *out, const struct finding *finding, const struct isa *isa);

/*
 * What was to be kept to and was not, if that is an error bound: "bits 31:0 within 1.5 * 2^-12 of rcp(0x1.8p+1)", of
 * several with "; " between them. Nothing is added if there is none.
 */
void finding_bounds(struct strbuf *out, const struct finding *finding);

/* "an input was not known", ... */
const char *unseen_reason_name(enum unseen_reason reason);

/* It is at least as sure as that. */
static inline bool finding_counts(const struct finding *finding, enum severity fail_on)
{
	return finding->severity <= fail_on;
}

/* How many do. */
size_t findings_counted(const struct findings *f, enum severity fail_on);

/* For programs: "found", "gone", "skipped"; NULL where there was no need, or where it is still wanted. */
const char *closer_name(enum closer closer);

/* "confirmed", ... */
const char *severity_name(enum severity severity);
/* The severity of that name; false if there is none. */
bool severity_by_name(const char *name, enum severity *ret);

#endif
