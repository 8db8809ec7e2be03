#include "lib/report/document.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/evlog/json.h"

/* ---- Out ---- */

static size_t size_of(const json_t *value)
{
	return json_is_array(value) ? json_array_size(value) : json_object_size(value);
}

static bool is_container(const json_t *value)
{
	return json_is_array(value) || json_is_object(value);
}

/* No container in it, not even an empty one. */
static bool is_flat(const json_t *value)
{
	const char *key;
	json_t *member;
	size_t index;

	json_array_foreach(value, index, member)
	{
		if (is_container(member))
			return false;
	}
	/* The iterator changes nothing, but is declared as if it did. */
	json_object_foreach((json_t *)(uintptr_t)value, key, member)
	{
		if (is_container(member))
			return false;
	}
	return true;
}

static void print_flat(struct strbuf *out, const json_t *value)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY);

	if (text)
		strbuf_append(out, text);
	else
		out->failed = true;
	free(text);
}

static void start_member(struct strbuf *out, size_t index, unsigned depth)
{
	strbuf_append(out, index ? ",\n" : "\n");
	for (unsigned i = 0; i < depth; i++)
		strbuf_append(out, "  ");
}

/* Our own documents are built by us: their depth is known. */
static void print(struct strbuf *out, const json_t *value, unsigned depth) // NOLINT(misc-no-recursion)
{
	const char *key;
	json_t *member;
	size_t index;

	if (!is_container(value) || !size_of(value) || (depth && is_flat(value))) {
		print_flat(out, value);
		return;
	}
	strbuf_append_char(out, json_is_array(value) ? '[' : '{');
	json_array_foreach(value, index, member)
	{
		start_member(out, index, depth + 1);
		print(out, member, depth + 1);
	}
	index = 0;
	json_object_foreach((json_t *)(uintptr_t)value, key, member)
	{
		start_member(out, index++, depth + 1);
		strbuf_printf(out, "\"%s\": ", key); /* our own names, without quotes */
		print(out, member, depth + 1);
	}
	strbuf_append_char(out, '\n');
	for (unsigned i = 0; i < depth; i++)
		strbuf_append(out, "  ");
	strbuf_append_char(out, json_is_array(value) ? ']' : '}');
}

void document_print(struct strbuf *out, const json_t *document)
{
	if (!document) { /* out of memory, or text that is not UTF-8 */
		out->failed = true;
		return;
	}
	print(out, document, 0);
	strbuf_append_char(out, '\n');
}

struct error *document_write(const struct strbuf *text, const char *option, const char *path)
{
	if (strbuf_failed(text))
		return error_create(ERROR_BUG, "--%s %s: out of memory, or a name in the report is not UTF-8", option,
				    path);
	if (strcmp(path, "-") != 0)
		return file_write(path, strbuf_text(text), text->len);
	if (fputs(strbuf_text(text), stdout) == EOF || fflush(stdout) == EOF)
		return error_os(errno, "write", "standard output");
	return NULL;
}

/* ---- In ---- */

enum { DOCUMENT_MAX = 256 << 20 };

struct document_element document_root(const struct document *d)
{
	return (struct document_element){.value = d->root};
}

struct error *document_error(const struct document *d, const struct document_element *e, const char *name,
			     const char *problem)
{
	struct strbuf place = {0};

	if (e->list)
		strbuf_printf(&place, "%s[%zu]%s", e->list, e->index, name ? "." : "");
	if (name)
		strbuf_append(&place, name);
	struct error *err = error_input(d->path, 0, "%s%s%s: %s", strbuf_text(&place), place.len ? ": " : "", problem,
					d->remedy);
	strbuf_deinit(&place);
	return err;
}

static struct error *check_format(const struct document *d, const char *format, unsigned version)
{
	struct document_element root = document_root(d);
	const char *text = json_string_value(json_object_get(d->root, "format"));

	if (!json_is_object(d->root) || !text || strcmp(text, format) != 0)
		return error_input(d->path, 0, "is no file of the format \"%s\": %s", format, d->remedy);
	json_t *number = json_object_get(d->root, "version");
	if (!json_is_integer(number) || json_integer_value(number) != version)
		return document_error(d, &root, "version", "is not one that this validate knows");
	return NULL;
}

struct error *document_read(const char *path, const char *format, unsigned version, const char *remedy,
			    struct document *ret)
{
	struct document d = {.path = path, .remedy = remedy};
	json_error_t problem;
	struct strbuf text = {0};
	struct error *err = error_remedy(file_read(path, DOCUMENT_MAX, &text), remedy);

	if (!err)
		err = error_remedy(json_check_values(path, 0, strbuf_text(&text), text.len, JSON_VALUES_MAX), remedy);
	if (!err)
		d.root = json_loadb(strbuf_text(&text), text.len, JSON_REJECT_DUPLICATES, &problem);
	strbuf_deinit(&text);
	if (err)
		return err;
	if (!d.root)
		return error_input(path, problem.line > 0 ? (uint64_t)problem.line : 0, "is no JSON: %s: %s",
				   problem.text, remedy);
	err = check_format(&d, format, version);
	if (err) {
		document_deinit(&d);
		return err;
	}
	*ret = d;
	return NULL;
}

void document_deinit(struct document *d)
{
	json_decref(d->root);
	d->root = NULL;
}

struct error *document_read_report(const char *path, struct document *ret, const struct isa **ret_isa)
{
	struct document d;
	struct error *err = document_read(path, "validate-report", 1, "write the report again, with validate --report",
					  &d);

	if (err)
		return err;
	struct document_element root = document_root(&d);
	err = document_isa(&d, &root, ret_isa);
	if (err)
		document_deinit(&d);
	else
		*ret = d;
	return err;
}

struct error *document_list(const struct document *d, const char *name, const json_t **ret)
{
	struct document_element root = document_root(d);
	const json_t *list = json_object_get(d->root, name);

	if (!json_is_array(list))
		return document_error(d, &root, name, "is missing or no list");
	*ret = list;
	return NULL;
}

struct error *document_element(const struct document *d, const char *list, const json_t *array, size_t index,
			       struct document_element *ret)
{
	struct document_element e = {.list = list, .index = index, .value = json_array_get(array, index)};

	if (!json_is_object(e.value))
		return document_error(d, &e, NULL, "is no object");
	*ret = e;
	return NULL;
}

struct error *document_text(const struct document *d, const struct document_element *e, const char *name,
			    const char **ret)
{
	const char *text = json_string_value(json_object_get(e->value, name));

	if (!text)
		return document_error(d, e, name, "is missing or no text");
	*ret = text;
	return NULL;
}

struct error *document_count(const struct document *d, const struct document_element *e, const char *name,
			     uint64_t *ret)
{
	const json_t *number = json_object_get(e->value, name);

	if (!json_is_integer(number) || json_integer_value(number) < 0)
		return document_error(d, e, name, "is missing or no number from 0");
	*ret = (uint64_t)json_integer_value(number);
	return NULL;
}

struct error *document_isa(const struct document *d, const struct document_element *e, const struct isa **ret)
{
	const char *name;
	struct error *err = document_text(d, e, "arch", &name);

	if (err)
		return err;
	const struct isa *isa = isa_by_name(name);
	if (!isa)
		return document_error(d, e, "arch", "is no instruction set that validate knows");
	*ret = isa;
	return NULL;
}
