/*
 * What an instruction that faulted has changed: nothing, by the architecture. A store that crosses into a page that
 * faults must leave the bytes in front of it alone; so these have to be known before.
 */
#ifndef LIB_JUDGE_FAULTED_H
#define LIB_JUDGE_FAULTED_H

#include "lib/judge/predict.h"
#include "lib/run/findings.h"

/* Bytes of the memory operand, 0 where there is none or its address is not known. */
size_t operand_at(const struct predictor *p, const struct insn *insn, uint64_t *ret_address);

/*
 * Notes in the slot what the evaluated instruction stores, or, where that is not known, what its operand names, if it
 * is on more than one page, and makes it known. False: the source has to stand still first (p->waiting), or p->error.
 */
bool know_stores(struct predictor *p, struct prediction *slot);
bool know_operand(struct predictor *p, struct prediction *slot);

struct judge;

/* A signal stopped the instruction, as it should: compares the registers; j->now is what they are. */
struct error *judge_faulted_registers(struct judge *j, const struct prediction *slot);

/* j->faulted is the instruction, the source stands still, and memory is as the model has it before: compares that,
 * where the architecture has it unchanged, and takes over what is there. */
struct error *judge_faulted_memory(struct judge *j);

#endif
