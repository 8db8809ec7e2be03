/*
 * Expressions as text and back: infix, with explicit widths where they do not follow, e.g.
 *     zext64(rax[31:0] + mem32[rsp + 0x10:64])
 * One grammar for reports, for `validate explain`, and for tests.
 */
#ifndef LIB_EXPR_PRINT_H
#define LIB_EXPR_PRINT_H

#include "lib/base/strbuf.h"
#include "lib/expr/transfer.h"

/* Names for people. Of registers: name(reg) gives the text, find(name, ret_reg, ret_width) the way back. Either may be
 * NULL: registers are then r0, r1, ... with an explicit width. */
struct expr_names {
	const char *(*name)(uint32_t reg);
	bool (*find)(const char *name, size_t len, uint32_t *ret_reg, unsigned *ret_width);
};

/* Appends the expression. Shared sub-expressions are printed where they stand. */
void expr_print(struct strbuf *out, const struct expr_pool *pool, expr_id id, const struct expr_names *names);

/* Reads what expr_print() wrote; ERROR_INPUT with the offset in place when text is something else. */
struct error *expr_parse(struct expr_pool *pool, const char *text, const struct expr_names *names, expr_id *ret);

/* A line for each fault, store and register:
 *     fault divide if rcx[31:0] == 0x0:32
 *     mem64[rsp - 0x8:64] = rax
 *     zf = ...
 *     access mem8[rdi]          (a load whose value nothing uses)
 * Sub-expressions that are large and used more than once get lines of their own first: "t1 = ..."; of an operator of
 * floating point that is its value, and t1.flags are its flags. */
void transfer_print(struct strbuf *out, const struct transfer *t, const struct expr_names *names);

/* "divide". */
const char *fault_name(enum fault_kind kind);

#endif
