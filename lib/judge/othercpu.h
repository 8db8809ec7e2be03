/*
 * What the guest did, where it is not what the model says of the guest's CPU: is it what another CPU would do, one of
 * another maker, or one with other features?
 */
#ifndef LIB_JUDGE_OTHERCPU_H
#define LIB_JUDGE_OTHERCPU_H

#include "lib/judge/outputs.h"

struct judge;

/* Scratch. All zeros is none. */
struct other_cpus {
	struct lift_cache *cache; /* for one other CPU after the other; NULL before the first */
	struct prediction slot;
	struct judgement judgement;
	struct state after;
	bool have_host; /* host was asked for */
	struct isa_cpu host;
};

/*
 * The instruction that was judged has differences; j->before, j->seen and j->reply are around it, and memory is as
 * before it. Where another CPU does what the guest did, the judgement gets to know: either the guest's CPU may be that
 * one, for nobody knows, and the differences are dropped (j->run->either counts them); or they are told as such
 * (judgement.as_other).
 */
struct error *judge_other_cpus(struct judge *j, const struct prediction *slot);

/*
 * Can the oracle's CPU tell what the guest's does with the instruction? Else *ret_why tells why not; it is the
 * caller's.
 */
struct error *oracle_is_alike(struct judge *j, const struct insn *insn, bool *ret, char **ret_why);

/* A feature that the instruction needs and the guest's CPU says that it lacks; NULL: none. Static. */
const char *lacking_feature(const struct judge *j, const struct insn *insn);

void other_cpus_deinit(struct other_cpus *o);

#endif
