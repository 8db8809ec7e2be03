/*
 * What all starts of QEMU share, for use inside this folder: its command line and environment, and what is said of its
 * end.
 */
#ifndef LIB_TARGET_QEMU_START_H
#define LIB_TARGET_QEMU_START_H

#include "lib/base/vec.h"
#include "lib/target/child.h"

/*
 * Without address randomisation the kernel puts the heap of a static position-independent QEMU at 0x555555555000, where
 * QEMU in turn wants to put guests of that kind: it moves them between its own maps, where their break cannot grow.
 * With the guest's addresses moved out of the way, it gets the usual ones. 4 GiB suit hosts of small address spaces
 * too.
 */
#define QEMU_GUEST_BASE "0x100000000"

typedef VEC(const char *) qemu_words; /* borrowed strings */

struct error *qemu_add(qemu_words *list, const char *text);
/* NULL at the end of texts, which may be NULL. */
struct error *qemu_add_all(qemu_words *list, const char *const *texts);
struct error *qemu_add_pair(qemu_words *list, const char *option, const char *value);

/* The emulator's environment, ended with NULL, and the options by which the guest gets none of it. */
struct error *qemu_inherit(qemu_words *args, qemu_words *env);

/* "EMULATOR ended with status 1: MESSAGES". cpu: the model that was asked for, or NULL. */
struct error *qemu_describe_end(struct child *child, const char *emulator, int status, const char *cpu);

/* Takes err, or NULL; a refusal of the sandbox (NULL: there is none) is the reason for it, if there was one. */
struct error *qemu_prefer_refusal(struct error *err, struct sandbox *sandbox, const char *emulator);

#endif
