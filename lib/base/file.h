/*
 * Whole files: small ones read at once, and ones that get their name when they are complete.
 */
#ifndef LIB_BASE_FILE_H
#define LIB_BASE_FILE_H

#include "lib/base/error.h"
#include "lib/base/strbuf.h"

/*
 * Appends the file's contents to text; "-" is standard input. ERROR_INPUT for a file of more than max bytes: memory
 * stays bounded whatever the path leads to. text may have got a part of it when it fails. The path is the user's own:
 * it may be a link, or a FIFO, for whose writer it waits until a signal comes (ERROR_INTERRUPTED).
 */
struct error *file_read(const char *path, size_t max, struct strbuf *text);

/* Waits until fd can be read. ERROR_INTERRUPTED if a signal came that is handled: whoever waits answers the first one.
 */
struct error *file_wait(int fd);

/*
 * Opens a regular file for reading, or nothing: FIFOs, sockets, devices, and files of procfs and sysfs are refused as
 * ERROR_INPUT before they are opened, and one of more than max bytes before it is read. *ret_fd is the caller's.
 */
struct error *file_open_regular(const char *path, uint64_t max, int *ret_fd, uint64_t *ret_size);

/*
 * The same of a file whose path stands in a document, which may be a stranger's: links are refused, too. With a folder,
 * name is a path within it, and no folder on the way is a link or leads up; without (NULL) only the last component must
 * be no link.
 */
struct error *file_open_named(const char *folder, const char *name, uint64_t max, int *ret_fd, uint64_t *ret_size);
struct error *file_read_named(const char *folder, const char *name, size_t max, struct strbuf *text);

/* Whether file_open_named() would open it; ERROR_OS (ENOENT) where it is not there. */
struct error *file_check_named(const char *folder, const char *name);

/*
 * A file that is written piece by piece under a name of its own, PATH.part, or PATH.2.part and so on where that is
 * taken, and renamed when it is complete: nobody ever finds a half file under the name, and what had the name PATH.part
 * before stays. What is there and no regular file (a FIFO, /dev/null) is written as it is.
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
/* Frees what f has; an unfinished file stays under its path. */
void file_output_close(struct file_output *f);

/* All of that at once; nothing stays of a file that cannot be written. */
struct error *file_write(const char *path, const void *bytes, size_t len);

/* Whether file_write() can be expected to work: to be found out before hours of work, not after. Changes nothing. */
struct error *file_check_write(const char *path);

/* FOLDER/NAME, or NAME alone if it is absolute or folder is NULL or "". The caller frees it; NULL when out of memory.
 */
char *file_join(const char *folder, const char *name);

#endif
