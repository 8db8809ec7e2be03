/*
 * An instruction without a transfer, predicted by the host's CPU: it runs there from the state that is expected before
 * it, and what comes of it is a prediction like those of the model. Private to lib/lockstep.
 *
 * Where inputs are not known, neither are the results that may depend on them: they are masked, and some of that is
 * found out by trying several values. So is masked what the manuals leave open (struct outline). Does not decide what a
 * difference means.
 */
#ifndef LIB_LOCKSTEP_WITNESS_H
#define LIB_LOCKSTEP_WITNESS_H

#include "lib/lockstep/predict.h"
#include "lib/oracle/oracle.h"

struct witness;

/* The oracle is borrowed. */
struct error *witness_create(const struct isa *isa, struct oracle *oracle, struct witness **ret);
void witness_destroy(struct witness *w);

/*
 * Predicts the instruction of slot->lifted from p->front and p's memory, and moves the front behind it; *ret as of
 * predict_next(). The slot stays PREDICTED_NOTHING where the CPU cannot be asked or its answer says nothing of the
 * target.
 */
struct error *witness_predict(struct witness *w, struct predictor *p, struct prediction *slot,
			      enum predict_result *ret);

#endif
