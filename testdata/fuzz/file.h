/* Inputs of the fuzzers as files, for readers that take a path. */
#ifndef TESTDATA_FUZZ_FILE_H
#define TESTDATA_FUZZ_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/error.h"

/* Room for the path of a file in memory. */
enum { FUZZ_PATH_LEN = 40 };

/* A new file in memory of these contents; path is its name until fd is closed. */
static inline int fuzz_file(const uint8_t *data, size_t size, char path[FUZZ_PATH_LEN])
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, FUZZ_PATH_LEN, "/proc/self/fd/%d", fd);
	return fd;
}

/* An input may be refused, in one line of printable text that says what is wrong with it; it must not show a bug. */
static inline void fuzz_refused(struct error *err)
{
	if (!err)
		return;
	if (err->code == ERROR_BUG || !err->message[0]) {
		fprintf(stderr, "refused by error %d: \"%s\"\n", (int)err->code, err->message);
		abort();
	}
	for (const char *c = err->message; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127) {
			fprintf(stderr, "a control character in \"%s\"\n", err->message);
			abort();
		}
	error_destroy(err);
}

#endif
