/* validate selftest: the emulator that words of AArch64 are run in, as --against names it. */
#ifndef CMD_VALIDATE_EMULATOR_H
#define CMD_VALIDATE_EMULATOR_H

#include "cmd/validate/selftest.h"
#include "lib/oracle/vectors.h"

enum { EMULATOR_BATCH = 32 /* trials */ };

struct emulator;

/* Starts it, and prints what it says of itself; vectors become those of its CPU. ERROR_USAGE: none has that name. */
struct error *emulator_start(const struct isa *isa, const struct selftest_options *options, struct vectors *vectors,
			     struct emulator **ret);
/* NULL is fine. */
void emulator_end(struct emulator *e);

const char *emulator_name(const struct emulator *e);

/* How many states of each word are worth while: a translation is dearer than an execution. */
unsigned emulator_states(const struct emulator *e);

/* The state before, by the trial's word and seed. */
void emulator_make_state(const struct emulator *e, struct vectors_trial *trial);

/* At most a batch; another one can be submitted before it is collected. */
struct error *emulator_submit(struct emulator *e, struct vectors_trial *trials, unsigned num);
struct error *emulator_collect(struct emulator *e, struct vectors_trial *trials, unsigned num);

#endif
