/*
 * The opcode maps of x86-64, encoding by encoding, as the manuals number them (SDM vol. 2, appendix A; APM vol. 3,
 * appendix A), whether anything is there or not: each opcode with all that may select an instruction (66, F2, F3, LOCK,
 * W, L, pp, vvvv, ModRM.reg, memory or register operand; all ModRM bytes where they are opcodes). Knows nothing of any
 * decoder. EVEX encodings are not among them.
 */
#ifndef LIB_ORACLE_X86_64_MAPS_H
#define LIB_ORACLE_X86_64_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { X86_64_MAPS_LEN = 15, X86_64_MAPS_NAME = 48 };

/* Where a walk over the maps is: all zero at first. */
struct x86_64_maps {
	size_t space;
	unsigned opcode, selector, modrm;
};

struct x86_64_encoding {
	/* Behind the opcode and its operands' bytes there are zeros. */
	uint8_t bytes[X86_64_MAPS_LEN];
	char name[X86_64_MAPS_NAME];   /* "VEX.256.66.0F38.W0 9A /1 m" */
	char opcode[X86_64_MAPS_NAME]; /* "VEX.66.0F38 9A" */
};

/* The next one; false: that was the last. */
bool x86_64_maps_next(struct x86_64_maps *m, struct x86_64_encoding *ret);

#endif
