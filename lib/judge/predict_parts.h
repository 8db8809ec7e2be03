/* What the files of the predictor share: predict.c, predict_memory.c, prediction.c. Others see predict.h alone. */
#ifndef LIB_JUDGE_PREDICT_PARTS_H
#define LIB_JUDGE_PREDICT_PARTS_H

#include "lib/judge/predict.h"

/* ---- predict_memory.c. MEM_ERROR of all: the source has to stand still first (p->waiting), or p->error ---- */

/* Of struct eval_memory, ctx is the predictor: what p->current loads, which is kept in it; and the same once more. */
enum mem_result predict_load(void *ctx, uint64_t address, unsigned len, uint8_t *ret, uint8_t *unknown);
enum mem_result predict_load_again(void *ctx, uint64_t address, unsigned len, uint8_t *ret, uint8_t *unknown);

/* Is there memory where the last evaluation stores, or where the instruction's operand is, if that is known? Behind
 * MEM_FAULT p->fault_at and fault_len say where not. */
enum mem_result predict_reach_stores(struct predictor *p);
enum mem_result predict_reach_operand(struct predictor *p, const struct insn *insn);

/* ---- prediction.c ---- */

/* Empties the slot, for the instruction at pc. */
void prediction_reset(struct prediction *slot, uint64_t pc);

/* Copies the outputs of an evaluation into the slot. The stop behind the instruction is part of what happens. */
struct error *predict_keep_outputs(const struct predictor *p, struct prediction *slot, const struct eval *e);
/* Those of a fault that comes last: registers alone. */
struct error *predict_keep_faulted(struct prediction *slot, const struct eval *e);
/* Of an instruction without a transfer that is confined (struct insn): what it may change, and where it goes on. */
struct error *predict_keep_changes(const struct predictor *p, struct prediction *slot);

#endif
