/*
 * How values and addresses are stored: the part that the encoder and the decoder share. A value is coded by a byte that
 * says how it follows from what both sides know, and where it does not, by its bytes.
 *
 * Each place where a value can occur in an instruction has a slot that remembers what fitted there last. Slots are
 * found by a hash that may collide: then they fit less often, no more. Private to lib/trace.
 */
#ifndef LIB_TRACE_VALUES_H
#define LIB_TRACE_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Codes. Data of a code stands in the data column that belongs to the code's. */
enum value_code {
	VALUE_AGAIN = 0,    /* the slot's kind fits */
	VALUE_STEP = 1,     /* the base value plus the slot's difference */
	VALUE_LAST = 2,     /* the slot's last value */
	VALUE_REGISTER = 3, /* data: word (1 byte), displacement (signed number): that word before the step plus it */
	VALUE_LOADED = 4,   /* data: which (1 byte): eight bytes of what the step loaded */
	VALUE_NEXT = 5,     /* the address behind the instruction */
	VALUE_DELTA = 8,    /* + n-1: the base value plus a difference of n bytes, signed; n is 1 to 8 */
	VALUE_LITERAL = 16, /* + n: n bytes; n is 0 to 8 */
	VALUE_NUM_CODES = 25,
};

struct value_slot {
	uint64_t last, step, displacement;
	uint8_t kind; /* VALUE_STEP to VALUE_NEXT; 0, in a new slot, is VALUE_STEP */
	uint8_t arg;
};

enum { VALUE_SLOT_BITS = 13, VALUE_LINE_BITS = 12, VALUE_MAX_LOADED = 8 };

/* Memory as it was last seen, in part: eight bytes by their address. */
struct value_line {
	uint64_t tag; /* address / 8 + 1; 0: empty */
	uint64_t data;
};

/* What both sides know. */
struct values {
	struct value_slot slots[1 << VALUE_SLOT_BITS];
	struct value_line lines[1 << VALUE_LINE_BITS];
	const uint64_t *words; /* registers before the step */
	size_t num_words;
	uint64_t loaded[VALUE_MAX_LOADED]; /* of this step */
	size_t num_loaded;
	uint64_t next; /* the address behind the instruction */
};

/* Forgets everything: a chunk begins. */
void values_clear(struct values *v);

/* Places of values in an instruction, for value_slot(). */
enum { PLACE_WORD = 0, PLACE_ADDRESS = 0x1000, PLACE_MEMORY = 0x2000 };

static inline struct value_slot *value_slot(struct values *v, uint32_t entry, uint32_t place)
{
	uint32_t hash = entry * UINT32_C(0x9e3779b1) + place * UINT32_C(0x85ebca6b);

	return &v->slots[hash >> (32 - VALUE_SLOT_BITS)];
}

/* What a kind gives; base is what the value replaces. */
static inline uint64_t value_of(const struct values *v, uint8_t kind, uint8_t arg, uint64_t displacement,
				const struct value_slot *slot, uint64_t base)
{
	switch (kind) {
	case VALUE_LAST: return slot->last;
	case VALUE_REGISTER: return arg < v->num_words ? v->words[arg] + displacement : 0;
	case VALUE_LOADED: return arg < v->num_loaded ? v->loaded[arg] : 0;
	case VALUE_NEXT: return v->next;
	default: return base + slot->step;
	}
}

/* Notes what the value was. */
static inline void value_seen(struct value_slot *slot, uint64_t base, uint64_t value)
{
	slot->step = value - base;
	slot->last = value;
}

/* Memory: what is at an address, as far as it is remembered (else 0), and what was seen there. len is 1 to 8. */
uint64_t values_remembered(const struct values *v, uint64_t address, unsigned len);
void values_remember(struct values *v, uint64_t address, unsigned len, uint64_t data);

static inline uint64_t value_ones(unsigned len)
{
	return len >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * len) - 1;
}

#endif
