/*
 * What floating-point operators make of given values, in numbers: for reports.
 */
#ifndef LIB_EXPR_FP_SHOW_H
#define LIB_EXPR_FP_SHOW_H

#include "lib/base/strbuf.h"
#include "lib/expr/eval.h"

/*
 * Appends lines for each floating-point operator that id depends on, operands first: a line for each lane, and one for
 * the flags of all lanes and what the mode is.
 *     fadd(f32 sse)[1]: 0x1.8p+1, qNaN(0x12345) -> qNaN(0x12345)
 *     fadd(f32 sse): round down, flush operands: raises invalid, inexact
 * state, layout and memory as for expr_evaluate(), whose errors are returned.
 */
struct error *fp_show(struct strbuf *out, const struct expr_pool *pool, expr_id id, const uint64_t *state,
		      const struct reg_layout *layout, const struct eval_memory *memory);

#endif
