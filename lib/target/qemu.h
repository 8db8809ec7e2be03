/*
 * A guest in QEMU's user mode: starts the emulator, connects to its GDB stub over a Unix socket of its own, and ends
 * it.
 *
 * The guest gets exactly the given arguments and environment, its standard streams, if they are not to be ours, are
 * /dev/null (what it writes to standard error goes where QEMU's own messages go: its end appears in errors), and it
 * lives in a session of its own, so that the terminal's signals do not reach it. It never outlives the thread that
 * started it.
 */
#ifndef LIB_TARGET_QEMU_H
#define LIB_TARGET_QEMU_H

#include <sys/types.h>

#include "lib/target/gdb.h"

/* What a step is of a guest that runs freely. */
enum qemu_lane_steps {
	QEMU_LANE_NONE,   /* it does not: there is no log */
	QEMU_LANE_INSNS,  /* an instruction */
	QEMU_LANE_BLOCKS, /* a translation block, as the emulator makes it in production */
	QEMU_LANE_STANDS, /* from one place where it stands to the next: nothing in between is shown */
};

struct qemu_options {
	const char *emulator;          /* a path, or a name on PATH; NULL: see qemu_find_emulator() */
	const char *cpu;               /* -cpu; NULL: QEMU's default */
	const char *sysroot;           /* -L: where the guest finds its libraries first; NULL: nowhere else */
	const char *const *extra_args; /* further arguments of QEMU, NULL at the end; may be NULL */
	const char *program;           /* a path */
	const char *const *argv;       /* argv[0] on, NULL at the end; NULL: the program alone */
	const char *const *envp;       /* "NAME=VALUE", NULL at the end; NULL: nothing */
	bool sandbox;        /* lock the emulator in (lib/sandbox): for guests that make no calls of their own */
	bool share_streams;  /* the guest has our standard input, output and error */
	unsigned timeout_ms; /* of the start, and of every request later */
	enum gdb_ahead ahead;
	/* The guest may run freely, what it does being read from the emulator's log: target_flow(), on from the start.
	 * ERROR_UNSUPPORTED if this emulator has no such log, or its sandbox does not allow it one. */
	enum qemu_lane_steps log;
};

/*
 * The emulator to be started: wanted if not NULL, else what the variable VALIDATE_QEMU_NAME of our environment says
 * (NAME being the ISA's in capitals), else the ISA's usual one; searched on PATH unless it has a slash. *ret comes from
 * malloc(). ERROR_TARGET with the remedy if there is none.
 */
struct error *qemu_find_emulator(const struct isa *isa, const char *wanted, char **ret);

/* Starts the program, which is stopped at its first instruction (of the dynamic loader if it has one). */
struct error *target_qemu_create(const struct isa *isa, const struct qemu_options *options, struct target **ret);

/* The emulator's process, which the guest's file descriptors belong to. t: of target_qemu_create(). */
pid_t target_qemu_pid(const struct target *t);

#endif
