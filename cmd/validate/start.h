/* The target that the command line asks for. */
#ifndef CMD_VALIDATE_START_H
#define CMD_VALIDATE_START_H

#include "cmd/validate/command.h"
#include "lib/evlog/evlog.h"
#include "lib/target/target.h"

/* How the steps of an emulator that is started are seen. */
enum lane {
	LANE_AUTO, /* by its log, if it has one that can be read, else by its stub */
	LANE_LOG,
	LANE_GDB,
};

struct start_options {
	bool qemu;
	const char *emulator, *cpu;
	struct option_list emulator_args;
	const char *sysroot;
	const char *remote;
	bool no_sandbox;
	enum lane lane;
	bool blocks;
	bool stands; /* nothing is seen of its steps but where it stands; no option, for closer looks */
};

/* clang-format off */
/* The rows of its options, for a command whose options are a type with a struct start_options as member. */
#define START_ROWS(type, member) \
	{"qemu", 0, NULL, "start the QEMU that the program's ELF header asks for", offsetof(type, member.qemu), option_flag}, \
	{"emulator", 'e', "PATH", "start this build of it; by default the one of the variable\nVALIDATE_QEMU_X86_64, else qemu-x86_64 on PATH", offsetof(type, member.emulator), option_text}, \
	{"cpu", 0, "MODEL", "CPU model of the emulator or of unicorn, by QEMU's name", offsetof(type, member.cpu), option_text}, \
	{"emulator-arg", 0, "ARG", "further argument of the emulator; may be repeated", offsetof(type, member.emulator_args), option_list}, \
	{"sysroot", 0, "DIR", "where a dynamic program of another machine finds its loader and libraries", offsetof(type, member.sysroot), option_text}, \
	{"lane", 0, "LANE", "see what a QEMU that is started does in its own log, while it runs freely (log), or\nthrough its GDB stub, step by step (gdb); auto, if not given: in the log if it has one", offsetof(type, member.lane), option_lane}, \
	{"granularity", 0, "WHAT", "insn, if not given: QEMU translates each instruction alone; block: blocks, as it does in\nproduction, whose starts its log shows", offsetof(type, member.blocks), option_granularity}, \
	{"sandbox", 0, "MODE", "lock the emulator that is started in (on), or do not (off)", offsetof(type, member.no_sandbox), option_off}, \
	{"remote", 0, "WHERE", "use a GDB stub that already listens: HOST:PORT or unix:PATH", offsetof(type, member.remote), option_text}
/* clang-format on */

struct error *option_lane(const char *arg, void *target);        /* enum lane */
struct error *option_granularity(const char *arg, void *target); /* bool: "block" is true, "insn" false */

/* The target is another process. */
bool start_needs_others(const struct start_options *options);

/* ERROR_USAGE for options that do not go together. */
struct error *start_check(const struct start_options *options);

/*
 * Starts program, or connects to a stub that has; it stands at its first instruction. log is borrowed for the call.
 * *ret_refused: LANE_AUTO, and why this emulator has no log that can be read, so that it will be stepped; else NULL.
 * The caller's to destroy.
 */
struct error *start_target(const struct start_options *options, const struct isa *isa, const struct evlog_header *log,
			   const char *program, struct target **ret, struct error **ret_refused);

#endif
