/*
 * The address space of a guest that runs inside this process: areas of guest addresses with access rights, and the host
 * memory behind each. An engine (the emulator) is told of every change.
 *
 * Areas are memory of their own, or mappings of a file in memory: those are mappings of one such file of the host, so
 * that its kernel keeps them alike. What lies behind the file's end cannot be accessed.
 *
 * Knows no system calls (kernel.h) and no named files (loader.h). Rights are those of mmap(2): PROT_READ, PROT_WRITE,
 * PROT_EXEC; an area with any right can be read. Owns the host memory and the files.
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

/* Who executes from this memory. Areas are whole pages; those without any right, or without a file behind them that is
 * long enough, are not shown to it. */
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
/* Maps bytes of a file, from the page-aligned offset on. */
struct error *space_map_file(struct space *s, uint64_t start, uint64_t len, int prot, unsigned file, uint64_t offset,
			     bool shared);
/*
 * Maps what `end` is or would be in the area before it, which may end there or go on: the file's next bytes, with its
 * rights; zeroes where there is no file.
 */
struct error *space_map_next(struct space *s, uint64_t start, uint64_t len, uint64_t end);
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

/* Area i, ascending; false: there are no more. Neighbours may have the same rights. */
bool space_area(const struct space *s, size_t i, uint64_t *ret_start, uint64_t *ret_len, int *ret_prot);

/* Any addresses: how many bytes from the start could be read. */
size_t space_read(const struct space *s, uint64_t address, void *ret, size_t len);
/* Whatever the rights. ERROR_FAULT names the first byte that is not mapped; those before it are written. */
struct error *space_write(struct space *s, uint64_t address, const void *data, size_t len);
/* The guest gives back what it has of the range (MADV_DONTNEED): memory of its own becomes zero, private mappings of a
 * file show the file again, shared ones stay. */
struct error *space_drop(struct space *s, uint64_t start, uint64_t len);

/* ---- Files in memory ---- */

/* An empty one. *ret is its number, from 1. It is there until space_destroy(). */
struct error *space_create_file(struct space *s, unsigned *ret);
bool space_has_file(const struct space *s, unsigned file);
/* The file becomes these bytes; nothing of it is mapped yet. */
struct error *space_fill_file(struct space *s, unsigned file, const void *data, size_t len);
/* ERROR_OS if it cannot be so long. */
struct error *space_resize_file(struct space *s, unsigned file, uint64_t size);
/* Bytes of a file become zero; its size stays. */
struct error *space_clear_file(struct space *s, unsigned file, uint64_t offset, uint64_t len);
/* Is the address mapped, but behind the end of its file? */
bool space_is_beyond(const struct space *s, uint64_t address);

/* The page around address, if code may be fetched there that stores to another area change: those of one file. NULL if
 * not. */
const uint8_t *space_changing_code(const struct space *s, uint64_t address);

#endif
