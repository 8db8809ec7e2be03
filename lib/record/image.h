/* The program headers of an ELF file: what of it is in memory, and where. */
#ifndef LIB_RECORD_IMAGE_H
#define LIB_RECORD_IMAGE_H

#include <elf.h>

#include "lib/base/error.h"
#include "lib/base/vec.h"

struct record_image {
	VEC(Elf64_Phdr) phdrs;
	uint64_t phdrs_at; /* address of the table in memory, as in the file; 0: in no segment */
	char *interpreter; /* the file that it names as its loader; NULL for a static program */
};

/* ERROR_OS if the file cannot be read, ERROR_INPUT if its headers cannot be. */
struct error *record_image_read(const char *path, struct record_image *ret);
void record_image_deinit(struct record_image *image);

#endif
