#include "lib/testing/lifting.h"

#include "lib/testing/assert.h"

void lifting_begin(struct lifting *l, const struct isa *isa)
{
	*l = (struct lifting){.isa = isa};
	ck_no_error(isa->lifter_create(&l->lifter));
	ck_no_error(expr_pool_create(true, &l->pool));
	transfer_init(&l->transfer, l->pool);
}

void lifting_end(struct lifting *l)
{
	transfer_deinit(&l->transfer);
	expr_pool_destroy(l->pool);
	l->isa->lifter_destroy(l->lifter);
}

struct insn lifting_word(struct lifting *l, uint32_t word)
{
	uint8_t bytes[4] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16), (uint8_t)(word >> 24)};
	struct insn insn;

	expr_pool_reset(l->pool);
	transfer_reset(&l->transfer, l->pool);
	ck_no_error(l->isa->lift(l->lifter, LIFTING_PC, bytes, sizeof bytes, &l->transfer, &insn));
	return insn;
}
