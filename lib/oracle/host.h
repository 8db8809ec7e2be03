/*
 * What the native oracle found out of its host. Before it is believed it runs cases whose right outcome is certain
 * (canaries), on the CPU's word alone; what goes wrong tells how cases must be run here, or what cannot be shown.
 *
 * A host is a CPU, a hypervisor that may run instructions in its place, and a kernel. Known ones are wrong in these
 * ways: a hypervisor emulates an instruction (CPUID) or fills a page table, goes on behind it, and the trap of the
 * single step is lost, so that the next instruction runs, too; a kernel that does not run in ring 0 resumes by an
 * instruction that does not take every RSP or every flag; and takes no INT 80. Linux itself goes on behind SGDT and its
 * like, which it emulates where the CPU has UMIP (arch/x86/kernel/umip.c), without the trap of the step.
 */
#ifndef LIB_ORACLE_HOST_H
#define LIB_ORACLE_HOST_H

#include "lib/oracle/oracle.h"

/* What can be had of a host. */
enum host_trait {
	HOST_BASICS,           /* steps, faults, their addresses: without these there is no oracle */
	HOST_STEPS,            /* a single step ends behind its instruction, whatever it is */
	HOST_WILD_STACK,       /* the kernel resumes with an RSP that is not canonical */
	HOST_NT,               /* ptrace sets NT */
	HOST_ALIGNMENT,        /* AC has accesses checked */
	HOST_CALLS_32,         /* INT 80 is a system call */
	HOST_FSGSBASE,         /* RDFSBASE and its like are switched on */
	HOST_DESCRIPTORS,      /* SGDT, SIDT, SLDT, STR, SMSW do something, by the CPU or by the kernel (UMIP) */
	HOST_DESCRIPTOR_STEPS, /* ... and a single step ends behind them */
	HOST_INT1,             /* INT1 goes past itself */
	HOST_RUNNER,           /* cases can be run without ptrace */
	HOST_NUM_TRAITS
};

enum { HOST_MAX_CANARIES = 48, HOST_TEXT = 96 };

struct host {
	bool lacks[HOST_NUM_TRAITS];
	uint64_t left_open[HOST_NUM_TRAITS]; /* cases */
	char cpu[HOST_TEXT], vendor[13];
	/* Of each canary (lib/oracle/canary.h): what was seen, "" where it was right; and what is lacking then. */
	size_t num_canaries;
	struct {
		bool tried;
		enum host_trait trait;
		char seen[HOST_TEXT];
	} canaries[HOST_MAX_CANARIES];
};

/* Asks this CPU for its name. Nothing is lacking yet. */
void host_init(struct host *h);

/* What an instruction needs of the host; HOST_BASICS if nothing special. */
enum host_trait host_need(const struct isa *isa, const uint8_t *bytes, size_t len);

/* The trap of a single step over it may be lost here. */
bool host_may_lose(const struct host *h, const struct isa *isa, const uint8_t *bytes, size_t len);

/* Of a case that needs it and cannot be run otherwise: "no 32-bit calls on this host". */
const char *host_reason(enum host_trait trait);

/* The same, of the oracle's parts. */
void host_describe(const struct host *h, bool all, struct strbuf *ret);
bool host_gap(const struct host *h, size_t index, struct oracle_gap *ret);

#endif
