/*
 * Closer looks: where a run in QEMU's log cannot tell which instruction a difference is of, its stretch of the run is
 * run again in a fresh emulator, that comes there at full speed and is looked at in smaller steps from there on.
 */
#ifndef CMD_VALIDATE_CLOSER_H
#define CMD_VALIDATE_CLOSER_H

#include "cmd/validate/start.h"
#include "lib/lockstep/lockstep.h"

struct closer_looks {
	const struct start_options *start;
	const char *log, *program; /* paths */
	const struct isa *isa;
	const struct lockstep_options *options; /* of the first run */
	unsigned looks;                         /* so far */
};

/* At all stretches of `run`, as this had them with options->blocks, for which one is wanted. Its findings are then as
 * the closer looks have them; what went wrong with these is said there. */
struct error *look_closer(struct closer_looks *c, struct run *run);

#endif
