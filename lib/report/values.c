#include "lib/report/values.h"

#include <inttypes.h>

#include "lib/base/escape.h"
#include "lib/report/report.h"

json_t *value_text(struct strbuf *text)
{
	json_t *s = strbuf_failed(text) ? NULL : json_stringn(strbuf_text(text), text->len);

	strbuf_deinit(text);
	return s;
}

json_t *value_foreign(const char *text)
{
	struct strbuf valid = {0};

	escape_line(&valid, text);
	return value_text(&valid);
}

json_t *value_lines(const char *text)
{
	struct strbuf valid = {0};

	escape_lines(&valid, text);
	return value_text(&valid);
}

json_t *value_optional(const char *text)
{
	return text ? value_foreign(text) : json_null();
}

json_t *value_hex(uint64_t value)
{
	return json_sprintf("0x%" PRIx64, value);
}

json_t *value_wide(const uint64_t *value, unsigned width)
{
	struct strbuf text = {0};

	report_value(&text, value, width);
	return value_text(&text);
}

json_t *value_bytes(const struct insn *insn)
{
	struct strbuf text = {0};

	strbuf_append_hex(&text, insn->bytes, insn->len);
	return value_text(&text);
}

json_t *value_name(void (*append)(struct strbuf *, const struct finding *, const struct isa *), const struct finding *f,
		   const struct isa *isa)
{
	struct strbuf text = {0};

	append(&text, f, isa);
	return value_text(&text);
}

json_t *value_inputs(const struct finding *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->inputs.len; i++) {
		const struct finding_input *input = &f->inputs.at[i];
		json_array_append_new(list,
				      json_pack("{s:s, s:i, s:o}", "name", input->name, "width", (int)input->width,
						"value", value_wide(input->value, input->width)));
	}
	return list;
}
