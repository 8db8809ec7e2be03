#include "lib/target/gdb_layout.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/codec.h"

static uint64_t low_bits(unsigned n)
{
	return n >= 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

/* The fields of one register that the stub's register `by` shows. */
static struct error *add_fields(struct gdb_layout *l, const struct reg_desc *reg, const struct tdesc_reg *by)
{
	for (unsigned done = 0; done < reg->width; done += 64) {
		unsigned low = reg->gdb_low + done, left = reg->width - done;
		struct gdb_field field = {
			.offset = by->offset + low / 8,
			.by = (uint16_t)(by - l->desc.regs.at),
			.word = (uint16_t)(reg->word + done / 64),
			.shift = (uint8_t)(low % 8),
			.bits = (uint8_t)(left < 64 ? left : 64),
		};

		if (field.shift + field.bits > 64)
			return error_create(ERROR_BUG, "register %s: bits %u on of %s", reg->name, low, by->name);
		if (!vec_push(&l->fields, field))
			return &error_no_memory;
	}
	return NULL;
}

void gdb_layout_hide(struct gdb_layout *l, uint32_t reg)
{
	const struct reg_desc *desc = &l->isa->regs[reg];

	l->shown_by[reg] = -1;
	for (unsigned done = 0; done < desc->width; done += 64)
		l->hidden[desc->word + done / 64] = low_bits(desc->width - done);
}

static struct error *add_reg(struct gdb_layout *l, uint32_t reg)
{
	const struct reg_desc *desc = &l->isa->regs[reg];
	const struct tdesc_reg *by = desc->gdb_name ? tdesc_find(&l->desc, desc->gdb_name) : NULL;

	if (!by && desc->gdb_other)
		by = tdesc_find(&l->desc, desc->gdb_other);
	l->first_field[reg] = (uint32_t)l->fields.len;
	if (!by || desc->gdb_low + desc->width > by->bits) {
		gdb_layout_hide(l, reg);
		return NULL;
	}
	l->shown_by[reg] = (int32_t)(by - l->desc.regs.at);
	return add_fields(l, desc, by);
}

static bool shows_any(const struct gdb_layout *l, int32_t index)
{
	for (uint32_t reg = 0; reg < l->isa->num_regs; reg++)
		if (l->shown_by[reg] == index)
			return true;
	return false;
}

/* Sorts the stub's registers: not wanted, beyond what `g` gives, or neither. */
static struct error *classify(struct gdb_layout *l)
{
	for (uint32_t i = 0; i < l->desc.regs.len; i++) {
		const struct tdesc_reg *reg = &l->desc.regs.at[i];
		bool failed = false;

		if (!shows_any(l, (int32_t)i))
			failed = !vec_push(&l->unused, reg->name);
		else if (reg->offset + (reg->bits + 7) / 8 > l->g_len)
			failed = !vec_push(&l->single, i);
		if (failed)
			return &error_no_memory;
	}
	return vec_push(&l->unused, NULL) ? NULL : &error_no_memory;
}

static struct error *note_on_request(struct gdb_layout *l)
{
	if (!l->single.len)
		return NULL;
	l->on_request = calloc(l->isa->num_regs, sizeof *l->on_request);
	for (uint32_t reg = 0; l->on_request && reg < l->isa->num_regs; reg++)
		for (size_t i = 0; i < l->single.len; i++)
			l->on_request[reg] |= l->shown_by[reg] == (int32_t)l->single.at[i];
	return l->on_request ? NULL : &error_no_memory;
}

static struct error *build(struct gdb_layout *l)
{
	struct error *err = NULL;

	l->shown_by = calloc(l->isa->num_regs, sizeof *l->shown_by);
	l->first_field = calloc(l->isa->num_regs + 1u, sizeof *l->first_field);
	l->hidden = calloc(l->isa->num_words, sizeof *l->hidden);
	if (!l->shown_by || !l->first_field || !l->hidden)
		return &error_no_memory;
	for (uint32_t reg = 0; !err && reg < l->isa->num_regs; reg++)
		err = add_reg(l, reg);
	if (err)
		return err;
	l->first_field[l->isa->num_regs] = (uint32_t)l->fields.len;
	if (l->shown_by[l->isa->pc] < 0)
		return error_create(ERROR_TARGET, "the GDB stub does not show the register %s",
				    l->isa->regs[l->isa->pc].name);
	err = classify(l);
	return err ? err : note_on_request(l);
}

struct error *gdb_layout_init(struct gdb_layout *l, const struct isa *isa, struct tdesc *desc, uint32_t g_len)
{
	*l = (struct gdb_layout){.isa = isa, .desc = *desc, .g_len = g_len};
	struct error *err;

	if (l->desc.architecture[0] && strcmp(l->desc.architecture, isa->gdb_name) != 0)
		err = error_create(ERROR_TARGET, "the GDB stub's guest is %s, the program is %s", l->desc.architecture,
				   isa->gdb_name);
	else if (g_len > l->desc.size)
		err = error_create(ERROR_PROTOCOL, "the GDB stub sends %u bytes of registers and describes %u", g_len,
				   l->desc.size);
	else
		err = build(l);
	if (err)
		gdb_layout_deinit(l);
	return err;
}

void gdb_layout_deinit(struct gdb_layout *l)
{
	tdesc_deinit(&l->desc);
	vec_deinit(&l->fields);
	vec_deinit(&l->single);
	vec_deinit(&l->unused);
	free(l->first_field);
	free(l->shown_by);
	free(l->hidden);
	free(l->on_request);
	*l = (struct gdb_layout){0};
}

/* Digits of which pairs may be "xx": unavailable. */
static bool decode_missing(const char *digits, size_t len, uint8_t *ret, uint8_t *missing, bool *ret_any)
{
	for (size_t i = 0; i < len; i++) {
		bool gone = digits[2 * i] == 'x' && digits[2 * i + 1] == 'x';

		missing[i] = gone ? 0xff : 0;
		*ret_any |= gone;
		if (gone)
			ret[i] = 0;
		else if (!codec_decode_hex(digits + 2 * i, 2, ret + i))
			return false;
	}
	return true;
}

static struct error *decode(const struct rsp_reply *reply, const char *what, size_t len, uint8_t *image,
			    uint8_t *missing, bool *ret_any)
{
	if (reply->len != 2 * len)
		return rsp_unexpected(reply, what);
	if (codec_decode_hex(reply->text, 2 * len, image)) {
		if (*ret_any)
			memset(missing, 0, len);
		return NULL;
	}
	return decode_missing(reply->text, len, image, missing, ret_any) ? NULL : rsp_unexpected(reply, what);
}

struct error *gdb_decode_g(const struct gdb_layout *l, const struct rsp_reply *reply, uint8_t *image, uint8_t *missing,
			   bool *ret_any_missing)
{
	return decode(reply, "reading registers", l->g_len, image, missing, ret_any_missing);
}

struct error *gdb_decode_p(const struct gdb_layout *l, uint32_t index, const struct rsp_reply *reply, uint8_t *image,
			   uint8_t *missing, bool *ret_any_missing)
{
	const struct tdesc_reg *reg = &l->desc.regs.at[index];
	size_t len = (reg->bits + 7) / 8;

	return decode(reply, reg->name, len, image + reg->offset, missing + reg->offset, ret_any_missing);
}

static uint64_t load_field(const struct gdb_field *f, const uint8_t *image)
{
	uint64_t word;

	memcpy(&word, image + f->offset, sizeof word);
	return word >> f->shift & low_bits(f->bits);
}

void gdb_image_to_state(const struct gdb_layout *l, const uint8_t *image, const uint8_t *missing, const bool *stale,
			struct state *ret)
{
	size_t size = l->isa->num_words * sizeof ret->value[0];

	memset(ret->value, 0, size);
	memcpy(ret->unknown, l->hidden, size);
	for (size_t i = 0; i < l->fields.len; i++) {
		const struct gdb_field *f = &l->fields.at[i];
		uint64_t unknown = ret->unknown[f->word];

		if (missing)
			unknown |= load_field(f, missing);
		if (stale[f->by])
			unknown |= low_bits(f->bits);
		ret->unknown[f->word] = unknown;
		ret->value[f->word] = load_field(f, image) & ~unknown;
	}
}

void gdb_reg_to_image(const struct gdb_layout *l, const struct state *from, uint32_t reg, uint8_t *image)
{
	for (uint32_t i = l->first_field[reg]; i < l->first_field[reg + 1]; i++) {
		const struct gdb_field *f = &l->fields.at[i];
		uint64_t mask = low_bits(f->bits) << f->shift, word;

		memcpy(&word, image + f->offset, sizeof word);
		word = (word & ~mask) | (from->value[f->word] << f->shift & mask);
		memcpy(image + f->offset, &word, sizeof word);
	}
}

enum { X87_LEN = 10, NUM_X87 = 8 };

/* The number of the physical register that st0 is: fstat, bits 11-13 (SDM vol. 1, 8.1.3). */
static unsigned top(const struct gdb_layout *l, const uint8_t *image)
{
	return image[l->desc.regs.at[l->fstat].offset + 1] >> 3 & 7;
}

/* Each register takes the place of the one `by` below it. */
static void rotate(const struct gdb_layout *l, uint8_t *image, unsigned by)
{
	uint8_t old[NUM_X87][X87_LEN];

	for (unsigned i = 0; i < NUM_X87; i++)
		memcpy(old[i], image + l->desc.regs.at[l->st[i]].offset, X87_LEN);
	for (unsigned i = 0; i < NUM_X87; i++)
		memcpy(image + l->desc.regs.at[l->st[i]].offset, old[(i + by) % NUM_X87], X87_LEN);
}

void gdb_rotate_in(const struct gdb_layout *l, uint8_t *image)
{
	if (l->rotate && top(l, image))
		rotate(l, image, top(l, image));
}

void gdb_rotate_out(const struct gdb_layout *l, uint8_t *image)
{
	if (l->rotate && top(l, image))
		rotate(l, image, NUM_X87 - top(l, image));
}

void gdb_rotate_for_writing(const struct gdb_layout *l, uint8_t *image)
{
	if (l->rotate_writes && top(l, image))
		rotate(l, image, NUM_X87 - top(l, image));
}

uint32_t gdb_written_as(const struct gdb_layout *l, const uint8_t *image, uint32_t index)
{
	for (unsigned i = 0; l->rotate_writes && i < NUM_X87; i++)
		if (l->st[i] == index)
			return l->st[(i + top(l, image)) % NUM_X87];
	return index;
}
