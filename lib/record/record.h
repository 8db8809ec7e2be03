/*
 * Recording: runs a program on this machine's CPU (lib/target/native.h) or in QEMU (lib/target/qemu.h), and writes what
 * the outside world did to it to an event log (lib/evlog): every system call, every byte that the kernel wrote, every
 * signal, the end.
 *
 * One process with one thread: a call that would make another ends the recording before it is executed, and so does a
 * call that cannot be replayed. One that lib/sys does not know is the kernel's to refuse, which is recorded; if that
 * takes it, the recording ends. rseq fails with ENOSYS, because its memory is written at any
 * time.
 */
#ifndef LIB_RECORD_RECORD_H
#define LIB_RECORD_RECORD_H

#include <signal.h>

#include "lib/evlog/evlog.h"

struct record_options {
	const char *log;      /* where the event log goes */
	const char *recorder; /* this program and its version, for the log's header */
	char *const *argv;    /* the program, found as execvp() finds it, and its arguments; NULL-terminated */
	char *const *env;     /* NULL-terminated */
	bool embed_files;     /* the log carries what the program maps of files, not only their digests */
	const volatile sig_atomic_t *interrupted; /* as in struct native_options */
	bool via_qemu;                            /* in QEMU: a program of any ISA that there is a model of */
	/* The rest is for that: as in struct qemu_options. */
	const char *emulator, *cpu, *sysroot;
	const char *const *emulator_args;
};

struct record_result {
	uint64_t events, bytes; /* in the log */
	uint64_t refused;       /* of the events: calls that lib/sys does not know, and the kernel refused (sys.h) */
	bool killed;            /* by signal; else the program ended with status */
	int signal, status;
};

/*
 * Runs the program to its end. Its input and output are this process's. After an error the program is gone, and if its
 * recording had begun, LOG.part holds what was recorded so far, which the message tells.
 */
struct error *record_run(const struct record_options *options, struct record_result *ret);

/* The absolute path, without symbolic links, of the program that execvp(name) would run. ERROR_UNSUPPORTED, with the
 * remedy, for a script or a program of another ISA; isa may be NULL: of any that there is a model of. */
struct error *record_find_program(const char *name, const struct isa *isa, char **ret);

/* The ISA of such a program. */
struct error *record_program_isa(const char *path, const struct isa **ret);

#endif
