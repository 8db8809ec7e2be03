/*
 * The environment of a guest that an emulator starts, exactly as asked for: order, duplicates, and strings without '='
 * included.
 *
 * Nothing of it goes through the emulator's own environment or command line, where it would be obeyed (LD_PRELOAD,
 * BASH_ENV, QEMU_STRACE) or taken apart (QEMU's -E splits at commas). The emulator gives its guest variables of our
 * naming, of the same number and lengths, and while the guest stands at its entry what it finds on its stack is
 * replaced. Variables that come from elsewhere, of a script that starts the emulator, are taken away.
 */
#ifndef LIB_TARGET_GUEST_ENV_H
#define LIB_TARGET_GUEST_ENV_H

#include "lib/target/target.h"

/* "NAME=xxx", in whose place the variable with that index will be; *ret comes from malloc(). */
struct error *guest_env_stand_in(const char *variable, size_t index, char **ret);

/*
 * The guest stands at its entry, and its stack has the stand-ins for the num variables at envp, in any order: puts
 * these there. ERROR_TARGET if some are missing or do not lie one behind the other.
 */
struct error *guest_env_put(struct target *t, const char *const *envp, size_t num);

#endif
