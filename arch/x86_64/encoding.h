/*
 * Encodings and operands of instructions as the manuals write them, and what the bytes say of them.
 *
 * ---- How to write a row ----
 *
 * A row of a family's table is an encoding, as the instruction's page in SDM vol. 2 heads it:
 *
 *     ROW("add",  "01 /r",                 "Ev Gv",    BASE, "WWWWWW-", X86_LOCK, build_add, CARRY_OUT),
 *     ROW("pop",  "8F /0 d64",             "Ev",       BASE, "-------", 0,        build_pop, 0),
 *     ROW("andn", "VEX.LZ.NP.0F38 F2 /r",  "Gy By Ey", BMI1, "0WWUU0-", 0,        build_andn, 0),
 *     SIMD_ROW("paddb", "66 0F FC /r", "WIG", "Vx Hx Wx", SSE2, AVX, AVX2, build_lanes, LANES(VADD, 8)),
 *
 * Of the rows that an opcode has, in the order of the tables, the first counts whose conditions all hold; so what is
 * more special stands first. Where none does the instruction is #UD, and the condition that failed is the reason given.
 *
 * Encoding, words with blanks between them (SDM vol. 2, 3.1.1.1):
 *   NP NFx 66 F2 F3  in front of the opcode. NP: none of 66, F2 and F3. NFx: neither F2 nor F3; 66 is the operand size.
 *                    66: that, without F2 and F3. F2, F3: the last of the two, whatever 66 is. With none of these words
 *                    66 is the operand size, and F2 and F3 mean nothing.
 *   REX.W W0 W1      REX.W or VEX.W is 1; 0; 1. Without any it does not select (VEX: the same as WIG).
 *   o16 o32 o64      the operand size is that one. a32 a64: the address size. REX.B0: REX.B is 0.
 *   VEX.L.PP.MAP.W   in place of prefixes and escape bytes: L is 128 or LZ (L must be 0), 256 (1), LIG (any); without
 *                    any, both lengths are there, and operands of type x, ps, pd, h, f, e have it. PP is NP, 66, F3 or
 *                    F2; MAP 0F, 0F38 or 0F3A; W is WIG, W0, W1. PP and MAP may also follow as words of their own.
 *                    VEX.vvvv must be 1111b unless an operand is in it (letters H, B).
 *   XOP.L.MAP.W      likewise, MAP being 08, 09 or 0A (APM vol. 3, 1.9.1)
 *   0F, 0F 38, 0F 3A the escape bytes; then
 *   XX               the opcode. XX+r: its low three bits are a register (letter Z).
 *   /r /0 ... /7     a ModRM byte; with a digit, ModRM.reg must have it
 *   XX, XX+i         (behind the opcode) the ModRM byte must be this one; +i: but for its low three bits, a register
 *   XX               (behind /r or a digit) the byte behind the memory operand's displacement, or else behind ModRM,
 *                    must be this one: "0F 0F /r 9E" (3DNow!). Then all rows of the opcode have such a byte.
 *   d64 f64          operands of type v have 64 bits unless 66 makes them 16; whatever 66 is (SDM vol. 2, A.2.5)
 *   Immediates are not written here: operands have them.
 *
 * Operands, words with blanks between them, the destination first: a letter and a type (SDM vol. 2, A.2.1, A.2.2).
 *   E  general register or memory in ModRM.rm     G  general register in ModRM.reg    R  in ModRM.rm, no memory
 *   B  in VEX.vvvv                                Z  in the opcode's low three bits   M  memory, no register
 *   W  XMM or YMM or memory in ModRM.rm           V  in ModRM.reg                     U  in ModRM.rm, no memory
 *   H  in VEX.vvvv                                L  in bits 7-4 of an immediate byte
 *   Q  MMX or memory in ModRM.rm                  P  in ModRM.reg                     N  in ModRM.rm, no memory
 *   S  segment register in ModRM.reg              C  control register                 D  debug register
 *   I  immediate                                  J  immediate: a distance from the next instruction
 *   O  memory at an absolute address behind the opcode
 *   X, Y  memory at rSI, at rDI. Beside them all operands are implied by the name, and there for the reader alone.
 *   Letters whose form is implied make it a condition: M is #UD with a register, R, U, N with memory. E, W, Q take
 *   both. "Ux/Mq": the former for a register, the latter for memory. Beside C and D, ModRM.mod is ignored.
 *   Registers by name: AL CL AX DX rAX (type v) eAX (z) DS ES FS GS SS XMM0 ST0; STi: in the low bits of ModRM;
 *   the number 1. H and B are left out where the encoding has no VEX: one text serves both, as SIMD_ROW writes it.
 *
 * Types, bits:
 *   b 8   w 16   d 32   q 64   dq 128   qq 256   ss 32   sd 64   bs an immediate of 8, sign-extended
 *   v 16, 32 or 64 by the operand size   y 32, or 64 with W   p a far pointer: z or 64, and 16
 *   z of an immediate 16, or 32 for the operand sizes 32 and 64
 *   x, ps, pd  128 or 256 by the vector length   h, f, e  half, a fourth, an eighth of that
 *   k a mask register   vx  a vector of addresses' indices (VSIB): the operands are several of them
 *   bytes in figures: "M512"; "M14/28": with 66 (but for REX.W), and without. Nothing: an address alone.
 *   A register of letter V, W, U, H or L is a whole XMM register whatever part of it is used, a YMM one for 256.
 */
#ifndef ARCH_X86_64_ENCODING_H
#define ARCH_X86_64_ENCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct x86_form;
struct x86_raw;

/* How the opcode map is chosen. */
enum x86_space { X86_LEGACY, X86_VEX, X86_XOP, X86_NUM_SPACES };

/* Letters that are none of the manual's. */
enum x86_letter {
	X86_FIXED_GPR = 'a',
	X86_FIXED_SEGMENT = 's',
	X86_FIXED_XMM = 'x',
	X86_FIXED_ST = 't',
	X86_MODRM_ST = 'i',
	X86_ONE = '1',
};

enum x86_type {
	X86_TYPE_NONE,
	X86_TYPE_BITS,   /* x86_size.bits */
	X86_TYPE_SIGNED, /* an immediate likewise, sign-extended to the first operand */
	X86_TYPE_V,
	X86_TYPE_Y,
	X86_TYPE_Z,
	X86_TYPE_P,
	X86_TYPE_X, /* x86_size.bits: by how much it is divided */
	X86_TYPE_K,
	X86_TYPE_VSIB,
};

struct x86_size {
	uint8_t type;     /* enum x86_type */
	uint16_t bits;    /* of X86_TYPE_BITS */
	uint16_t bits_66; /* ... with 66 */
};

/* An operand's place and size. */
struct x86_field {
	uint8_t letter;               /* or enum x86_letter */
	uint8_t number;               /* of a fixed register */
	struct x86_size size, memory; /* memory: where ModRM.rm is memory */
};

enum { X86_MAX_FIELDS = 5 };

struct x86_encoding {
	uint8_t space, map, opcode;
	uint8_t prefixes;          /* bit 0: none, 1: 66, 2: F3, 3: F2 is allowed: VEX.pp */
	uint8_t w, l;              /* bit n: W, L may be n */
	uint8_t osize;             /* bit n: the operand size may be 16 << n */
	uint8_t asize;             /* bit 0: 64, bit 1: 32 bits */
	uint8_t mods;              /* bit 0: memory, bit 1: a register in ModRM.rm */
	uint8_t modrm, modrm_mask; /* bits that ModRM must have */
	uint8_t suffix;            /* the byte behind the operands */
	bool has_modrm, has_suffix, plus_r, b0, uses_vvvv, has_segment, vsib, mod_ignored, d64, f64;
	bool implied; /* all operands: they are for the reader */
	uint8_t num_fields;
	struct x86_field fields[X86_MAX_FIELDS];
};

/* True: both texts are right, and ret is filled. */
bool x86_encoding_parse(const char *encoding, const char *operands, struct x86_encoding *ret);

/* Rows of an opcode. */
struct x86_row {
	struct x86_encoding encoding;
	const struct x86_form *form;
};

/*
 * The first row that the prefixes, opcode, ModRM and suffix of raw are of, from *at on, and *at behind it. NULL: none;
 * then *rule is why (static). A text that does not parse is no row: a test finds it.
 */
const struct x86_row *x86_find_row(const struct x86_raw *raw, size_t *at, const char **rule);

/* The prefix that selects, as VEX.pp counts: 0: none, 1: 66, 2: F3, 3: F2. */
unsigned x86_selecting_prefix(const struct x86_raw *raw);

/* What all rows of an opcode have: a ModRM byte, whose mod is ignored; a suffix; or one has: a digit. */
struct x86_shape {
	bool exists, has_modrm, mod_ignored, has_suffix, has_digit;
};

/* All false: there is no row of it. */
struct x86_shape x86_opcode_shape(const struct x86_raw *raw);

/* All rows, by opcode; an opcode with a register in it has eight. For tests and for who walks them. */
const struct x86_row *x86_rows(size_t *num);

/* It has memory at an absolute address behind the opcode (letter O). */
bool x86_has_absolute(const struct x86_encoding *e);

/* Bytes of the immediates. */
unsigned x86_immediate_len(const struct x86_encoding *e, const struct x86_raw *raw);

/* Bits of type v: 16, 32 or 64. */
unsigned x86_operand_size(const struct x86_encoding *e, const struct x86_raw *raw);

/* Bits of an operand, which is a vector's register, or something else; 0: it has no size. */
unsigned x86_field_bits(const struct x86_encoding *e, const struct x86_field *f, const struct x86_raw *raw);

#endif
