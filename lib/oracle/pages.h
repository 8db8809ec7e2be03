/*
 * The pages of a case in a process: pages of one shared file (the pool), mapped both here and there, so that filling
 * them and reading them back are plain copies. Mappings stay from case to case where the addresses do.
 */
#ifndef LIB_ORACLE_PAGES_H
#define LIB_ORACLE_PAGES_H

#include "lib/oracle/oracle.h"

/*
 * How the process maps page `index` of the pool, and unmaps it; prot as in mmap(2). With `data`, the page as we see it,
 * the process also accesses it in all ways that prot allows; what is in it does not matter then.
 */
struct pages_ops {
	struct error *(*map)(void *process, uint64_t address, size_t index, int prot, uint8_t *data);
	struct error *(*unmap)(void *process, uint64_t address);
};

/* A page of the pool. */
struct slot {
	uint64_t page; /* where the process has it */
	int prot;      /* 0: not mapped */
	int wanted;    /* prot in the case at hand; 0: not wanted */
	bool fresh;    /* the process has not accessed it */
};

struct pages {
	const struct pages_ops *ops;
	void *process;
	uint8_t *pool; /* not owned; slot i is its page i + 1 */
	/*
	 * Pages are accessed when they are mapped: there are virtual machines that fill their tables at the first
	 * access, and then lose the trap of a single step, or the instruction.
	 */
	bool touch;
	struct slot slots[ORACLE_MAX_PAGES];
};

/* No page is mapped, as in a new process; pages will be touched. */
void pages_init(struct pages *p, const struct pages_ops *ops, void *process, uint8_t *pool);

/*
 * Maps what the case wants and nothing else: an access to any other page must fault. First unmaps what it does not
 * want, then asks `make_way` (NULL: nothing) to take the process's own pages out of the way. ERROR_UNSUPPORTED: too
 * many pages, or addresses that cannot be.
 */
struct error *pages_map(struct pages *p, const struct oracle_case *c,
			struct error *(*make_way)(void *process, struct pages *p));

/* The case at hand has a page there; ctx is a struct pages. */
bool pages_wanted(void *ctx, uint64_t page);

/* The contents before, and after. */
void pages_fill(struct pages *p, const struct oracle_case *c);
void pages_read(struct pages *p, const struct oracle_case *c, struct oracle_outcome *ret);

/* The byte at address of the case at hand, NULL if it has none. */
uint8_t *pages_at(struct pages *p, uint64_t address);

/* The case at hand has a page that the process has not accessed; the second calls all of them accessed. */
bool pages_fresh(const struct pages *p);
void pages_entered(struct pages *p);

#endif
