/*
 * Where the registers of a state are in what unicorn shows: a raw image, made by one request for all of them, and a
 * field of it for each. Private to the unicorn target.
 */
#ifndef LIB_TARGET_UNICORN_LAYOUT_H
#define LIB_TARGET_UNICORN_LAYOUT_H

#include "lib/base/vec.h"
#include "lib/target/unicorn_machine.h"

/* One register of the state. */
struct unicorn_field {
	uint32_t reg;
	uint32_t source; /* of layout->ids */
	uint32_t at;     /* bytes into the raw image */
	uint16_t shift;  /* bits above that */
	uint16_t width;  /* bits */
	uint16_t word;   /* in the state */
};

/* One word of the state: eight bytes of the raw image, shifted and masked. A hidden word has no bits in its mask. */
struct unicorn_word {
	uint32_t at;
	uint16_t shift;
	uint16_t word;
	uint64_t mask;
};

struct unicorn_layout {
	const struct isa *isa;
	VEC(int) ids;       /* what is asked for, each once */
	VEC(uint32_t) at;   /* where each goes in the raw image, bytes */
	VEC(void *) values; /* room for the request: pointers into a raw image */
	size_t size;        /* of a raw image, bytes */
	VEC(struct unicorn_field) fields;
	VEC(struct unicorn_word) words; /* all of the state */
	uint64_t *hidden;               /* isa->num_words: bits that no field shows */
	uint64_t *unknown;              /* isa->num_words: those of them that registers have */
};

struct error *unicorn_layout_init(struct unicorn_layout *l, const struct isa *isa,
				  const struct unicorn_machine *machine);
void unicorn_layout_deinit(struct unicorn_layout *l);

/* Fills raw, l->size bytes of zeroes or of an earlier image. False if unicorn refuses. */
bool unicorn_read_raw(struct unicorn_layout *l, uc_engine *uc, uint8_t *raw);
/* The image in the state's terms; what no field shows becomes unknown. */
void unicorn_raw_to_state(const struct unicorn_layout *l, const uint8_t *raw, struct state *ret);
/* Puts registers into the image, and writes what holds them. ERROR_UNSUPPORTED for a hidden one. */
struct error *unicorn_write_regs(struct unicorn_layout *l, uc_engine *uc, uint8_t *raw, const struct state *from,
				 const uint32_t *regs, size_t num_regs);

#endif
