#include "cmd/validate/print.h"

void print_text(struct strbuf *text)
{
	if (text->len)
		text_blank_controls(text->at, "\n\t");
	fputs(strbuf_text(text), stdout);
}

void print_name(FILE *out, const char *name)
{
	struct strbuf text = {0};

	strbuf_append(&text, name);
	if (text.len)
		text_blank_controls(text.at, "");
	fputs(strbuf_text(&text), out);
	strbuf_deinit(&text);
}
