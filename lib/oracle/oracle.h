/*
 * An oracle executes one instruction on a machine that is believed: so far the host's CPU, in a process that has
 * nothing in it but the pages a case asks for. For tests of the models, and to try a finding on a second opinion.
 *
 * A case gives every input (registers, pages), the outcome every output. Nothing is kept from one case to the next,
 * except what makes the next one fast.
 */
#ifndef LIB_ORACLE_ORACLE_H
#define LIB_ORACLE_ORACLE_H

#include "lib/base/strbuf.h"
#include "lib/base/vec.h"
#include "lib/state/state.h"

struct oracle;

/* Pages that one case may touch, the instruction's own included. */
enum { ORACLE_MAX_PAGES = 64 };

/* Contents of guest memory. */
struct oracle_range {
	uint64_t address;
	size_t len;
	const uint8_t *data;
	bool writable; /* of whole pages: a page is writable if any range in it is */
};

/* What the caller knows of an instruction lets it run faster. */
enum oracle_way {
	ORACLE_TRACED, /* nothing is known: whatever it does is seen */
	/* It makes no system call. */
	ORACLE_STEP,
	/* And without a fault it comes to `stop`, where there is an ORACLE_STOP (else as ORACLE_STEP). */
	ORACLE_STRAIGHT,
};

/* INT3 of x86-64. */
enum { ORACLE_STOP = 0xcc };

struct oracle_case {
	enum oracle_way way;
	/* ORACLE_STRAIGHT, and may be for ORACLE_STEP: an address to which the instruction leads; 0: none. */
	uint64_t stop;
	uint64_t pc;
	const uint8_t *bytes; /* of the instruction; the rest of its page is zero where no range covers it */
	size_t len;
	const struct state *before; /* unknown bits count as 0 */
	const struct oracle_range *ranges;
	size_t num_ranges;
};

/* How the instruction ended. */
enum oracle_end {
	ORACLE_STEPPED, /* it completed (or one iteration of a repeated string instruction did) */
	ORACLE_SIGNAL,  /* it faulted */
	ORACLE_SYSCALL, /* it entered the kernel for a system call, which was not executed */
	/* This host cannot show it: nothing is known of registers and memory, and nothing is confirmed by it. */
	ORACLE_OPEN,
};

struct oracle_memory {
	uint64_t address;
	size_t len;
	uint8_t *data;
};

struct oracle_outcome {
	enum oracle_end end;
	/* Of ORACLE_SIGNAL: the kernel's words (sigaction(2)): number, si_code, si_addr. */
	int signal, code;
	uint64_t address;
	const char *reason; /* of ORACLE_OPEN: "no 32-bit calls on this host" */
	/*
	 * Registers after. Those that the oracle cannot show, or disturbs by stepping, are unknown. Registers of class
	 * REG_SYSTEM cannot be chosen: they are as in `before` unless the instruction changed what the CPU really had.
	 */
	struct state after;
	VEC(struct oracle_memory) memory; /* the case's ranges, in their order, with the contents after */
};

/*
 * An oracle on the host's CPU, which has qualified itself: cases whose outcome is certain were run (lib/oracle/host.h),
 * and it runs others in the ways that are right on this host. ERROR_UNSUPPORTED with the reason if the host has another
 * ISA, ptrace or another service of the kernel is refused, or the simplest cases go wrong. It must be used and
 * destroyed by the thread that created it (ptrace knows threads). Its process dies with that thread.
 */
struct error *oracle_create_native(const struct isa *isa, struct oracle **ret);

/*
 * Another kind of host, made of this one: for tests of what the oracle makes of it. Bits.
 */
enum oracle_force {
	ORACLE_FORCE_NO_RUNNER = 1 << 0,      /* cases are traced, the slow way */
	ORACLE_FORCE_NO_FSGSBASE = 1 << 1,    /* RDFSBASE and its like are #UD */
	ORACLE_FORCE_LOSE_CPUID = 1 << 2,     /* a step over CPUID runs the next instruction, too */
	ORACLE_FORCE_LOSE_TOUCH = 1 << 3,     /* so does one that is the first to access a page */
	ORACLE_FORCE_LOSE_SOME = 1 << 4,      /* so does every third one */
	ORACLE_FORCE_NO_WILD_STACK = 1 << 5,  /* SIGSEGV where the kernel resumes with an RSP that is not canonical */
	ORACLE_FORCE_NO_NT = 1 << 6,          /* ptrace does not set NT */
	ORACLE_FORCE_NO_CALLS_32 = 1 << 7,    /* INT 80 is SIGSEGV */
	ORACLE_FORCE_NO_DESCRIPTORS = 1 << 8, /* SGDT and its like are SIGSEGV */
};

/* Adds the bits of a list of their names ("no-runner,lose-step-cpuid") to *ret. ERROR_USAGE: there is no such name. */
struct error *oracle_force_parse(const char *list, unsigned *ret);

struct error *oracle_create_forced(const struct isa *isa, unsigned force, struct oracle **ret);

/* Ends and reaps the oracle's process. NULL is fine. */
void oracle_destroy(struct oracle *o);

/* "the host's CPU": for reports. */
const char *oracle_name(const struct oracle *o);

/* Which one: "AMD EPYC, family 26 model 2". "" if that is not known. */
const char *oracle_cpu(const struct oracle *o);

/* Appends what was found out of the host: its CPU, and a line for each of the cases tried, or for those that were not
 * as they should be. */
void oracle_describe_host(const struct oracle *o, bool all, struct strbuf *ret);

/* What the host could not show, and how many cases so far ended as ORACLE_OPEN for that reason. */
struct oracle_gap {
	const char *reason;
	uint64_t count;
};

/* The gap of that index, of those that this host may have; false: no more. */
bool oracle_gap(const struct oracle *o, size_t index, struct oracle_gap *ret);

/*
 * The registers that a new process has here, to begin a case from. Unknown: those that the oracle cannot choose or
 * show, and the flag by which it steps.
 */
void oracle_initial_state(const struct oracle *o, struct state *ret);

/* Room for outcomes of cases of this ISA. */
struct error *oracle_outcome_init(struct oracle_outcome *out, const struct isa *isa);
void oracle_outcome_deinit(struct oracle_outcome *out);

/* Copies memory after from the outcome; false if the case's ranges do not cover all of it. */
bool oracle_outcome_read(const struct oracle_outcome *out, uint64_t address, void *ret, size_t len);

/*
 * Runs one case; *ret was initialised and may be reused. ERROR_UNSUPPORTED if the case cannot be set up here (too many
 * pages, addresses that the kernel does not map); ERROR_TIMEOUT or ERROR_TARGET if the step never ended or the process
 * died: the next case then starts a new process. What this host cannot show is no error but ORACLE_OPEN.
 */
struct error *oracle_run(struct oracle *o, const struct oracle_case *c, struct oracle_outcome *ret);

/*
 * Runs several cases of one instruction at once, where that is possible; it is much faster. They are ORACLE_STRAIGHT,
 * of equal pc, bytes and stop; their ranges are whole pages at the same addresses, equal where they cannot be written.
 * The ORACLE_MANY_STOP bytes from `stop` on are others while they run. *ret_done: so many, from the first on, came to
 * `stop`; the others are for oracle_run(). The second function gives the outcome of one, until the next
 * oracle_run_many().
 */
enum { ORACLE_MAX_MANY = 16, ORACLE_MANY_STOP = 14 };
struct error *oracle_run_many(struct oracle *o, const struct oracle_case *cases, size_t num, size_t *ret_done);
struct error *oracle_many_outcome(struct oracle *o, const struct oracle_case *c, size_t index,
				  struct oracle_outcome *ret);

/*
 * What the CPU makes of bytes as an instruction: `len` of them, at the end of a page behind which there is none, from
 * registers of which rbx, rsp, rbp, rsi and rdi point into a page that can be read and written, rcx is 1, and the
 * others 0. What it does is not told.
 */
enum oracle_probe_end {
	ORACLE_PROBE_OPEN,    /* nothing is known: the process did not survive it */
	ORACLE_PROBE_REFUSED, /* an invalid opcode (#UD) */
	ORACLE_PROBE_LONGER,  /* the instruction has more bytes */
	ORACLE_PROBE_DONE,    /* it completed: moved */
	ORACLE_PROBE_FAULT,   /* another fault: it is known, and its length is not */
};

struct oracle_probe {
	uint8_t bytes[ISA_MAX_INSN_LEN], len;
	enum oracle_probe_end end;
	int64_t moved;    /* of ORACLE_PROBE_DONE: by how much the PC did: its length, unless it jumps */
	int signal, code; /* of ORACLE_PROBE_FAULT: the kernel's */
};

/* Fills in how the probes end. ERROR_UNSUPPORTED: not on this host. */
struct error *oracle_run_probes(struct oracle *o, struct oracle_probe *probes, size_t num);

/*
 * The memory of a finding's guest: copies the page (of MEMORY_PAGE bytes) at address to ret, and tells whether the
 * guest may write there. ERROR_FAULT: the guest has no such page; other errors end the adjudication.
 */
struct oracle_pages {
	void *ctx;
	struct error *(*read)(void *ctx, uint64_t address, uint8_t *ret, bool *ret_writable);
};

/*
 * Runs a finding's instruction with its inputs. Pages are asked for when the instruction turns out to touch them; a
 * page that `pages` does not have faults, as it does in the guest. The outcome's memory is the pages touched, whole. Of
 * a repeated string instruction one iteration is done. An outcome that is not the same when the instruction is run
 * again, on pages that have been accessed, is ORACLE_OPEN. Errors as of oracle_run(), and those of `pages`.
 */
struct error *oracle_adjudicate(struct oracle *o, const struct insn *insn, const struct state *before,
				const struct oracle_pages *pages, struct oracle_outcome *ret);

#endif
