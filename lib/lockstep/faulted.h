/*
 * What an instruction that faulted has changed: nothing, by the architecture. A store that crosses into a page that
 * faults must leave the bytes in front of it alone; so these have to be known before. Private to lib/lockstep.
 */
#ifndef LIB_LOCKSTEP_FAULTED_H
#define LIB_LOCKSTEP_FAULTED_H

#include "lib/lockstep/predict.h"
#include "lib/run/findings.h"

/* Bytes of the memory operand, 0 where there is none or its address is not known. */
size_t operand_at(const struct predictor *p, const struct insn *insn, uint64_t *ret_address);

/*
 * Notes in the slot what the evaluated instruction stores, or, where that is not known, what its operand names, if it
 * is on more than one page, and makes it known. False: the target has to stand still first (p->waiting), or p->error.
 */
bool span_stores(struct predictor *p, struct prediction *slot);
bool span_operand(struct predictor *p, struct prediction *slot);

struct lockstep;

/* A signal stopped the instruction, as it should: compares the registers; ls->now is what they are. */
struct error *judge_faulted_registers(struct lockstep *ls, const struct prediction *slot);

/* ls->faulted is the instruction, the target stands still, and memory is as the model has it before: compares that,
 * where the architecture has it unchanged, and takes over what is there. */
struct error *judge_faulted_memory(struct lockstep *ls);

#endif
