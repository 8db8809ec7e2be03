#include "lib/trace/values.h"

#include <string.h>

void values_clear(struct values *v)
{
	memset(v->slots, 0, sizeof v->slots);
	memset(v->lines, 0, sizeof v->lines);
	v->num_loaded = 0;
}

static size_t line_index(uint64_t tag)
{
	return tag & ((1 << VALUE_LINE_BITS) - 1);
}

static uint64_t read_line(const struct values *v, uint64_t line)
{
	const struct value_line *l = &v->lines[line_index(line)];

	return l->tag == line + 1 ? l->data : 0;
}

uint64_t values_remembered(const struct values *v, uint64_t address, unsigned len)
{
	unsigned shift = 8 * (address & 7);
	uint64_t value = read_line(v, address >> 3) >> shift;

	if ((address & 7) + len > 8)
		value |= read_line(v, (address >> 3) + 1) << (64 - shift);
	return value & value_ones(len);
}

static void write_line(struct values *v, uint64_t line, uint64_t mask, uint64_t data)
{
	struct value_line *l = &v->lines[line_index(line)];

	if (l->tag != line + 1)
		*l = (struct value_line){.tag = line + 1};
	l->data = (l->data & ~mask) | (data & mask);
}

void values_remember(struct values *v, uint64_t address, unsigned len, uint64_t data)
{
	unsigned shift = 8 * (address & 7);
	uint64_t mask = value_ones(len);

	write_line(v, address >> 3, mask << shift, data << shift);
	if ((address & 7) + len > 8)
		write_line(v, (address >> 3) + 1, mask >> (64 - shift), data >> (64 - shift));
}
