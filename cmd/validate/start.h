/* The target that the command line asks for. */
#ifndef CMD_VALIDATE_START_H
#define CMD_VALIDATE_START_H

#include "cmd/validate/command.h"
#include "lib/evlog/evlog.h"
#include "lib/target/target.h"

struct start_options {
	bool qemu;
	const char *emulator, *cpu;
	struct option_list emulator_args;
	const char *sysroot;
	const char *remote;
};

/* ERROR_USAGE for options that do not go together. */
struct error *start_check(const struct start_options *options);

/* Starts program, or connects to a stub that has; it stands at its first instruction. log is borrowed for the call. */
struct error *start_target(const struct start_options *options, const struct isa *isa, const struct evlog_header *log,
			   const char *program, struct target **ret);

#endif
