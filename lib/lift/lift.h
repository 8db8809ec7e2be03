/*
 * The transfer cache: instructions that were decoded, modelled and compiled once, by their address and bytes.
 *
 * A compiled program stays; the expressions that it was made from do not: lift_again() makes them anew for printing. An
 * entry is some 300 bytes and its program (prog_size()), together 1 to 4 kB for most instructions. Code that changes
 * itself gets a new entry for the same address, and finds the old one again when the old bytes come back.
 *
 * Does not read guest memory: the caller brings the bytes. A cache belongs to one thread.
 */
#ifndef LIB_LIFT_LIFT_H
#define LIB_LIFT_LIFT_H

#include "arch/arch.h"

struct lift_cache;

/*
 * An instruction. All but `count` is the cache's. Entries stay where they are until lift_cache_trim() or
 * lift_cache_destroy().
 */
struct lifted {
	/* First what every step looks at, up to insn.status. */
	struct prog *prog;       /* NULL: no prediction */
	uint64_t count;          /* for the user, who may count what he likes; 0 at first */
	uint32_t form;           /* which of the cache's forms (lift_cache_form()) */
	enum transfer_kind kind; /* LIFT_DONE only, as are the next two */
	bool env;                /* some output depends on the outside: adopted under the mask */
	bool undef;              /* some output may have undefined bits */
	bool conditional; /* each register that it writes, but for the PC, is left as it was under a condition: XRSTOR
			   */
	struct insn insn; /* LIFT_UNMODELLED also when the transfer's evaluation is not possible */
};

/* Instructions that count as the same for coverage: equal in status, insn.form and insn.encoding. Numbered from 0 in
 * the order of their first occurrence; they outlive the entries. */
struct lift_form {
	enum lift_status status;
	char form[ISA_FORM_LEN]; /* "add r32, m32"; of what cannot be decoded, "" */
	char encoding[ISA_ENCODING_LEN];
	const char *family; /* NULL when not decoded */
};

struct lift_stats {
	uint64_t hits;    /* calls of lift_cache_get() that found an entry */
	uint64_t lifted;  /* that made one */
	uint64_t emptied; /* times that lift_cache_trim() found the cache over its limit */
	size_t entries;   /* held now */
	size_t bytes;     /* of memory held now, without the fixed part and the scratch pool */
};

enum { LIFT_DEFAULT_LIMIT = 256 << 20 };

/* limit: bytes at which lift_cache_trim() empties the cache; 0: LIFT_DEFAULT_LIMIT. */
struct error *lift_cache_create(const struct isa *isa, size_t limit, struct lift_cache **ret);
void lift_cache_destroy(struct lift_cache *cache);

/* Chooses the transfers of repeated instructions, and empties the cache: no entry may be in use. */
void lift_cache_set_repeat(struct lift_cache *cache, enum repeat_step step);

/*
 * Chooses whether alignment is checked (isa->lifter_set_checks) in what lift_cache_get() finds from now on. Entries of
 * both kinds are kept.
 */
void lift_cache_set_checks(struct lift_cache *cache, bool on);

/* The CPU that instructions are lifted for; NULL if those of the ISA do not differ. Valid until it changes. */
const struct isa_cpu *lift_cache_cpu(const struct lift_cache *cache);
/* Another one, where there are any; empties the cache: no entry may be in use. */
void lift_cache_set_cpu(struct lift_cache *cache, const struct isa_cpu *cpu);

/*
 * Shows the lifter an executed entry that has `env`, with the state's words around it (isa->lifter_observe()). True:
 * the cache holds what may be wrong on this CPU, and lift_cache_empty() is due.
 */
bool lift_cache_observe(struct lift_cache *cache, const struct lifted *lifted, const uint64_t *before,
			const uint64_t *after);
/* No entry may be in use. */
void lift_cache_empty(struct lift_cache *cache);

/*
 * The instruction at the start of bytes, of which len are there: those up to the end of what can be read, of which no
 * more than isa->max_insn_len matter. What it is and whether it has a transfer is in insn.status; errors are want of
 * memory and our own bugs.
 */
struct error *lift_cache_get(struct lift_cache *cache, uint64_t pc, const uint8_t *bytes, size_t len,
			     struct lifted **ret);

/*
 * Empties the cache if it holds more than its limit. To be called now and then while no entry is in use:
 * lift_cache_get() never frees one.
 */
void lift_cache_trim(struct lift_cache *cache);

/*
 * Decodes and models an instruction past the cache, for display. The transfer belongs to the cache and is valid until
 * the next lift_again() or lift_cache_get(); it is empty unless the status is LIFT_DONE.
 */
struct error *lift_again(struct lift_cache *cache, uint64_t pc, const uint8_t *bytes, size_t len, struct insn *ret_insn,
			 const struct transfer **ret);

const struct isa *lift_cache_isa(const struct lift_cache *cache);
struct lift_stats lift_cache_stats(const struct lift_cache *cache);

/* Forms seen so far. The pointer is valid until the next lift_cache_get(). */
size_t lift_cache_num_forms(const struct lift_cache *cache);
const struct lift_form *lift_cache_form(const struct lift_cache *cache, size_t index);

#endif
