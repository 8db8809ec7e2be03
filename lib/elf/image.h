/*
 * An ELF file as a program to be run: what it is for, where it starts, and its symbols. By libelf; 64-bit little-endian
 * files only. Nothing is run, and no library that the program needs is looked at.
 */
#ifndef LIB_ELF_IMAGE_H
#define LIB_ELF_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

struct elf_image;

/* ERROR_OS if the file cannot be read, ERROR_INPUT if it is no executable that we can use. */
struct error *elf_image_open(const char *path, struct elf_image **ret);
void elf_image_close(struct elf_image *image);

/* EM_X86_64, EM_AARCH64, ... */
uint16_t elf_image_machine(const struct elf_image *image);
/* As in the file: for a position-independent program to be moved by its bias. */
uint64_t elf_image_entry(const struct elf_image *image);
/* Position-independent: loaded anywhere (ET_DYN). */
bool elf_image_is_pie(const struct elf_image *image);
/* Where the program headers are in memory (AT_PHDR), as in the file; 0: in no segment. */
uint64_t elf_image_phdrs(const struct elf_image *image);
/* The dynamic loader that it asks for, NULL for a static program. Belongs to the image. */
const char *elf_image_interp(const struct elf_image *image);

/* A segment to be loaded (PT_LOAD), as in the file; nothing in it has been checked. */
struct elf_segment {
	uint64_t start, end; /* addresses; never empty */
	uint64_t offset;     /* bytes into the file */
	uint64_t file_size;  /* bytes that come from there; the rest is zero */
	uint32_t flags;      /* PF_R, PF_W, PF_X */
};
/* In the file's order. They belong to the image. */
const struct elf_segment *elf_image_segments(const struct elf_image *image, size_t *ret_len);

/* The whole file. It belongs to the image. */
const uint8_t *elf_image_bytes(const struct elf_image *image, size_t *ret_len);

/*
 * The symbol that address, less the bias, lies in: its name, which belongs to the image, and how far behind its start
 * the address is. A symbol without a size reaches to the next one, at most to the end of its segment. NULL if there is
 * none.
 */
const char *elf_image_symbol(const struct elf_image *image, uint64_t address, uint64_t *ret_offset);

/* The address of a function or object by its name; false if there is none. Global symbols win over local ones. */
bool elf_image_address(const struct elf_image *image, const char *name, uint64_t *ret);

#endif
