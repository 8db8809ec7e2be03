/* A folder of its own for each test, and what tests do with files. Fixtures for tcase_add_checked_fixture(). */
#ifndef LIB_TESTING_SCRATCH_H
#define LIB_TESTING_SCRATCH_H

#include <stddef.h>

enum { SCRATCH_PATH_LEN = 128 };

void scratch_setup(void);
/* Removes the folder with everything in it. */
void scratch_teardown(void);

/* The folder, and the path of a name in it. */
const char *scratch_folder(void);
void scratch_path(const char *name, char ret[SCRATCH_PATH_LEN]);

void put_file(const char *path, const void *bytes, size_t len);

/* The first word that a shell command prints; "" if it prints none. */
enum { WORD_LEN = 256 };
void first_word(const char *command, char ret[WORD_LEN]);

#endif
