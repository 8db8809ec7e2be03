/*
 * The sweep over instruction words, of ISAs whose instructions are words: what each one is to the lifter. Random words
 * of every encoding, words one bit off, and all values of the bits that choose most instructions.
 *
 * Whose names are right, and whether what is UNDEFINED is no instruction, is for another disassembler to say: with -vv
 * every word is a line that can be compared.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/validate/command.h"
#include "cmd/validate/selftest.h"
#include "lib/base/clock.h"
#include "lib/base/rng.h"
#include "lib/lift/lift.h"

enum word_status {
	WORD_MODELLED,
	WORD_UNDEFINED, /* no instruction, by a rule of the model's */
	WORD_OUTSIDE,   /* named, not modelled; what it may change is known */
	WORD_NAMED,     /* not modelled; it may change anything */
	NUM_STATUS
};

static const char *const status_names[NUM_STATUS] = {"modelled", "undefined", "outside", "named"};

struct words {
	const struct isa *isa;
	const struct selftest_options *options;
	struct isa_lifter *lifter;
	struct expr_pool *pool;
	struct transfer transfer;
	uint64_t count[NUM_STATUS];
};

static enum word_status status_of(const struct insn *insn)
{
	if (insn->status == LIFT_DONE)
		return insn->reserved ? WORD_UNDEFINED : WORD_MODELLED;
	return insn->confined ? WORD_OUTSIDE : WORD_NAMED;
}

/* "451002a4 outside saddlb: v4", with all that it may change where that is known. */
static void show(const struct words *w, uint32_t word, enum word_status status, const struct insn *insn)
{
	printf("%08" PRIx32 " %s %s", word, status_names[status], *insn->mnemonic ? insn->mnemonic : "-");
	for (uint32_t r = 0; insn->confined && r < w->isa->num_regs; r++)
		if (insn_may_change(insn, r))
			printf(" %s", w->isa->regs[r].name);
	puts(insn->may_store ? " memory" : "");
}

static struct error *try_word(struct words *w, uint32_t word)
{
	uint8_t bytes[] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16), (uint8_t)(word >> 24)};
	struct insn insn;

	expr_pool_reset(w->pool);
	transfer_reset(&w->transfer, w->pool);
	struct error *err = w->isa->lift(w->lifter, 0x10000, bytes, sizeof bytes, &w->transfer, &insn);
	if (err)
		return error_prefix(err, "%08" PRIx32, word);
	enum word_status status = status_of(&insn);
	w->count[status]++;
	if (w->options->verbose > 1)
		show(w, word, status, &insn);
	return NULL;
}

/* ---- Which words ---- */

/* Random words of an encoding, and random words one fixed bit off. */
static struct error *try_encoding(struct words *w, struct rng *rng, uint32_t mask, uint32_t value)
{
	struct error *err = NULL;

	for (uint64_t i = 0; !err && i < w->options->cases; i++)
		err = try_word(w, value | ((uint32_t)rng_next(rng) & ~mask));
	for (unsigned bit = 0; !err && bit < 32; bit++)
		if (mask >> bit & 1)
			err = try_word(w, (value ^ UINT32_C(1) << bit) | ((uint32_t)rng_next(rng) & ~mask));
	return err;
}

/* Bits 31:21 and 15:10 choose most instructions (Arm ARM C4.1). */
static struct error *try_classes(struct words *w, struct rng *rng)
{
	struct error *err = NULL;

	for (uint32_t high = 0; high < 1 << 11; high++)
		for (uint32_t low = 0; !err && low < 1 << 6; low++)
			err = try_word(w, high << 21 | low << 10 | ((uint32_t)rng_next(rng) & 0x001f03ff));
	return err;
}

static struct error *try_all(struct words *w)
{
	struct rng rng = {.state = w->options->seed};
	uint32_t mask, value;
	struct error *err = NULL;

	for (size_t i = 0; !err && w->isa->lifter_encoding(w->lifter, i, &mask, &value); i++)
		err = try_encoding(w, &rng, mask, value);
	return err ? err : try_classes(w, &rng);
}

static void report(const struct words *w, uint64_t start)
{
	printf("%" PRIu64 " ms; words:", (clock_now() - start) / CLOCK_MS);
	for (unsigned i = 0; i < NUM_STATUS; i++)
		printf("%s %" PRIu64 " %s", i ? "," : "", w->count[i], status_names[i]);
	putchar('\n');
}

struct error *selftest_words(const struct isa *isa, const struct selftest_options *options,
			     struct selftest_counts *counts)
{
	struct words w = {.isa = isa, .options = options};
	uint64_t start = clock_now();
	struct error *err = expr_pool_create(true, &w.pool);

	if (!err)
		err = isa->lifter_create(&w.lifter);
	if (!err) {
		transfer_init(&w.transfer, w.pool);
		err = try_all(&w);
		transfer_deinit(&w.transfer);
	}
	if (!err)
		report(&w, start);
	counts->passed += w.count[WORD_MODELLED] + w.count[WORD_UNDEFINED] + w.count[WORD_OUTSIDE];
	counts->unmodelled += w.count[WORD_NAMED];
	if (w.lifter)
		isa->lifter_destroy(w.lifter);
	expr_pool_destroy(w.pool);
	return err;
}
