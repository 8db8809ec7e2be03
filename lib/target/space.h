/*
 * The address space of a guest that runs inside this process: areas of guest addresses with access rights, and the host
 * memory behind each. An engine (the emulator) is told of every change.
 *
 * Knows no system calls (kernel.h) and no files (loader.h). Rights are those of mmap(2): PROT_READ, PROT_WRITE,
 * PROT_EXEC; an area with any right can be read. Owns the host memory.
 */
#ifndef LIB_TARGET_SPACE_H
#define LIB_TARGET_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

enum { SPACE_PAGE = 4096 };
/* Guests have the lower half of 48-bit addresses, as on Linux, less a page. */
#define SPACE_END ((UINT64_C(1) << 47) - SPACE_PAGE)

/* Who executes from this memory. Areas are whole pages; those without any right are not shown to it. */
struct space_engine {
	void *ctx;
	struct error *(*map)(void *ctx, uint64_t start, uint64_t len, int prot, void *host);
	struct error *(*unmap)(void *ctx, uint64_t start, uint64_t len);
	/* The bytes of an executable range have changed. */
	struct error *(*code_changed)(void *ctx, uint64_t start, uint64_t len);
};

struct space;

/* engine is copied; its ctx must outlive the space. */
struct error *space_create(const struct space_engine *engine, struct space **ret);
/* Frees the memory; the engine is not told. */
void space_destroy(struct space *s);

/* Ranges of the calls below are page-aligned and end at SPACE_END at the latest; if not, that is ERROR_BUG. */

/* Maps zeroes, in place of what was there. ERROR_OS if the host has not so much memory. */
struct error *space_map(struct space *s, uint64_t start, uint64_t len, int prot);
/* What is not mapped is no error. */
struct error *space_unmap(struct space *s, uint64_t start, uint64_t len);
/* Changes the rights of what is mapped in the range. */
struct error *space_protect(struct space *s, uint64_t start, uint64_t len, int prot);
/* Moves what is mapped in the range to another place, in place of what was there; the ranges do not overlap. */
struct error *space_move(struct space *s, uint64_t start, uint64_t len, uint64_t to);

/* Nothing of the range is mapped. */
bool space_is_free(const struct space *s, uint64_t start, uint64_t len);
/* How many bytes from the start, at most len, are mapped without a gap. */
uint64_t space_mapped(const struct space *s, uint64_t start, uint64_t len);
/* The highest free range of len bytes that ends at most at top; false if there is none. */
bool space_find_free(const struct space *s, uint64_t top, uint64_t len, uint64_t *ret);
/* The rights at an address; false if nothing is mapped there. */
bool space_rights(const struct space *s, uint64_t address, int *ret);

/* Any addresses: how many bytes from the start could be read. */
size_t space_read(const struct space *s, uint64_t address, void *ret, size_t len);
/* Whatever the rights. ERROR_FAULT names the first byte that is not mapped; those before it are written. */
struct error *space_write(struct space *s, uint64_t address, const void *data, size_t len);
/* Whatever is mapped in the range becomes zero. */
struct error *space_clear(struct space *s, uint64_t start, uint64_t len);

#endif
