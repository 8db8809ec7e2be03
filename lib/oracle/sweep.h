/*
 * Which encodings the CPU executes and which it refuses (#UD), and how long they are, against what the models say: over
 * the opcode maps themselves (x86_64_maps.h), so that nothing is left out that a table forgot. What an instruction does
 * is not looked at: that is selftest.h's.
 */
#ifndef LIB_ORACLE_SWEEP_H
#define LIB_ORACLE_SWEEP_H

#include "lib/oracle/oracle.h"
#include "lib/oracle/x86_64_maps.h"

/* How the two agree on an encoding. */
enum sweep_verdict {
	SWEEP_EXECUTES, /* both say so, and agree on the length */
	SWEEP_REFUSED,  /* both */
	SWEEP_NAMED,    /* the CPU executes it, and its name is known, but there is no model */
	SWEEP_HOST,     /* they differ by a hypervisor's doing (CPUID denies the feature, or it has a part in it), or
			   the CPU makes use of a choice that is its own */
	SWEEP_SWITCHED, /* named, not modelled, and refused: insn.switched */
	SWEEP_OPEN,     /* the oracle cannot show it */
	SWEEP_MISSING,  /* the CPU executes it; the model says #UD, or knows no such instruction */
	SWEEP_WRONG,    /* the CPU refuses it, and has all features that it needs as far as the model knows */
	SWEEP_LENGTH,   /* both execute it, and have it end elsewhere */
	SWEEP_NUM_VERDICTS
};

/* Encodings of one opcode that fare alike, and one of them. */
struct sweep_kind {
	enum sweep_verdict verdict;
	char opcode[X86_64_MAPS_NAME];
	uint64_t count;
	char name[X86_64_MAPS_NAME];
	uint8_t bytes[ISA_MAX_INSN_LEN], len; /* as the model has them; ISA_MAX_INSN_LEN if it knows no instruction */
	int cpu_len;                          /* SWEEP_LENGTH: what the CPU takes them for; 0: only that it differs */
	const char *family;                   /* of struct insn; NULL if it knows no instruction */
	char text[ISA_TEXT_LEN];
};

struct sweep;

/*
 * Compares all encodings that `chosen` (NULL: all) finds by their names. Uses the oracle, which must be able to run
 * probes (else ERROR_UNSUPPORTED); vendor as of walk_create().
 */
struct error *sweep_create(const struct isa *isa, struct oracle *oracle, enum cpu_vendor vendor, struct sweep **ret);
struct error *sweep_run(struct sweep *s, bool (*chosen)(void *ctx, const struct x86_64_encoding *e), void *ctx);
void sweep_destroy(struct sweep *s);

/* Afterwards: how many encodings, and the kinds of those that are not just alike, by opcode. */
uint64_t sweep_count(const struct sweep *s, enum sweep_verdict verdict);
size_t sweep_num_kinds(const struct sweep *s);
const struct sweep_kind *sweep_kind(const struct sweep *s, size_t index);

#endif
