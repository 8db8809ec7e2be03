/* What a command writes is nothing that it reads, and no two things that it writes are one. */
#ifndef LIB_BASE_APART_H
#define LIB_BASE_APART_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"

struct apart_file {
	const char *name; /* how the user calls it: "--report", "the event log" */
	const char *path; /* NULL: not given; "-" is a stream, and no file */
	bool written;
};

/*
 * ERROR_USAGE for a file that is to be written and is another of the list as well: the same file by other paths, links
 * or hard links, or the same that is yet to be made. Devices and FIFOs can be several things at once.
 */
struct error *apart_check(const struct apart_file *files, size_t num);

#endif
