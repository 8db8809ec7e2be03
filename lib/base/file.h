/*
 * Whole files: small ones read at once, and ones that get their name when they are complete.
 */
#ifndef LIB_BASE_FILE_H
#define LIB_BASE_FILE_H

#include "lib/base/error.h"
#include "lib/base/strbuf.h"

/*
 * Appends the file's contents to text; "-" is standard input. ERROR_INPUT for a file of more than max bytes: memory
 * stays bounded whatever the path leads to. text may have got a part of it when it fails.
 */
struct error *file_read(const char *path, size_t max, struct strbuf *text);

/*
 * A file that is written piece by piece under the name PATH.part, and renamed when it is complete: nobody ever finds a
 * half file under the name. What is there and no regular file (a FIFO, /dev/null) is written as it is.
 */
struct file_output {
	char *path, *final; /* final is NULL when path itself is written */
	int fd;
	uint64_t written; /* bytes handed to the kernel */
};

/* what is done with the file, for the message: "create the trace". Nothing is left to close if it fails. */
struct error *file_output_open(struct file_output *f, const char *path, const char *what);
struct error *file_output_write(struct file_output *f, const void *bytes, size_t len);
/* Closes the file and gives it its final name. */
struct error *file_output_finish(struct file_output *f);
/* Frees what f has; an unfinished file stays as PATH.part. */
void file_output_close(struct file_output *f);

/* All of that at once; nothing stays of a file that cannot be written. */
struct error *file_write(const char *path, const void *bytes, size_t len);

/* Whether file_write() can be expected to work: to be found out before hours of work, not after. Changes nothing. */
struct error *file_check_write(const char *path);

/* FOLDER/NAME, or NAME alone if it is absolute or folder is NULL or "". The caller frees it; NULL when out of memory.
 */
char *file_join(const char *folder, const char *name);

#endif
