/* The attributes of floating-point operators as words. */
#include <ctype.h>
#include <string.h>

#include "lib/expr/fp_op.h"
#include "lib/expr/syntax.h"

/* What a word says: these fields of the attribute have this value. */
struct word {
	const char *text;
	struct fp_spec fields, value;
};

/* clang-format off */
#define FORMAT(name, id)     {name, {.format = 7}, {.format = id}}
#define FROM(name, id)       {"from_" name, {.from = 7}, {.from = id}}
#define RULES(name, id)      {name, {.rules = 3}, {.rules = id}}
#define ROUNDING(name, id)   {name, {.rounding = 7}, {.rounding = FP_STATIC + (id)}}
#define FLAG(name, field)    {name, {.field = 1}, {.field = 1}}
#define RELATION(name, id)   {name, {.relations = id}, {.relations = id}}
#define INTEGER(name, s, w)  {name, {.is_signed = 1, .integer = 64}, {.is_signed = s, .integer = w}}
#define NEGATE(name, i, bit) {name, {.negate[i] = bit}, {.negate[i] = bit}}

static const struct word words[] = {
	FORMAT("f16", FP_F16),
	FORMAT("bf16", FP_BF16),
	FORMAT("f32", FP_F32),
	FORMAT("f64", FP_F64),
	FORMAT("f80", FP_F80),
	FORMAT("f16alt", FP_F16_ALT),
	FROM("f16", FP_F16),
	FROM("bf16", FP_BF16),
	FROM("f32", FP_F32),
	FROM("f64", FP_F64),
	FROM("f80", FP_F80),
	FROM("f16alt", FP_F16_ALT),
	INTEGER("s8", 1, 8),
	INTEGER("s16", 1, 16),
	INTEGER("s32", 1, 32),
	INTEGER("s64", 1, 64),
	INTEGER("u8", 0, 8),
	INTEGER("u16", 0, 16),
	INTEGER("u32", 0, 32),
	INTEGER("u64", 0, 64),
	RULES("sse", FP_SSE),
	RULES("x87", FP_X87),
	RULES("arm", FP_ARM),
	RULES("armah", FP_ARM_ALTERNATE),
	ROUNDING("rn", FP_NEAREST),
	ROUNDING("rd", FP_DOWN),
	ROUNDING("ru", FP_UP),
	ROUNDING("rz", FP_TO_ZERO),
	ROUNDING("ra", FP_AWAY),
	ROUNDING("ro", FP_ODD),
	FLAG("quiet", quiet),
	FLAG("exact", exact),
	FLAG("nearest", nearest),
	RELATION("lt", FP_LESS),
	RELATION("eq", FP_EQUAL),
	RELATION("gt", FP_GREATER),
	RELATION("un", FP_UNORDERED),
	NEGATE("even_minus_product", 0, FP_NEGATE_PRODUCT),
	NEGATE("even_minus_addend", 0, FP_NEGATE_ADDEND),
	NEGATE("odd_minus_product", 1, FP_NEGATE_PRODUCT),
	NEGATE("odd_minus_addend", 1, FP_NEGATE_ADDEND),
};
/* clang-format on */

static const char fraction[] = "fraction";

/* As the node's attribute; whether a field is looked at, its operator decides. */
static bool says(const struct word *w, enum expr_op op, uint32_t attr)
{
	uint32_t fields = fp_spec_pack(&w->fields);

	return !(fields & ~fp_op_fields(op)) && (attr & fields) == fp_spec_pack(&w->value);
}

void syntax_fp_print(struct strbuf *out, enum expr_op op, uint32_t attr)
{
	const char *between = "";

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!says(&words[i], op, attr))
			continue;
		strbuf_printf(out, "%s%s", between, words[i].text);
		between = " ";
	}
	if (fp_spec_unpack(attr).fraction)
		strbuf_printf(out, " %s%u", fraction, fp_spec_unpack(attr).fraction);
}

/* "fraction12" */
static bool parse_fraction(const char *text, size_t len, uint32_t *attr)
{
	size_t name = sizeof fraction - 1;
	struct fp_spec s = fp_spec_unpack(*attr);
	unsigned number = 0;

	if (len <= name || len > name + 2 || memcmp(text, fraction, name))
		return false;
	for (size_t i = name; i < len; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		number = 10 * number + (unsigned)(text[i] - '0');
	}
	s.fraction = (uint8_t)number;
	*attr = fp_spec_pack(&s);
	return true;
}

bool syntax_fp_parse(const char *text, size_t len, enum expr_op op, uint32_t *attr)
{
	if (fp_op_fields(op) & fp_spec_pack(&(struct fp_spec){.fraction = 1}) && parse_fraction(text, len, attr))
		return true;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strlen(words[i].text) != len || memcmp(words[i].text, text, len) ||
		    fp_spec_pack(&words[i].fields) & ~fp_op_fields(op))
			continue;
		*attr |= fp_spec_pack(&words[i].value);
		return true;
	}
	return false;
}
