/* Patterns, and the way from a word to its row. */
#include "arch/aarch64/decode.h"

#include <ctype.h>
#include <stdlib.h>

/* The bits that choose a bucket: those that tell most encodings apart. */
enum { BUCKET_LOW = 21, NUM_BUCKETS = 1 << (32 - BUCKET_LOW) };

static struct error *malformed(const struct a64_row *row)
{
	return error_create(ERROR_BUG, "%s: the pattern \"%s\" is malformed", row->name, row->pattern);
}

/* A letter at a bit below those read so far: of the field that is being read, or of a new one. */
static bool add_bit(struct a64_encoding *e, char letter, unsigned bit)
{
	struct a64_field *last = e->num_fields ? &e->fields[e->num_fields - 1] : NULL;

	if (last && last->letter == letter && last->low == bit + 1) {
		last->low--;
		last->width++;
		return true;
	}
	for (unsigned i = 0; i < e->num_fields; i++)
		if (e->fields[i].letter == letter)
			return false;
	if (e->num_fields == A64_MAX_FIELDS)
		return false;
	e->fields[e->num_fields++] = (struct a64_field){.letter = letter, .low = (uint8_t)bit, .width = 1};
	return true;
}

struct error *a64_parse_row(const struct a64_row *row, struct a64_encoding *ret)
{
	struct a64_encoding e = {.row = row};
	unsigned bit = 32;

	for (const char *c = row->pattern; *c; c++) {
		if (*c == ' ')
			continue;
		if (!bit)
			return malformed(row);
		bit--;
		if (*c == '0' || *c == '1') {
			e.mask |= UINT32_C(1) << bit;
			e.value |= (uint32_t)(*c - '0') << bit;
		} else if (*c == '!' || *c == '?') {
			e.should |= UINT32_C(1) << bit;
			e.should_be |= (uint32_t)(*c == '!') << bit;
		} else if (!isalpha((unsigned char)*c) || (*c != 'x' && !add_bit(&e, *c, bit))) {
			return malformed(row);
		}
	}
	if (bit)
		return malformed(row);
	*ret = e;
	return NULL;
}

/*
 * Visits the buckets of every encoding: what its pattern leaves open of their bits takes all values. Without a list,
 * counts in at; else appends to the list where at says, in the order of the encodings.
 */
static void distribute(const struct a64_decoder *d, uint32_t *at, uint16_t *list)
{
	for (size_t i = 0; i < d->num_encodings; i++) {
		const struct a64_encoding *e = &d->encodings[i];
		uint32_t open = ~e->mask >> BUCKET_LOW, choice = open;
		do {
			uint32_t place = at[e->value >> BUCKET_LOW | choice]++;
			if (list)
				list[place] = (uint16_t)i;
			choice = (choice - 1) & open;
		} while (choice != open);
	}
}

static struct error *make_buckets(struct a64_decoder *d)
{
	uint32_t at[NUM_BUCKETS] = {0}, n = 0;

	distribute(d, at, NULL);
	for (uint32_t b = 0; b < NUM_BUCKETS; b++) {
		uint32_t size = at[b];
		d->first[b] = at[b] = n;
		n += size;
	}
	d->first[NUM_BUCKETS] = n;
	d->bucket = calloc(n + 1u, sizeof *d->bucket);
	if (!d->bucket)
		return &error_no_memory;
	distribute(d, at, d->bucket);
	return NULL;
}

static struct error *read_tables(struct a64_decoder *d, const struct a64_table *const *tables, size_t num)
{
	struct error *err = NULL;
	size_t n = 0;

	for (size_t i = 0; i < num; i++)
		n += tables[i]->len;
	if (!n || n > UINT16_MAX)
		return error_create(ERROR_BUG, "%zu encodings are none or too many", n);
	d->encodings = calloc(n, sizeof *d->encodings);
	d->first = calloc(NUM_BUCKETS + 1, sizeof *d->first);
	if (!d->encodings || !d->first)
		return &error_no_memory;
	for (size_t i = 0; !err && i < num; i++)
		for (size_t j = 0; !err && j < tables[i]->len; j++)
			err = a64_parse_row(&tables[i]->rows[j], &d->encodings[d->num_encodings++]);
	return err;
}

struct error *a64_decoder_init(struct a64_decoder *d, const struct a64_table *const *tables, size_t num)
{
	*d = (struct a64_decoder){0};
	struct error *err = read_tables(d, tables, num);

	if (!err)
		err = make_buckets(d);
	if (err)
		a64_decoder_deinit(d);
	return err;
}

void a64_decoder_deinit(struct a64_decoder *d)
{
	free(d->encodings);
	free(d->bucket);
	free(d->first);
	*d = (struct a64_decoder){0};
}

const struct a64_encoding *a64_decode(const struct a64_decoder *d, uint32_t word)
{
	uint32_t bucket = word >> BUCKET_LOW;

	for (uint32_t i = d->first[bucket]; i < d->first[bucket + 1]; i++) {
		const struct a64_encoding *e = &d->encodings[d->bucket[i]];
		if ((word & e->mask) == e->value)
			return e;
	}
	return NULL;
}
