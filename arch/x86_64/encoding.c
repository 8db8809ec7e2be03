/* Texts of encodings and operands -> conditions and fields. */
#include "arch/x86_64/encoding.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/decode.h"

enum { WORD_LEN = 32 };

/* The next word of a text, cut at blanks or at `stop`. False: none, or too long. */
static bool next_word(const char **text, char stop, char ret[WORD_LEN])
{
	size_t len = 0;

	while (**text == ' ')
		(*text)++;
	while (**text && **text != ' ' && **text != stop) {
		if (len + 1 == WORD_LEN)
			return false;
		ret[len++] = *(*text)++;
	}
	ret[len] = '\0';
	return len > 0;
}

static bool is_word(const char *word, const char *one)
{
	return strcmp(word, one) == 0;
}

/* ---- Encodings ---- */

/* Where in an encoding the parser is. */
enum stage { AT_PREFIXES, AT_MAP };

struct parser {
	struct x86_encoding *e;
	enum stage stage;
	bool has_opcode;
};

enum { PP_NONE = 1, PP_66 = 2, PP_F3 = 4, PP_F2 = 8, PP_ANY = 15 };

static bool take_prefix(struct x86_encoding *e, const char *word)
{
	static const struct {
		const char *word;
		uint8_t prefixes;
	} words[] = {{"NP", PP_NONE}, {"NFx", PP_NONE | PP_66}, {"66", PP_66}, {"F3", PP_F3}, {"F2", PP_F2}};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!is_word(word, words[i].word))
			continue;
		e->prefixes = words[i].prefixes;
		return true;
	}
	return false;
}

/* What a word sets, wherever it stands. */
static bool take_condition(struct x86_encoding *e, const char *word)
{
	static const struct {
		const char *word;
		size_t at;
		uint8_t value;
	} words[] = {
		{"REX.W", offsetof(struct x86_encoding, w), 2},   {"W1", offsetof(struct x86_encoding, w), 2},
		{"W0", offsetof(struct x86_encoding, w), 1},      {"WIG", offsetof(struct x86_encoding, w), 3},
		{"o16", offsetof(struct x86_encoding, osize), 1}, {"o32", offsetof(struct x86_encoding, osize), 2},
		{"o64", offsetof(struct x86_encoding, osize), 4}, {"a64", offsetof(struct x86_encoding, asize), 1},
		{"a32", offsetof(struct x86_encoding, asize), 2}, {"REX.B0", offsetof(struct x86_encoding, b0), 1},
		{"d64", offsetof(struct x86_encoding, d64), 1},   {"f64", offsetof(struct x86_encoding, f64), 1},
		{"128", offsetof(struct x86_encoding, l), 1},     {"LZ", offsetof(struct x86_encoding, l), 1},
		{"256", offsetof(struct x86_encoding, l), 2},     {"LIG", offsetof(struct x86_encoding, l), 3},
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!is_word(word, words[i].word))
			continue;
		memcpy((uint8_t *)e + words[i].at, &words[i].value, 1);
		return true;
	}
	return false;
}

static bool take_map(struct x86_encoding *e, const char *word)
{
	static const struct {
		const char *word;
		uint8_t space, map;
	} words[] = {
		{"0F", X86_VEX, X86_MAP_0F}, {"0F38", X86_VEX, X86_MAP_0F38}, {"0F3A", X86_VEX, X86_MAP_0F3A},
		{"08", X86_XOP, X86_XOP_8},  {"09", X86_XOP, X86_XOP_9},      {"0A", X86_XOP, X86_XOP_A},
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!is_word(word, words[i].word) || words[i].space != e->space)
			continue;
		e->map = words[i].map;
		return true;
	}
	return false;
}

/* "VEX.128.66.0F.WIG" */
static bool take_vex(struct parser *p, const char *word)
{
	struct x86_encoding *e = p->e;
	char part[WORD_LEN] = "";

	e->space = word[0] == 'X' ? X86_XOP : X86_VEX;
	e->l = 3;
	e->prefixes = e->space == X86_XOP ? PP_NONE : 0;
	e->map = X86_MAP_1;
	for (const char *at = word + 3; *at == '.';) {
		at++;
		if (!next_word(&at, '.', part) ||
		    (!take_condition(e, part) && !take_prefix(e, part) && !take_map(e, part)))
			return false;
	}
	return true;
}

/* Two hexadecimal digits, and what stands behind them. */
static bool take_byte(const char *word, uint8_t *ret, const char **rest)
{
	if (!isxdigit((unsigned char)word[0]) || !isxdigit((unsigned char)word[1]))
		return false;
	char digits[3] = {word[0], word[1]};
	*ret = (uint8_t)strtoul(digits, NULL, 16);
	*rest = word + 2;
	return true;
}

static bool take_modrm(struct x86_encoding *e, const char *word)
{
	uint8_t byte = 0;
	const char *rest = word;

	e->has_modrm = true;
	e->mods = 3;
	if (word[0] == '/') {
		if (is_word(word + 1, "r"))
			return true;
		if (word[1] < '0' || word[1] > '7' || word[2])
			return false;
		e->modrm = (uint8_t)((word[1] - '0') << 3);
		e->modrm_mask = 0x38;
		return true;
	}
	if (!take_byte(word, &byte, &rest) || byte < 0xc0)
		return false;
	e->modrm = byte;
	e->modrm_mask = is_word(rest, "+i") ? 0xf8 : 0xff;
	return e->modrm_mask == 0xf8 || !*rest;
}

/* The byte behind the operands. */
static bool take_suffix(struct x86_encoding *e, const char *word)
{
	const char *rest = word;

	if (e->has_suffix || e->space != X86_LEGACY || e->modrm_mask >= 0xf8)
		return false;
	e->has_suffix = true;
	return take_byte(word, &e->suffix, &rest) && !*rest;
}

/* An escape byte or the opcode. */
static bool take_opcode(struct parser *p, const char *word)
{
	struct x86_encoding *e = p->e;
	uint8_t byte = 0;
	const char *rest = word;

	if (!take_byte(word, &byte, &rest))
		return false;
	bool bare = !*rest;
	if (bare && byte == 0x0f && e->map == X86_MAP_1) {
		e->map = X86_MAP_0F;
		return true;
	}
	if (bare && e->map == X86_MAP_0F && p->stage == AT_PREFIXES && (byte == 0x38 || byte == 0x3a)) {
		e->map = byte == 0x38 ? X86_MAP_0F38 : X86_MAP_0F3A;
		p->stage = AT_MAP;
		return true;
	}
	e->opcode = byte;
	e->plus_r = is_word(rest, "+r");
	p->has_opcode = true;
	return bare || (e->plus_r && (byte & 7) == 0);
}

static bool take_word(struct parser *p, const char *word)
{
	if (strncmp(word, "VEX.", 4) == 0 || strncmp(word, "XOP.", 4) == 0)
		return take_vex(p, word);
	if (take_condition(p->e, word))
		return true;
	if (p->has_opcode)
		return p->e->has_modrm ? take_suffix(p->e, word) : take_modrm(p->e, word);
	if (p->e->map == X86_MAP_1 && take_prefix(p->e, word))
		return true;
	if (p->e->space != X86_LEGACY && p->e->map == X86_MAP_1 && take_map(p->e, word))
		return true;
	return take_opcode(p, word);
}

static bool parse_encoding(const char *text, struct x86_encoding *e)
{
	struct parser p = {.e = e};
	char word[WORD_LEN] = "";

	while (next_word(&text, ' ', word))
		if (!take_word(&p, word))
			return false;
	return p.has_opcode && !*text && e->prefixes;
}

/* ---- Operands ---- */

static bool parse_size(const char *text, struct x86_size *ret)
{
	static const struct {
		const char *text;
		struct x86_size size;
	} sizes[] = {
		{"", {X86_TYPE_NONE, 0, 0}},       {"b", {X86_TYPE_BITS, 8, 8}},      {"bs", {X86_TYPE_SIGNED, 8, 8}},
		{"w", {X86_TYPE_BITS, 16, 16}},    {"d", {X86_TYPE_BITS, 32, 32}},    {"q", {X86_TYPE_BITS, 64, 64}},
		{"dq", {X86_TYPE_BITS, 128, 128}}, {"qq", {X86_TYPE_BITS, 256, 256}}, {"ss", {X86_TYPE_BITS, 32, 32}},
		{"sd", {X86_TYPE_BITS, 64, 64}},   {"v", {X86_TYPE_V, 0, 0}},         {"y", {X86_TYPE_Y, 0, 0}},
		{"z", {X86_TYPE_Z, 0, 0}},         {"p", {X86_TYPE_P, 0, 0}},         {"x", {X86_TYPE_X, 1, 1}},
		{"ps", {X86_TYPE_X, 1, 1}},        {"pd", {X86_TYPE_X, 1, 1}},        {"h", {X86_TYPE_X, 2, 2}},
		{"f", {X86_TYPE_X, 4, 4}},         {"e", {X86_TYPE_X, 8, 8}},         {"k", {X86_TYPE_K, 64, 64}},
		{"vx", {X86_TYPE_VSIB, 0, 0}},
	};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		if (!is_word(text, sizes[i].text))
			continue;
		*ret = sizes[i].size;
		return true;
	}
	char *end;
	unsigned long bytes = strtoul(text, &end, 10), with_66 = bytes;
	if (*end == '/')
		bytes = strtoul(end + 1, &end, 10);
	if (*end || !bytes || bytes > 4096 || with_66 > 4096)
		return false;
	*ret = (struct x86_size){X86_TYPE_BITS, (uint16_t)(8 * bytes), (uint16_t)(8 * with_66)};
	return true;
}

/* Registers by name. */
static bool parse_fixed(const char *word, struct x86_field *ret)
{
#define GPR(number, bits) \
	X86_FIXED_GPR, number, {X86_TYPE_BITS, bits, bits}, \
	{ \
		0, 0, 0 \
	}
#define SEGMENT(number) \
	X86_FIXED_SEGMENT, number, {X86_TYPE_BITS, 16, 16}, \
	{ \
		0, 0, 0 \
	}
	static const struct {
		const char *word;
		struct x86_field field;
	} words[] = {
		{"AL", {GPR(0, 8)}},
		{"CL", {GPR(1, 8)}},
		{"AX", {GPR(0, 16)}},
		{"DX", {GPR(2, 16)}},
		{"ES", {SEGMENT(0)}},
		{"SS", {SEGMENT(2)}},
		{"DS", {SEGMENT(3)}},
		{"FS", {SEGMENT(4)}},
		{"GS", {SEGMENT(5)}},
		{"rAX", {X86_FIXED_GPR, 0, {X86_TYPE_V, 0, 0}, {0, 0, 0}}},
		{"eAX", {X86_FIXED_GPR, 0, {X86_TYPE_Z, 0, 0}, {0, 0, 0}}},
		{"1", {X86_ONE, 0, {X86_TYPE_BITS, 8, 8}, {0, 0, 0}}},
		{"XMM0", {X86_FIXED_XMM, 0, {X86_TYPE_BITS, 128, 128}, {0, 0, 0}}},
		{"ST0", {X86_FIXED_ST, 0, {X86_TYPE_BITS, 80, 80}, {0, 0, 0}}},
		{"STi", {X86_MODRM_ST, 0, {X86_TYPE_BITS, 80, 80}, {0, 0, 0}}},
	};
#undef GPR
#undef SEGMENT

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!is_word(word, words[i].word))
			continue;
		*ret = words[i].field;
		return true;
	}
	return false;
}

/* Which of memory (1) and a register (2) ModRM.rm may be, by a letter; 0: it is not in ModRM.rm. */
static unsigned mods_of(char letter)
{
	if (strchr("EWQ", letter))
		return 3;
	return strchr("RUN", letter) ? 2 : letter == 'M' ? 1 : 0;
}

static bool parse_operand(char *word, struct x86_field *ret, unsigned *ret_mods)
{
	char *slash = strstr(word, "/M");

	*ret_mods = 0;
	*ret = (struct x86_field){0};
	if (parse_fixed(word, ret))
		return true;
	if (!strchr("EGRBZMWVUHLQPNSCDIJOXY", word[0]))
		return false;
	*ret_mods = mods_of(word[0]);
	ret->letter = (uint8_t)word[0];
	if (slash) { /* a register by the one, memory by the other */
		*slash = '\0';
		if (*ret_mods != 2 || !parse_size(slash + 2, &ret->memory))
			return false;
		ret->letter = (uint8_t)(word[0] == 'R' ? 'E' : word[0] == 'U' ? 'W' : 'Q');
		*ret_mods = 3;
		return parse_size(word + 1, &ret->size);
	}
	if (!parse_size(word + 1, &ret->size))
		return false;
	ret->memory = ret->size;
	return true;
}

/* What an operand's letter asks of the encoding. */
static void apply_letter(struct x86_encoding *e, char letter, unsigned mods)
{
	if (mods)
		e->mods &= mods;
	if (letter == 'C' || letter == 'D') {
		e->mod_ignored = true;
		e->mods = 3;
	}
	e->uses_vvvv |= letter == 'H' || letter == 'B';
	e->has_segment |= letter == 'S';
	e->implied |= letter == 'X' || letter == 'Y';
}

static bool parse_operands(const char *text, struct x86_encoding *e)
{
	char word[WORD_LEN] = "";

	while (next_word(&text, ' ', word)) {
		struct x86_field field;
		unsigned mods;
		if (!parse_operand(word, &field, &mods) || (mods && !e->has_modrm))
			return false;
		apply_letter(e, (char)field.letter, mods);
		e->vsib |= field.size.type == X86_TYPE_VSIB;
		if (e->space == X86_LEGACY && strchr("HB", field.letter))
			continue;
		if (e->num_fields == X86_MAX_FIELDS)
			return false;
		e->fields[e->num_fields++] = field;
	}
	return !*text;
}

bool x86_encoding_parse(const char *encoding, const char *operands, struct x86_encoding *ret)
{
	*ret = (struct x86_encoding){.map = X86_MAP_1, .prefixes = PP_ANY, .w = 3, .l = 3, .osize = 7, .asize = 3};
	if (!parse_encoding(encoding, ret) || !parse_operands(operands, ret))
		return false;
	if (ret->has_modrm && ret->modrm_mask >= 0xf8)
		ret->mods &= 2;
	return !ret->has_modrm || ret->mods;
}

/* ---- Sizes ---- */

/* The operand size: W over 66, and what d64 and f64 say. */
unsigned x86_operand_size(const struct x86_encoding *e, const struct x86_raw *raw)
{
	if (raw->w || (e->f64 && !raw->near16))
		return 64;
	if (raw->opsize)
		return 16;
	return e->d64 || e->f64 ? 64 : 32;
}

static unsigned size_bits(const struct x86_encoding *e, const struct x86_size *s, const struct x86_raw *raw)
{
	unsigned vector = e->space != X86_LEGACY && raw->vex_l ? 256 : 128;

	switch (s->type) {
	case X86_TYPE_SIGNED:
	case X86_TYPE_BITS: return raw->opsize && !raw->w ? s->bits_66 : s->bits;
	case X86_TYPE_V: return x86_operand_size(e, raw);
	case X86_TYPE_Y: return raw->w ? 64 : 32;
	case X86_TYPE_Z: return x86_operand_size(e, raw) == 16 ? 16 : 32;
	case X86_TYPE_P: return x86_operand_size(e, raw) + 16;
	case X86_TYPE_X: return vector / s->bits;
	case X86_TYPE_K: return 64;
	case X86_TYPE_VSIB:
	default: return 0;
	}
}

unsigned x86_field_bits(const struct x86_encoding *e, const struct x86_field *f, const struct x86_raw *raw)
{
	bool memory = raw->is_mem && mods_of((char)f->letter) & 1;
	unsigned bits = size_bits(e, memory ? &f->memory : &f->size, raw);

	if (!memory && strchr("VWUHL", f->letter))
		return bits > 128 ? 256 : 128;
	return bits;
}

static unsigned one_immediate_len(const struct x86_encoding *e, const struct x86_field *f, const struct x86_raw *raw)
{
	switch (f->letter) {
	case 'L': return 1;
	case 'I': return size_bits(e, &f->size, raw) / 8;
	case 'J': return f->size.type == X86_TYPE_Z ? (raw->near16 ? 2 : 4) : f->size.bits / 8u;
	default: return 0;
	}
}

bool x86_has_absolute(const struct x86_encoding *e)
{
	return e->fields[0].letter == 'O' || e->fields[1].letter == 'O';
}

unsigned x86_immediate_len(const struct x86_encoding *e, const struct x86_raw *raw)
{
	unsigned len = 0;

	for (unsigned i = 0; i < e->num_fields; i++)
		len += one_immediate_len(e, &e->fields[i], raw);
	return len;
}
