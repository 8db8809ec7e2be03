#include "lib/trace/qemu_log_state.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/codec.h"

enum {
	NAMED = 1, /* in `fixed` while a line is read: part of a name */
	FIXED = 0xff,
};

/* ---- Names ---- */

static int by_name(const void *a, const void *b)
{
	const struct qemu_log_place *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct error *add_places_of(struct qemu_log_states *s, const struct qemu_log_row *row, unsigned n)
{
	char name[QEMU_LOG_MAX_NAME], gdb_name[QEMU_LOG_MAX_NAME];

	if (row->digits) {
		snprintf(name, sizeof name, row->digits == 2 ? "%s%02u" : "%s%u", row->name, n % 100);
		snprintf(gdb_name, sizeof gdb_name, "%s%u%s", row->gdb_name, n, row->suffix);
	} else {
		snprintf(name, sizeof name, "%s", row->name);
		snprintf(gdb_name, sizeof gdb_name, "%s", row->gdb_name);
	}
	for (uint32_t reg = 0; reg < s->isa->num_regs; reg++) {
		if (!s->isa->regs[reg].gdb_name || strcmp(s->isa->regs[reg].gdb_name, gdb_name) != 0)
			continue;
		struct qemu_log_place place = {.row = row, .reg = reg};
		memcpy(place.name, name, sizeof name);
		if (!vec_push(&s->places, place))
			return &error_no_memory;
	}
	return NULL;
}

/* Where the x87 stack is in the state. */
static bool find_floats(struct qemu_log_states *s)
{
	char name[] = "st0";
	uint32_t reg;

	for (unsigned i = 0; i < 8; i++) {
		name[2] = (char)('0' + i);
		if (!isa_find_reg(s->isa, name, 3, &reg))
			return false;
		s->float_words[i] = s->isa->regs[reg].word;
	}
	if (!isa_find_reg(s->isa, "ftag", 4, &reg))
		return false;
	s->tags_word = s->isa->regs[reg].word;
	return true;
}

struct error *qemu_log_states_init(struct qemu_log_states *s, const struct qemu_log_format *format)
{
	const struct isa *isa = isa_by_name(format->isa);
	struct error *err = state_init(&s->state, isa);

	s->format = format;
	s->isa = isa;
	s->stack = find_floats(s);
	s->touched = calloc(isa->num_words, sizeof *s->touched);
	s->given = calloc(isa->num_words, sizeof *s->given);
	if (!err && (!s->touched || !s->given))
		err = &error_no_memory;
	for (size_t i = 0; !err && i < format->num_rows; i++)
		for (unsigned n = 0; !err && n < format->rows[i].count; n++)
			err = add_places_of(s, &format->rows[i], format->rows[i].start + n);
	if (!err)
		qsort(s->places.at, s->places.len, sizeof *s->places.at, by_name);
	return err;
}

void qemu_log_states_deinit(struct qemu_log_states *s)
{
	state_deinit(&s->state);
	vec_deinit(&s->places);
	vec_deinit(&s->lines);
	vec_deinit(&s->fields);
	vec_deinit(&s->targets);
	vec_deinit(&s->text);
	vec_deinit(&s->fixed);
	free(s->touched);
	free(s->given);
	*s = (struct qemu_log_states){0};
}

/* The first place of a name, or places.len. */
static size_t find_place(const struct qemu_log_states *s, const char *name)
{
	size_t low = 0, high = s->places.len;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (strcmp(s->places.at[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->places.len && !strcmp(s->places.at[low].name, name) ? low : s->places.len;
}

static bool is_other(const struct qemu_log_format *format, const char *name)
{
	for (const char *const *other = format->others; *other; other++)
		if (!strcmp(name, *other))
			return true;
	return false;
}

/* The number of "FPR0" to "FPR7", or -1. */
static int float_number(const char *name)
{
	return !strncmp(name, "FPR", 3) && name[3] >= '0' && name[3] <= '7' && !name[4] ? name[3] - '0' : -1;
}

bool qemu_log_begins_state(const struct qemu_log_format *format, const char *text, size_t len)
{
	size_t name_len = strlen(format->begin);
	const char *end = text + len;

	text = qemu_log_skip_blanks(text, end);
	return (size_t)(end - text) > name_len + 1 && !memcmp(text, format->begin, name_len) && text[name_len] == '=' &&
	       codec_hex_digit(text[name_len + 1]) >= 0;
}

bool qemu_log_is_state(const struct qemu_log_states *s, const char *text, size_t len)
{
	const struct qemu_log_text l = {text, text + len};
	struct qemu_log_value v;

	if (!qemu_log_read_named(&l, qemu_log_skip_blanks(text, l.end), &v))
		return false;
	return !*v.name || find_place(s, v.name) < s->places.len || is_other(s->format, v.name) ||
	       float_number(v.name) >= 0;
}

/* ---- Values into the state ---- */

static void put_word(struct qemu_log_states *s, uint16_t word, uint64_t value)
{
	if (s->state.value[word] == value)
		return;
	s->state.value[word] = value;
	if (s->num_touched < s->isa->num_words)
		s->touched[s->num_touched++] = word;
}

static void put(struct qemu_log_states *s, const struct qemu_log_field *f, uint64_t value)
{
	for (unsigned i = 0; i < f->num_targets; i++) {
		const struct qemu_log_target *t = &s->targets.at[f->first_target + i];
		put_word(s, t->word, value >> t->low & t->mask);
	}
	switch ((enum qemu_log_field_kind)f->kind) {
	case FIELD_STATUS: s->status = (uint16_t)value; break;
	case FIELD_TAGS: s->tags = (uint8_t)value; break;
	case FIELD_FLOAT: s->floats[f->index / 2][f->index % 2] = value; break;
	case FIELD_VALUE:
	case FIELD_FORM:
	case FIELD_FREE: return;
	}
	s->floats_changed = true;
}

/* What a tag says of a register: SDM vol. 1, 8.1.7. */
static unsigned tag_of(const uint64_t st[2], bool empty)
{
	enum { VALID = 0, ZERO = 1, SPECIAL = 2, EMPTY = 3 };
	unsigned exponent = st[1] & 0x7fff;

	if (empty)
		return EMPTY;
	if (!exponent && !st[0])
		return ZERO;
	return exponent && exponent != 0x7fff && st[0] >> 63 ? VALID : SPECIAL;
}

/*
 * x87 registers are listed as the processor numbers them, and are the state's as the stack has them. FTW is as FXSAVE
 * has it, a bit of each register: whether it is not empty. The rest of its tag follows from what it holds.
 */
static void put_floats(struct qemu_log_states *s)
{
	unsigned tags = 0;

	s->floats_changed = false;
	if (!s->have_floats)
		return;
	for (unsigned n = 0; n < 8; n++) {
		uint16_t word = s->float_words[(n - (s->status >> 11)) & 7];
		put_word(s, word, s->floats[n][0]);
		put_word(s, (uint16_t)(word + 1), s->floats[n][1] & 0xffff);
		tags |= tag_of(s->floats[n], !(s->tags >> n & 1)) << 2 * n;
	}
	put_word(s, s->tags_word, tags);
}

/* ---- Lines by name ---- */

/* The targets that group `index` of a value is for. */
static struct error *add_targets(struct qemu_log_states *s, const struct qemu_log_value *v, unsigned index,
				 struct qemu_log_field *f)
{
	for (size_t at = find_place(s, v->name); at < s->places.len && !strcmp(s->places.at[at].name, v->name); at++) {
		const struct qemu_log_row *row = s->places.at[at].row;
		const struct reg_desc *desc = &s->isa->regs[s->places.at[at].reg];
		int first = row->first < 0 ? (int)v->num_groups + row->first : row->first;
		int behind = first + row->groups;
		if (first < 0 || behind > (int)v->num_groups || (int)index < first || (int)index >= behind)
			continue;
		/* The groups of a value come from its upper end on. */
		unsigned word = (unsigned)(behind - 1 - (int)index), width = desc->width - 64 * word;
		struct qemu_log_target target = {.word = (uint16_t)(desc->word + word),
						 .low = (uint8_t)(desc->gdb_low % 64),
						 .mask = UINT64_MAX >> (width < 64 ? 64 - width : 0)};
		if (!vec_push(&s->targets, target))
			return &error_no_memory;
		f->num_targets++;
	}
	return NULL;
}

static enum qemu_log_field_kind kind_of(const struct qemu_log_value *v, const struct qemu_log_field *f)
{
	if (float_number(v->name) >= 0 && v->num_groups == 2)
		return FIELD_FLOAT;
	if (v->num_groups == 1 && !strcmp(v->name, "FSW"))
		return FIELD_STATUS;
	if (v->num_groups == 1 && !strcmp(v->name, "FTW"))
		return FIELD_TAGS;
	/* Whether ZA is there, and how long vectors are: Arm ARM B1.4, PSTATE.SM and PSTATE.ZA. */
	if (!strcmp(v->name, "SVCR"))
		return FIELD_FORM;
	return f->num_targets ? FIELD_VALUE : FIELD_FREE;
}

static struct error *add_group(struct qemu_log_states *s, const struct qemu_log_value *v, unsigned index)
{
	const struct qemu_log_group *g = &v->group[index];
	struct qemu_log_field f = {.at = g->at, .len = g->len, .first_target = (uint32_t)s->targets.len};
	struct error *err = v->upper ? NULL : add_targets(s, v, index, &f);

	f.kind = (uint8_t)kind_of(v, &f);
	if (f.kind == FIELD_FLOAT)
		f.index = (uint8_t)(2 * float_number(v->name) + (int)index);
	if (!err && !vec_push(&s->fields, f))
		err = &error_no_memory;
	if (!err)
		put(s, &f, g->value);
	return err;
}

static struct error *take_value(struct qemu_log_states *s, struct qemu_log_value *v, uint8_t *fixed)
{
	struct error *err = NULL;

	if (!*v->name)
		memcpy(v->name, s->last, sizeof v->name);
	else
		memcpy(s->last, v->name, sizeof v->name);
	memset(fixed + v->at, NAMED, v->len);
	for (unsigned i = 0; !err && i < v->num_groups; i++) {
		memset(fixed + v->group[i].at, 0, v->group[i].len);
		err = add_group(s, v, i);
	}
	return err;
}

/* Words without a value, such as "[---Z-P-]" and "EL0t", may say anything. */
static struct error *free_words(struct qemu_log_states *s, const struct qemu_log_text *l, uint8_t *fixed)
{
	for (const char *p = qemu_log_skip_blanks(l->text, l->end); p < l->end; p = qemu_log_skip_blanks(p, l->end)) {
		struct qemu_log_field f = {.at = (uint16_t)(p - l->text), .kind = FIELD_FREE};
		bool is_free = true;
		for (; p < l->end && *p != ' ' && *p != '\t'; p++, f.len++)
			is_free = is_free && *p != '=' && fixed[p - l->text] == FIXED;
		if (!is_free)
			continue;
		memset(fixed + f.at, 0, f.len);
		if (!vec_push(&s->fields, f))
			return &error_no_memory;
	}
	for (const char *p = l->text; p < l->end; p++)
		if (fixed[p - l->text] == NAMED)
			fixed[p - l->text] = FIXED;
	return NULL;
}

/* Forgets the form from line `at` on. */
static void cut_form(struct qemu_log_states *s)
{
	s->follows = false;
	memset(s->last, 0, sizeof s->last);
	if (s->at)
		memcpy(s->last, s->lines.at[s->at - 1].last, sizeof s->last);
	if (s->at == s->lines.len)
		return;
	const struct qemu_log_line *line = &s->lines.at[s->at];
	s->text.len = s->fixed.len = line->text;
	s->fields.len = line->first_field;
	s->targets.len = line->first_target;
	s->lines.len = s->at;
}

static struct error *add_line(struct qemu_log_states *s, const char *text, size_t len, struct qemu_log_line *ret)
{
	*ret = (struct qemu_log_line){.text = (uint32_t)s->text.len,
				      .len = (uint32_t)len + 1,
				      .first_field = (uint32_t)s->fields.len,
				      .first_target = (uint32_t)s->targets.len};
	if (!vec_reserve(&s->text, s->text.len + len + 1) || !vec_reserve(&s->fixed, s->fixed.len + len + 1))
		return &error_no_memory;
	memcpy(s->text.at + s->text.len, text, len);
	s->text.at[s->text.len + len] = '\n';
	memset(s->fixed.at + s->fixed.len, FIXED, len + 1);
	s->text.len += len + 1;
	s->fixed.len += len + 1;
	return NULL;
}

struct error *qemu_log_states_take(struct qemu_log_states *s, const char *text, size_t len)
{
	const struct qemu_log_text l = {text, text + len};
	struct qemu_log_line line;
	struct qemu_log_value v;

	cut_form(s);
	struct error *err = add_line(s, text, len, &line);
	uint8_t *fixed = s->fixed.at + line.text;
	const char *p = err ? NULL : qemu_log_read_value(&l, text, &v);
	if (p && is_other(s->format, v.name)) {
		line.other = (uint16_t)(v.at + v.len);
	} else if (!err) {
		for (; !err && p; p = qemu_log_read_value(&l, p, &v))
			err = take_value(s, &v, fixed);
		if (!err)
			err = free_words(s, &l, fixed);
	}
	line.num_fields = (uint32_t)s->fields.len - line.first_field;
	memcpy(line.last, s->last, sizeof line.last);
	if (!err && !vec_push(&s->lines, line))
		err = &error_no_memory;
	s->at += !err;
	return err;
}

/* ---- Lines of the form of the state before ---- */

static uint64_t load(const void *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof word);
	return word;
}

/* How many characters are the same: not less than a multiple of 8 up to the first word that differs. */
static size_t common(const char *a, const char *b, size_t len)
{
	size_t at = 0;

	for (; at + 32 <= len; at += 32) {
		uint64_t diff = (load(a + at) ^ load(b + at)) | (load(a + at + 8) ^ load(b + at + 8)) |
				(load(a + at + 16) ^ load(b + at + 16)) | (load(a + at + 24) ^ load(b + at + 24));
		if (diff)
			break;
	}
	while (at + 8 <= len && load(a + at) == load(b + at))
		at += 8;
	while (at < len && a[at] == b[at])
		at++;
	return at;
}

static bool is_same(const char *a, const char *b, size_t len)
{
	return len == 16 ? load(a) == load(b) && load(a + 8) == load(b + 8) : !memcmp(a, b, len);
}

static bool has_form(const char *text, const char *form, const uint8_t *fixed, size_t len)
{
	uint64_t diff = 0;
	size_t at = 0;

	for (; at + 8 <= len; at += 8)
		diff |= (load(text + at) ^ load(form + at)) & load(fixed + at);
	for (; at < len; at++)
		diff |= (uint8_t)((text[at] ^ form[at]) & fixed[at]);
	return !diff;
}

static bool take_field(struct qemu_log_states *s, const struct qemu_log_field *f, const char *digits)
{
	uint64_t value = 0;

	if (f->kind == FIELD_FORM)
		return false;
	if (f->kind == FIELD_FREE) {
		for (unsigned i = 0; i < f->len; i++)
			if (digits[i] == '=' || digits[i] == ' ' || digits[i] == '\t' || digits[i] == '\n')
				return false;
		return true;
	}
	for (unsigned i = 0; i < f->len; i++) {
		int digit = codec_hex_digit(digits[i]);
		if (digit < 0)
			return false;
		value = value << 4 | (uint64_t)digit;
	}
	put(s, f, value);
	return true;
}

/* Returns how long the line is; 0: it has not the form, or is not all there. */
static size_t match_line(struct qemu_log_states *s, const struct qemu_log_line *line, const char *text, size_t len)
{
	char *form = s->text.at + line->text;

	if (line->other) {
		if (len < line->other || memcmp(text, form, line->other) != 0)
			return 0;
		const char *end = memchr(text, '\n', len < QEMU_LOG_MAX_LINE ? len : QEMU_LOG_MAX_LINE);
		return end ? (size_t)(end - text) + 1 : 0;
	}
	if (len < line->len || !has_form(text, form, s->fixed.at + line->text, line->len))
		return 0;
	for (uint32_t i = 0; i < line->num_fields; i++) {
		const struct qemu_log_field *f = &s->fields.at[line->first_field + i];
		if (!is_same(text + f->at, form + f->at, f->len) && !take_field(s, f, text + f->at))
			return 0;
	}
	memcpy(form, text, line->len);
	return line->len;
}

size_t qemu_log_states_match(struct qemu_log_states *s, const char *text, size_t len, uint64_t *ret_lines)
{
	size_t done = 0, from = s->at;

	while (s->follows && s->at < s->lines.len) {
		const struct qemu_log_line *line = &s->lines.at[s->at];
		size_t left = len - done, rest = s->text.len - line->text;
		size_t same = common(text + done, s->text.at + line->text, left < rest ? left : rest);
		/* All that are the same. */
		for (; s->at < s->lines.len && s->lines.at[s->at].len <= same; s->at++) {
			same -= s->lines.at[s->at].len;
			done += s->lines.at[s->at].len;
		}
		if (s->at == s->lines.len)
			break;
		size_t matched = match_line(s, &s->lines.at[s->at], text + done, len - done);
		if (!matched)
			break;
		s->at++;
		done += matched;
	}
	*ret_lines = s->at - from;
	return done;
}

/* ---- States ---- */

void qemu_log_states_begin(struct qemu_log_states *s)
{
	s->lines_before = s->lines.len;
	s->at = 0;
	s->follows = s->lines.len != 0;
	s->num_touched = 0;
}

bool qemu_log_states_whole(const struct qemu_log_states *s)
{
	return s->follows && s->at == s->lines.len;
}

bool qemu_log_states_enough(const struct qemu_log_states *s)
{
	return s->at >= s->lines_before;
}

/* Notes what the form has, which is then known; the rest is not. */
static void find_given(struct qemu_log_states *s)
{
	bool status = false, tags = false;
	unsigned floats = 0;

	memset(s->given, 0, s->isa->num_words);
	for (size_t i = 0; i < s->fields.len; i++) {
		const struct qemu_log_field *f = &s->fields.at[i];
		for (unsigned n = 0; n < f->num_targets; n++) {
			uint8_t *given = &s->given[s->targets.at[f->first_target + n].word];
			*given = (uint8_t)(*given + (*given < UINT8_MAX));
		}
		status = status || f->kind == FIELD_STATUS;
		tags = tags || f->kind == FIELD_TAGS;
		if (f->kind == FIELD_FLOAT)
			floats |= 1u << f->index;
	}
	s->have_floats = s->stack && status && tags && floats == UINT16_MAX;
	for (unsigned i = 0; s->have_floats && i < 8; i++)
		s->given[s->float_words[i]] = s->given[s->float_words[i] + 1] = 1;
	if (s->have_floats)
		s->given[s->tags_word] = 1;
}

static void forget_others(struct qemu_log_states *s)
{
	for (uint32_t reg = 0; reg < s->isa->num_regs; reg++) {
		const struct reg_desc *desc = &s->isa->regs[reg];
		bool given = true;
		for (unsigned i = 0; i < reg_words(desc); i++)
			given = given && s->given[desc->word + i];
		if (!given)
			state_set_unknown(&s->state, reg);
		for (unsigned i = 0; given && i < reg_words(desc); i++)
			s->state.unknown[desc->word + i] = 0;
	}
}

enum qemu_log_ending qemu_log_states_end(struct qemu_log_states *s, bool *ret_same)
{
	*ret_same = qemu_log_states_whole(s);
	if (*ret_same) {
		if (s->floats_changed)
			put_floats(s);
		return QEMU_LOG_STATE_GOOD;
	}
	cut_form(s);
	find_given(s);
	for (uint32_t i = 0; i < s->isa->num_words; i++)
		if (s->given[i] > 1)
			return QEMU_LOG_STATE_TWICE;
	for (size_t i = 0; i < s->places.len; i++)
		if (s->places.at[i].row->needed && !s->given[s->isa->regs[s->places.at[i].reg].word])
			return QEMU_LOG_STATE_LACKS;
	put_floats(s);
	forget_others(s);
	return QEMU_LOG_STATE_GOOD;
}
