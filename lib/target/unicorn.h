/*
 * A guest in the unicorn emulator, inside this process: nothing has to be installed, and no other process runs.
 *
 * The program is loaded at the addresses of its log (loader.h). There is no kernel behind it but what a replay needs
 * (kernel.h). A submitted step does not execute a system call: STOP_SYSCALL. Steps take no signals.
 */
#ifndef LIB_TARGET_UNICORN_H
#define LIB_TARGET_UNICORN_H

#include "lib/evlog/evlog.h"
#include "lib/target/target.h"

struct unicorn_options {
	const struct evlog_header *log; /* of the run to be repeated; not needed once the target is there */
	const char *program;            /* path of the recorded program */
	const char *cpu;     /* a CPU model by QEMU's name for it; NULL and "max": the one with the most features */
	unsigned timeout_ms; /* of every request */
};

/* The program stands at its first instruction. ERROR_UNSUPPORTED if unicorn has no such machine or model; the message
 * lists those that it has. */
struct error *target_unicorn_create(const struct isa *isa, const struct unicorn_options *options, struct target **ret);

#endif
