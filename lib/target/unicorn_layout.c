#include "lib/target/unicorn_layout.h"

#include <string.h>

static const struct unicorn_reg *find_shown(const struct unicorn_machine *machine, const char *gdb_name)
{
	for (size_t i = 0; gdb_name && i < machine->num_regs; i++)
		if (!strcmp(machine->regs[i].gdb_name, gdb_name))
			return &machine->regs[i];
	return NULL;
}

/* Bytes of the raw image for a source. */
static uint32_t room(const struct unicorn_reg *shown)
{
	return (shown->bytes + 15u) / 16u * 16u;
}

/* The source of an id, new if need be. Each has at least 8 bytes: unicorn writes some narrow registers as words. */
static struct error *find_source(struct unicorn_layout *l, const struct unicorn_reg *shown, uint32_t *ret)
{
	for (size_t i = 0; i < l->ids.len; i++) {
		if (l->ids.at[i] == shown->id) {
			*ret = (uint32_t)i;
			return NULL;
		}
	}
	if (!vec_push(&l->ids, shown->id) || !vec_push(&l->at, (uint32_t)l->size) || !vec_push(&l->values, NULL))
		return &error_no_memory;
	*ret = (uint32_t)l->ids.len - 1;
	l->size += room(shown);
	return NULL;
}

static struct error *add_field(struct unicorn_layout *l, uint32_t reg, const struct unicorn_reg *shown)
{
	const struct reg_desc *desc = &l->isa->regs[reg];
	unsigned low = shown->low + desc->gdb_low;
	uint32_t source;
	struct error *err = find_source(l, shown, &source);

	if (err)
		return err;
	if (low + desc->width > 8u * shown->bytes || (low % 8 && low % 8 + desc->width > 64) ||
	    low / 8 + 8u * reg_words(desc) > room(shown))
		return error_create(ERROR_BUG, "register %s is not where unicorn shows %s", desc->name,
				    shown->gdb_name);
	struct unicorn_field f = {
		.reg = reg,
		.source = source,
		.at = l->at.at[source] + low / 8,
		.shift = (uint16_t)(low % 8),
		.width = desc->width,
		.word = desc->word,
	};
	for (unsigned i = 0; i < reg_words(desc); i++)
		l->hidden[desc->word + i] = 0;
	return vec_push(&l->fields, f) ? NULL : &error_no_memory;
}

static uint64_t low_bits(unsigned n)
{
	return n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
}

/* The words of a register; f is NULL if it is hidden. A source's room is a multiple of 16 bytes, so that whole words
 * can be read wherever a field begins. */
static bool add_words(struct unicorn_layout *l, const struct reg_desc *desc, const struct unicorn_field *f)
{
	for (unsigned i = 0; i < reg_words(desc); i++) {
		uint64_t mask = low_bits(desc->width - 64 * i);
		struct unicorn_word w = {.word = (uint16_t)(desc->word + i)};

		l->unknown[w.word] = f ? 0 : mask;
		if (f) {
			w.at = f->at + 8 * i;
			w.shift = f->shift;
			w.mask = mask;
		}
		if (!vec_push(&l->words, w))
			return false;
	}
	return true;
}

struct error *unicorn_layout_init(struct unicorn_layout *l, const struct isa *isa,
				  const struct unicorn_machine *machine)
{
	struct error *err = NULL;

	*l = (struct unicorn_layout){.isa = isa};
	l->hidden = calloc(isa->num_words, sizeof *l->hidden);
	l->unknown = calloc(isa->num_words, sizeof *l->unknown);
	if (!l->hidden || !l->unknown)
		return &error_no_memory;
	memset(l->hidden, 0xff, isa->num_words * sizeof *l->hidden);
	for (uint32_t i = 0; !err && i < isa->num_regs; i++) {
		const struct unicorn_reg *shown = find_shown(machine, isa->regs[i].gdb_name);
		if (!shown)
			shown = find_shown(machine, isa->regs[i].gdb_other);

		if (shown)
			err = add_field(l, i, shown);
		if (!err && !add_words(l, &isa->regs[i], shown ? &l->fields.at[l->fields.len - 1] : NULL))
			err = &error_no_memory;
	}
	return err;
}

void unicorn_layout_deinit(struct unicorn_layout *l)
{
	vec_deinit(&l->ids);
	vec_deinit(&l->at);
	vec_deinit(&l->values);
	vec_deinit(&l->fields);
	vec_deinit(&l->words);
	free(l->hidden);
	free(l->unknown);
	l->hidden = l->unknown = NULL;
}

bool unicorn_read_raw(struct unicorn_layout *l, uc_engine *uc, uint8_t *raw)
{
	for (size_t i = 0; i < l->ids.len; i++)
		l->values.at[i] = raw + l->at.at[i];
	return !uc_reg_read_batch(uc, l->ids.at, l->values.at, (int)l->ids.len);
}

void unicorn_raw_to_state(const struct unicorn_layout *l, const uint8_t *raw, struct state *ret)
{
	memcpy(ret->unknown, l->unknown, l->isa->num_words * sizeof *ret->unknown);
	for (size_t i = 0; i < l->words.len; i++) {
		const struct unicorn_word *w = &l->words.at[i];
		uint64_t bits;

		memcpy(&bits, raw + w->at, sizeof bits);
		ret->value[w->word] = bits >> w->shift & w->mask;
	}
}

static const struct unicorn_field *find_field(const struct unicorn_layout *l, uint32_t reg)
{
	for (size_t i = 0; i < l->fields.len; i++)
		if (l->fields.at[i].reg == reg)
			return &l->fields.at[i];
	return NULL;
}

struct error *unicorn_write_regs(struct unicorn_layout *l, uc_engine *uc, uint8_t *raw, const struct state *from,
				 const uint32_t *regs, size_t num_regs)
{
	for (size_t i = 0; i < num_regs; i++) {
		const struct unicorn_field *f = find_field(l, regs[i]);

		if (!f)
			return error_create(ERROR_UNSUPPORTED, "unicorn does not let us write %s",
					    l->isa->regs[regs[i]].name);
		unsigned bytes = (f->shift + f->width + 7u) / 8u;
		bits_put(raw + f->at, bytes, f->shift, f->width, from->value + f->word);
		struct error *err = unicorn_error(uc_reg_write(uc, l->ids.at[f->source], raw + l->at.at[f->source]),
						  "write a register");
		if (err)
			return err;
	}
	return NULL;
}
