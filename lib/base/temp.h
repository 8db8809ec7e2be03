/*
 * A temporary folder that its owner alone can enter, and that goes with it: what an owner left that was killed, a later
 * one removes.
 */
#ifndef LIB_BASE_TEMP_H
#define LIB_BASE_TEMP_H

#include <stddef.h>

#include "lib/base/error.h"

struct temp_folder {
	char *path;
	int fd; /* holds the lock that tells others of its owner */
};

/*
 * Makes a folder in $TMPDIR, or in /tmp where that is not absolute or has more than max_parent bytes (0: any will do).
 * Removes those before it whose owners are gone: of this user alone, and of those files in them alone that are named in
 * contents (NULL at its end).
 */
struct error *temp_folder_create(struct temp_folder *t, size_t max_parent, const char *const *contents);

/* Removes it with these files; a folder that was never made (path NULL) is fine. */
void temp_folder_remove(struct temp_folder *t, const char *const *contents);

#endif
