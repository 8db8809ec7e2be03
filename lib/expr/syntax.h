/*
 * What the printer and the parser share; private to lib/expr.
 */
#ifndef LIB_EXPR_SYNTAX_H
#define LIB_EXPR_SYNTAX_H

#include "lib/base/strbuf.h"
#include "lib/expr/op.h"
#include "lib/expr/transfer.h"

/* Of ENV leaves; none ends in a digit, because the width follows. */
extern const char *const syntax_env_names[ENV_NUM_INPUTS];

/* What a floating-point operator is of, as words with spaces between: "f32 sse quiet". */
void syntax_fp_print(struct strbuf *out, enum expr_op op, uint32_t attr);
/* Adds what a word says; false if the operator has no such word. */
bool syntax_fp_parse(const char *text, size_t len, enum expr_op op, uint32_t *attr);

/* Is the operator written as a symbol, not as a function? */
bool syntax_is_symbol(enum expr_op op);

#endif
