/*
 * The register sets of the kernel (NT_PRSTATUS and the like) between which and the states of a case the native oracle
 * copies. Knows the ISA's table of registers and nothing of processes.
 */
#ifndef LIB_ORACLE_SETS_H
#define LIB_ORACLE_SETS_H

#include "lib/state/state.h"

enum { SET_GENERAL, SET_XSAVE, SET_FP, NUM_SETS };

struct set {
	int nt;           /* its number for ptrace(2) */
	size_t len;       /* 0: the ISA has no register in it */
	uint8_t *initial; /* as the process starts */
	uint8_t *wanted;  /* before the step */
	uint8_t *actual;  /* after it */
};

struct sets {
	const struct isa *isa;
	struct set at[NUM_SETS];
	/* Flags with which the CPU marks single steps and instructions that faulted half-way, if it has such. */
	bool has_step_flag, has_resume_flag;
	uint32_t step_flag, resume_flag;
	bool has_tags; /* of x87 */
	uint32_t tags;
};

/* Each set that is used has room for TRACEE_MAX_SET bytes, its length until the process tells another. */
struct error *sets_init(struct sets *s, const struct isa *isa);
void sets_deinit(struct sets *s);

/* Fills `wanted`: the initial contents with the registers of `before`, but for those of class REG_SYSTEM. */
void sets_load(struct sets *s, const struct state *before);

/* `wanted` and `actual` differ, apart from XSAVE's header and what software keeps there. */
bool sets_differ(const struct sets *s, int set);

/* Has the area say that all its parts are in use (XSAVE's header). */
void sets_use_all(uint8_t *xsave);

/*
 * The registers of `actual`. Unknown are those of no set, and the flags of stepping; one of class REG_SYSTEM is as in
 * `before` unless it is no longer as the process started with it.
 */
void sets_read(const struct sets *s, const struct state *before, struct state *ret);

/* The registers of `initial`. */
void sets_read_initial(const struct sets *s, struct state *ret);

/* The PC of `actual`. */
uint64_t sets_pc(const struct sets *s);
void sets_put_pc(struct sets *s, uint64_t pc);

/* A register of `wanted`, of 64 bits at most. */
void sets_put_wanted(struct sets *s, uint32_t reg, uint64_t value);

#endif
