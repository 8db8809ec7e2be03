/* What tells one build of a program or library from another: the note NT_GNU_BUILD_ID that linkers write. */
#ifndef LIB_ELF_BUILD_ID_H
#define LIB_ELF_BUILD_ID_H

#include "lib/base/error.h"

/*
 * The build id of an open file in hexadecimal, which the caller frees; NULL for a file that is no ELF file or has none.
 * Errors: out of memory alone.
 */
struct error *elf_build_id(int fd, char **ret);

#endif
