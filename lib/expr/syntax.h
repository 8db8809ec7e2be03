/*
 * What the printer and the parser share; private to lib/expr.
 */
#ifndef LIB_EXPR_SYNTAX_H
#define LIB_EXPR_SYNTAX_H

#include "lib/expr/op.h"
#include "lib/expr/transfer.h"

/* Of ENV leaves; none ends in a digit, because the width follows. */
extern const char *const syntax_env_names[ENV_NUM_INPUTS];

/* Is the operator written as a symbol, not as a function? */
bool syntax_is_symbol(enum expr_op op);

#endif
