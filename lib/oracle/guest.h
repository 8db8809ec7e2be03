/*
 * The memory of a self-test's case: a few pages at arbitrary addresses, and what the model asks of them.
 */
#ifndef LIB_ORACLE_GUEST_H
#define LIB_ORACLE_GUEST_H

#include "lib/expr/eval.h"
#include "lib/oracle/oracle.h"
#include "lib/state/memory.h"

enum { GUEST_MAX_PAGES = 12 };

struct guest_page {
	uint64_t address;
	bool writable;
	uint8_t data[MEMORY_PAGE];
};

/* Not canonical: stands for all addresses that cannot be mapped. */
#define GUEST_NO_ADDRESS (UINT64_C(1) << 63)

struct guest {
	struct guest_page pages[GUEST_MAX_PAGES];
	size_t len;
	/* Of the evaluation at hand: loads that succeeded, and the one that did not. */
	unsigned hits;
	bool missed;
	uint64_t miss_address;
	unsigned miss_len;
	/* Loads from nowhere succeed and give zeros, and are counted if they touch this address. */
	bool lenient;
	uint64_t suspect; /* GUEST_NO_ADDRESS: any that the kernel cannot map */
	unsigned suspect_misses;
};

/* The page around address, or NULL. */
struct guest_page *guest_find(struct guest *g, uint64_t address);

/* A new page around address, its contents left to the caller; NULL if there is no room or the kernel maps none there.
 */
struct guest_page *guest_add(struct guest *g, uint64_t address, bool writable);

/* All of [address, address + len) is mapped, and writable if that is asked. */
bool guest_covers(struct guest *g, uint64_t address, size_t len, bool writable);

/* Copies bytes in; parts without a page are left out. */
void guest_write(struct guest *g, uint64_t address, const void *bytes, size_t len);

/* Addresses of this range can be had from the kernel: user space without its ends. */
bool guest_mappable(uint64_t address, size_t len);

/* [address, address + len) contains the suspect. */
bool guest_is_suspect(const struct guest *g, uint64_t address, size_t len);

/* The memory of an evaluation. */
struct eval_memory guest_memory(struct guest *g);

/* The pages as ranges of a case. */
size_t guest_ranges(const struct guest *g, struct oracle_range ret[GUEST_MAX_PAGES]);

#endif
