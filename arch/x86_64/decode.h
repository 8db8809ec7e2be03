/*
 * x86-64 machine code -> fields, and the row of the opcode table that they are of (encoding.h). Capstone has a part in
 * the names of EVEX instructions alone, which the table does not have.
 */
#ifndef ARCH_X86_64_DECODE_H
#define ARCH_X86_64_DECODE_H

#include <capstone/capstone.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/arch.h"
#include "arch/x86_64/encoding.h"

enum x86_map {
	X86_MAP_1 = 1, /* one-byte opcodes */
	X86_MAP_0F,
	X86_MAP_0F38,
	X86_MAP_0F3A,
	X86_XOP_8 = X86_MAP_1 + 8, /* of XOP: 08, 09, 0A */
	X86_XOP_9,
	X86_XOP_A,
};

enum { X86_REP = 0xf3, X86_REPNE = 0xf2, X86_FS = 0x64, X86_GS = 0x65 };

/* Numbers in base and index besides those of the general registers. */
enum { X86_NO_REG = 0xff, X86_RIP_BASE = 0xfe };

struct x86_raw {
	uint8_t len;
	bool too_long; /* it would need more bytes than an instruction may have */

	/* Prefixes. Segment overrides other than FS and GS mean nothing in 64-bit mode (SDM vol. 1, 3.4.2.1). */
	bool lock, opsize, addrsize;
	uint8_t rep;      /* the last of F2 and F3, or 0 */
	uint8_t segment;  /* X86_FS, X86_GS or 0 */
	uint8_t override; /* the last segment override of whatever segment, or 0 */
	bool overruled;   /* there were overrides of two segments, or REX in front of another prefix */
	uint8_t rex;      /* 0: none */
	bool w;           /* REX.W or VEX.W */
	bool vex, evex;   /* vex: also of XOP */
	bool xop;
	bool vex_spoilt;  /* VEX, XOP or EVEX behind LOCK, 66, F2, F3 or REX: #UD (SDM vol. 2, 2.3.2) */
	uint8_t vex_l;    /* VEX.L */
	uint8_t vex_vvvv; /* the register, not inverted */
	uint8_t vex_pp;   /* 0, 1: 66, 2: F3, 3: F2 */
	bool near16;      /* 66 gives a near branch an operand of 16 bits */
	bool pause_r8;    /* F3 90 with REX.B */

	uint8_t map;       /* enum x86_map */
	uint8_t opcode_at; /* where the opcode itself starts: its escape bytes or the VEX prefix */
	uint8_t opcode;
	bool has_modrm;
	bool group; /* ModRM selects the instruction */
	uint8_t modrm;
	uint8_t mod, reg, rm; /* reg and rm with their extensions */
	uint8_t suffix;       /* of 3DNow!: the byte behind the operands */

	/* Memory operand: base + index * scale + disp. */
	bool is_mem;
	uint8_t base, index, scale;
	int64_t disp;

	uint8_t imm_at, imm_len; /* bytes; all immediates together */
	uint64_t imm;            /* the first, sign-extended */
	uint8_t imm2;            /* ENTER, EXTRQ, INSERTQ: the second */

	const struct x86_row *row; /* NULL: none has these fields */
	size_t next_row;           /* where to look on, x86_find_row() */
	const char *rule;          /* without a row: why it is #UD */
};

struct x86_decoder {
	csh handle;
	cs_insn *insn;
	const struct isa_cpu *cpu;   /* whose encodings; borrowed */
	char operands[ISA_TEXT_LEN]; /* of the instruction that was decoded last */
};

struct x86_decoded {
	struct x86_raw raw;
	const struct x86_form *form; /* NULL: EVEX */
	const char *mnemonic, *operands;
	uint32_t vendor_rows; /* that had a part in it (insn.vendor_rows) */
};

struct error *x86_decoder_init(struct x86_decoder *d);
void x86_decoder_deinit(struct x86_decoder *d);

/* In what processors differ when they take bytes apart. */
enum {
	X86_NEAR16 = 1,  /* 66 gives near branches operands of 16 bits: VENDOR_NEAR_BRANCH_66 */
	X86_XCHG_R8 = 2, /* PAUSE with REX.B is XCHG R8, RAX: VENDOR_PAUSE_R8 */
};

/*
 * The fields of the bytes: LIFT_DONE or LIFT_TRUNCATED; ways: X86_NEAR16... raw->len is valid for LIFT_DONE.
 */
enum lift_status x86_parse(const uint8_t *bytes, size_t len, unsigned ways, struct x86_raw *ret);

/* The opcode is that of a near branch: the operand is the next RIP, or what is added to it. */
bool x86_is_near_branch(const struct x86_raw *raw);

/* Decodes one instruction. The result points into d and is valid until the next call. */
enum lift_status x86_decode(struct x86_decoder *d, uint64_t pc, const uint8_t *bytes, size_t len,
			    struct x86_decoded *ret);

#endif
