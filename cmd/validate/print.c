#include "cmd/validate/print.h"

#include "lib/base/escape.h"

void print_text(const struct strbuf *text)
{
	struct strbuf lines = {0};

	escape_lines(&lines, strbuf_text(text));
	fputs(strbuf_text(&lines), stdout);
	strbuf_deinit(&lines);
}

void print_name(FILE *out, const char *name)
{
	struct strbuf line = {0};

	escape_line(&line, name);
	fputs(strbuf_text(&line), out);
	strbuf_deinit(&line);
}
