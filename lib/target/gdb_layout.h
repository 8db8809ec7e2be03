/*
 * Where the registers of an ISA lie in what a stub sends: a table made once from the target description, so that a
 * reply is decoded without looking for anything.
 *
 * The image has all registers of the description, each at its offset (tdesc.h). Its first g_len bytes come by `g`, the
 * rest one by one with `p`.
 */
#ifndef LIB_TARGET_GDB_LAYOUT_H
#define LIB_TARGET_GDB_LAYOUT_H

#include "arch/arch.h"
#include "lib/base/vec.h"
#include "lib/rsp/client.h"
#include "lib/state/state.h"

/* Up to 64 bits of a word of the state. */
struct gdb_field {
	uint32_t offset; /* byte of the image where a load of 8 bytes has them */
	uint16_t by;     /* index into desc.regs */
	uint16_t word;
	uint8_t shift; /* of the bits in those 8 bytes */
	uint8_t bits;  /* 1-64 */
};

struct gdb_layout {
	const struct isa *isa;
	struct tdesc desc; /* owned */
	uint32_t g_len;    /* bytes that `g` gives */

	VEC(struct gdb_field) fields; /* by ISA register, ascending */
	uint32_t *first_field;    /* isa->num_regs + 1: register r has fields first_field[r] up to first_field[r + 1] */
	int32_t *shown_by;        /* by ISA register: index into desc.regs, or -1 when hidden */
	VEC(uint32_t) single;     /* indices into desc.regs: to be read with `p` */
	bool *on_request;         /* by ISA register: shown by one of these; NULL if there are none */
	VEC(const char *) unused; /* names in desc.regs, NULL at the end */
	uint64_t *hidden;         /* isa->num_words */

	/*
	 * x87 as QEMU's stub shows it: the eight registers in physical order, to be rotated by the top-of-stack field
	 * of fstat, in what is read, in what is written, or both. Indices into desc.regs.
	 */
	bool rotate, rotate_writes;
	bool swap_writes; /* the stub takes the halves of each 16 bytes of z0-z31 in the other order */
	uint32_t st[8], fstat;
};

/* Bytes to be allocated for an image: fields are loaded eight bytes at a time. */
static inline size_t gdb_image_size(const struct gdb_layout *l)
{
	return l->desc.size + 8u;
}

/* Takes desc over, on failure too. g_len: bytes in the first reply to `g`. */
struct error *gdb_layout_init(struct gdb_layout *l, const struct isa *isa, struct tdesc *desc, uint32_t g_len);
void gdb_layout_deinit(struct gdb_layout *l);

/* What the stub shows of this ISA register is not to be believed. */
void gdb_layout_hide(struct gdb_layout *l, uint32_t reg);

/* The reply to `g` into the image. missing: 0xff for each byte that the stub calls unavailable ("xx"). */
struct error *gdb_decode_g(const struct gdb_layout *l, const struct rsp_reply *reply, uint8_t *image, uint8_t *missing,
			   bool *ret_any_missing);

/* The same for the reply to `p` of desc.regs.at[index]. */
struct error *gdb_decode_p(const struct gdb_layout *l, uint32_t index, const struct rsp_reply *reply, uint8_t *image,
			   uint8_t *missing, bool *ret_any_missing);

/* Image to state; missing may be NULL. What a register of desc.regs shows that is stale is unknown. */
void gdb_image_to_state(const struct gdb_layout *l, const uint8_t *image, const uint8_t *missing, const bool *stale,
			struct state *ret);

/* Puts one register of the state into the image. */
void gdb_reg_to_image(const struct gdb_layout *l, const struct state *from, uint32_t reg, uint8_t *image);

/* Puts the x87 registers of the image, as read, into the ISA's order, and back. */
void gdb_rotate_in(const struct gdb_layout *l, uint8_t *image);
void gdb_rotate_out(const struct gdb_layout *l, uint8_t *image);
/* From the ISA's order into the one for writing all at once. */
void gdb_rotate_for_writing(const struct gdb_layout *l, uint8_t *image);

/*
 * As which register of the description the stub takes the one that shown_by names. The image, for the top of the stack,
 * may be in either order.
 */
uint32_t gdb_written_as(const struct gdb_layout *l, const uint8_t *image, uint32_t index);

#endif
