/*
 * What the JSON documents of findings are made of: texts, addresses, register and memory values. All return a new
 * reference, or NULL when memory ran out, which json_pack() passes on.
 */
#ifndef LIB_REPORT_VALUES_H
#define LIB_REPORT_VALUES_H

#include <jansson.h>
#include <stdint.h>

#include "lib/base/strbuf.h"
#include "lib/run/findings.h"

/* What a JSON document's integer can hold: what is more, of a hostile file, becomes the largest. */
static inline json_int_t value_int(uint64_t n)
{
	return n < INT64_MAX ? (json_int_t)n : INT64_MAX;
}

/* Takes the text, which is UTF-8. */
json_t *value_text(struct strbuf *text);

/* A name or a message of any origin, by escape_line(). */
json_t *value_foreign(const char *text);

/* A text with lines, by escape_lines(). */
json_t *value_lines(const char *text);

/* The same, or null for NULL. */
json_t *value_optional(const char *text);

/* "0x401000". */
json_t *value_hex(uint64_t value);

/* A value of width bits with all its digits, as report_value() has it. */
json_t *value_wide(const uint64_t *value, unsigned width);

/* The instruction's bytes in hexadecimal. */
json_t *value_bytes(const struct insn *insn);

/* What one of the functions that name something of a finding appends: finding_location() and the like. */
json_t *value_name(void (*append)(struct strbuf *, const struct finding *, const struct isa *), const struct finding *f,
		   const struct isa *isa);

/* [{name, width, value}]: the finding's inputs. */
json_t *value_inputs(const struct finding *f);

#endif
