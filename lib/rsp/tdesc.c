#include "lib/rsp/tdesc.h"

#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Above what stubs send. The widest register there is is SME's ZA: a square of the streaming vector length, 2048 bits
 * by 256 rows at most (Arm ARM B1.2.3). AArch64 with that and SVE has some 330 registers of 75,000 bytes.
 */
enum {
	MAX_DOCUMENTS = 32,
	MAX_DEPTH = 4,
	MAX_DOCUMENT_LEN = 1 << 20,
	MAX_REGS = 4096,
	MAX_NUMBER = 1 << 16,
	MAX_BITS = 2048 * 256,
	MAX_SIZE = 1 << 20,
};

/* One reading: documents may include others. */
struct reading {
	struct tdesc *desc;
	tdesc_fetch_fn *fetch;
	void *fetch_ctx;
	unsigned documents, depth;
	uint32_t next_number;

	/* The document that is being parsed. */
	XML_Parser parser;
	const char *annex;
	char feature[48];
	bool in_architecture;
	struct error *err; /* the first failure; parsing then stops */
};

static struct error *read_document(struct reading *r, const char *annex);

static void fail(struct reading *r, struct error *err)
{
	if (r->err)
		error_destroy(err);
	else
		r->err = err;
	XML_StopParser(r->parser, XML_FALSE);
}

static void fail_text(struct reading *r, const char *what, const char *value)
{
	fail(r, error_create(ERROR_PROTOCOL, "target description %s:%lu: %s%.80s", r->annex,
			     (unsigned long)XML_GetCurrentLineNumber(r->parser), what, value));
}

static const char *attribute(const XML_Char **attributes, const char *name)
{
	for (; attributes[0]; attributes += 2)
		if (!strcmp(attributes[0], name))
			return attributes[1];
	return NULL;
}

/* A decimal number of at most max. */
static bool parse_decimal(const char *text, uint32_t max, uint32_t *ret)
{
	uint32_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (uint32_t)(*text - '0');
		if (value > max)
			return false;
	}
	*ret = value;
	return true;
}

static void take_reg(struct reading *r, const XML_Char **attributes)
{
	const char *name = attribute(attributes, "name"), *bits = attribute(attributes, "bitsize");
	const char *number = attribute(attributes, "regnum");
	struct tdesc_reg reg = {.number = r->next_number};

	if (!name || !*name || strlen(name) >= sizeof reg.name) {
		fail_text(r, "register without a usable name: ", name ? name : "");
		return;
	}
	if (!bits || !parse_decimal(bits, MAX_BITS, &reg.bits) || !reg.bits) {
		fail_text(r, "no usable bitsize of register ", name);
		return;
	}
	if ((number && !parse_decimal(number, MAX_NUMBER, &reg.number)) || reg.number > MAX_NUMBER) {
		fail_text(r, "no usable regnum of register ", name);
		return;
	}
	if (r->desc->regs.len >= MAX_REGS) {
		fail_text(r, "too many registers at ", name);
		return;
	}
	snprintf(reg.name, sizeof reg.name, "%s", name);
	snprintf(reg.feature, sizeof reg.feature, "%s", r->feature);
	r->next_number = reg.number + 1;
	if (!vec_push(&r->desc->regs, reg))
		fail(r, &error_no_memory);
}

/* What fits the request qXfer:features:read:ANNEX:OFFSET,LENGTH of GDB's manual, whatever the stub's packets hold. */
static bool is_annex(const char *name)
{
	enum { ANNEX_MAX = 100 };
	size_t len = strlen(name);

	return len && len <= ANNEX_MAX && strcspn(name, ":,;$#}* ") == len;
}

static void take_include(struct reading *r, const XML_Char **attributes)
{
	const char *href = attribute(attributes, "href");
	struct reading outer = *r;

	if (!href) {
		fail_text(r, "xi:include without href", "");
		return;
	}
	if (!is_annex(href)) {
		fail_text(r, "no name of a document that can be asked for: ", href);
		return;
	}
	r->depth++;
	r->err = NULL;
	struct error *err = read_document(r, href);
	outer.documents = r->documents;
	outer.next_number = r->next_number;
	*r = outer;
	if (err)
		fail(r, err);
}

static void on_start(void *data, const XML_Char *name, const XML_Char **attributes)
{
	struct reading *r = data;
	const char *feature;

	if (r->err)
		return;
	if (!strcmp(name, "reg"))
		take_reg(r, attributes);
	else if (!strcmp(name, "xi:include"))
		take_include(r, attributes);
	else if (!strcmp(name, "feature") && (feature = attribute(attributes, "name")))
		snprintf(r->feature, sizeof r->feature, "%s", feature);
	else if (!strcmp(name, "architecture"))
		r->in_architecture = true;
}

static void on_end(void *data, const XML_Char *name)
{
	struct reading *r = data;

	if (!strcmp(name, "architecture"))
		r->in_architecture = false;
}

static void on_text(void *data, const XML_Char *text, int len)
{
	struct reading *r = data;
	char *to = r->desc->architecture;
	size_t used = strlen(to);

	for (int i = 0; r->in_architecture && i < len; i++)
		if (text[i] > ' ' && used + 1 < sizeof r->desc->architecture) {
			to[used++] = text[i];
			to[used] = '\0';
		}
}

/* No honest description declares entities; expanding them is how small documents become large. */
static void on_entity(void *data, const XML_Char *name, int is_parameter, const XML_Char *value, int value_len,
		      const XML_Char *base, const XML_Char *system_id, const XML_Char *public_id,
		      const XML_Char *notation)
{
	(void)is_parameter, (void)value, (void)value_len, (void)base, (void)system_id, (void)public_id, (void)notation;
	fail_text(data, "entity declared: ", name);
}

static struct error *parse_document(struct reading *r, const char *annex, const char *text, size_t len)
{
	XML_Parser parser = XML_ParserCreate(NULL);

	if (!parser)
		return &error_no_memory;
	r->parser = parser;
	r->annex = annex;
	r->feature[0] = '\0';
	r->in_architecture = false;
	XML_SetUserData(parser, r);
	XML_SetElementHandler(parser, on_start, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	XML_SetEntityDeclHandler(parser, on_entity);
	if (XML_Parse(parser, text, (int)len, 1) != XML_STATUS_OK && !r->err)
		r->err = error_create(ERROR_PROTOCOL, "target description %.60s:%lu: %s", annex,
				      (unsigned long)XML_GetCurrentLineNumber(parser),
				      XML_ErrorString(XML_GetErrorCode(parser)));
	XML_ParserFree(parser);
	return r->err;
}

static struct error *read_document(struct reading *r, const char *annex)
{
	char *text;
	size_t len;

	if (r->depth > MAX_DEPTH || ++r->documents > MAX_DOCUMENTS)
		return error_create(ERROR_PROTOCOL, "target description: too many documents at %.60s", annex);
	struct error *err = r->fetch(r->fetch_ctx, annex, &text, &len);
	if (err)
		return err;
	if (len > MAX_DOCUMENT_LEN)
		err = error_create(ERROR_PROTOCOL, "target description %.60s: %zu bytes", annex, len);
	else
		err = parse_document(r, annex, text, len);
	free(text);
	return err;
}

static int by_number(const void *a, const void *b)
{
	const struct tdesc_reg *left = a, *right = b;

	return (left->number > right->number) - (left->number < right->number);
}

/* Puts the registers into the order of `g`. */
static struct error *lay_out(struct tdesc *t)
{
	if (!t->regs.len)
		return error_create(ERROR_PROTOCOL, "target description: no registers");
	qsort(t->regs.at, t->regs.len, sizeof t->regs.at[0], by_number);
	for (size_t i = 0; i < t->regs.len; i++) {
		struct tdesc_reg *reg = &t->regs.at[i];

		if (i && reg[-1].number == reg->number)
			return error_create(ERROR_PROTOCOL, "target description: registers %s and %s have number %u",
					    reg[-1].name, reg->name, reg->number);
		reg->offset = t->size;
		t->size += (reg->bits + 7) / 8;
		if (t->size > MAX_SIZE)
			return error_create(ERROR_PROTOCOL, "target description: more than %d bytes of registers",
					    MAX_SIZE);
	}
	return NULL;
}

struct error *tdesc_read(tdesc_fetch_fn *fetch, void *ctx, struct tdesc *ret)
{
	struct tdesc t = {0};
	struct reading r = {.desc = &t, .fetch = fetch, .fetch_ctx = ctx};
	struct error *err = read_document(&r, "target.xml");

	if (!err)
		err = lay_out(&t);
	if (err)
		tdesc_deinit(&t);
	else
		*ret = t;
	return err;
}

void tdesc_deinit(struct tdesc *t)
{
	vec_deinit(&t->regs);
}

const struct tdesc_reg *tdesc_find(const struct tdesc *t, const char *name)
{
	for (size_t i = 0; i < t->regs.len; i++)
		if (!strcmp(t->regs.at[i].name, name))
			return &t->regs.at[i];
	return NULL;
}
