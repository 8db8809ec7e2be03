#include "lib/replay/frame.h"

/* Where the register is in the frame: the bytes from its part's start on. */
static bool find(const struct frame *f, const struct isa_frame_reg *reg, bool mark, uint8_t **ret, size_t *ret_len)
{
	size_t start = 0;

	if (reg->part && !f->isa->frame->find_part(f->bytes, f->len, f->address, reg->part, mark, &start))
		return false;
	*ret = f->bytes + start;
	*ret_len = f->len - start;
	return true;
}

void frame_save(const struct frame *f, const struct state *regs)
{
	for (uint32_t i = 0; i < f->isa->frame->num_regs; i++) {
		const struct isa_frame_reg *reg = &f->isa->frame->regs[i];
		const struct reg_desc *desc = &f->isa->regs[reg->reg];
		uint8_t *bytes;
		size_t len;
		if (state_known(regs, reg->reg) && find(f, reg, true, &bytes, &len))
			bits_put(bytes, len, 8u * reg->offset + reg->low, desc->width, regs->value + desc->word);
	}
}

/* As at a program's start. */
static void renew(struct state *s, uint32_t reg)
{
	uint64_t value[EXPR_MAX_WORDS] = {0};

	for (uint32_t i = 0; i < s->isa->num_initial; i++)
		if (s->isa->initial[i].reg == reg)
			value[0] = s->isa->initial[i].value;
	state_set_words(s, reg, value);
}

void frame_load(const struct frame *f, struct state *ret)
{
	for (uint32_t i = 0; i < f->isa->frame->num_regs; i++) {
		const struct isa_frame_reg *reg = &f->isa->frame->regs[i];
		const struct reg_desc *desc = &f->isa->regs[reg->reg];
		uint64_t value[EXPR_MAX_WORDS] = {0};
		uint8_t *bytes;
		size_t len;
		if (!find(f, reg, false, &bytes, &len)) {
			if (!(f->isa->frame->kept >> reg->part & 1))
				renew(ret, reg->reg);
			continue;
		}
		bits_get(bytes, len, 8u * reg->offset + reg->low, desc->width, value);
		state_set_words(ret, reg->reg, value);
	}
}

void frame_load_image(const uint8_t *image, bool only_unknown, struct state *ret)
{
	const struct isa_frame *frame = ret->isa->frame;

	for (uint32_t i = 0; i < frame->num_regs; i++) {
		const struct isa_frame_reg *reg = &frame->regs[i];
		const struct reg_desc *desc = &ret->isa->regs[reg->reg];
		uint64_t value[EXPR_MAX_WORDS] = {0};
		if (!reg->part || (only_unknown && state_known(ret, reg->reg)))
			continue;
		bits_get(image, frame->image->len, 8u * reg->offset + reg->low, desc->width, value);
		state_set_words(ret, reg->reg, value);
	}
	if (!only_unknown || !state_known(ret, frame->image->tags))
		state_set(ret, frame->image->tags, frame->image->find_tags(image));
}

void frame_reset_regs(struct state *regs)
{
	const struct isa_frame *frame = regs->isa->frame;

	for (uint32_t i = 0; i < frame->num_cleared; i++)
		state_set(regs, frame->cleared[i], 0);
	for (uint32_t i = 0; i < frame->num_fresh; i++)
		renew(regs, frame->fresh[i]);
}
