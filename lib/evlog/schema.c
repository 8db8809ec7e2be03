#include "lib/evlog/schema.h"

#include <string.h>

#include "lib/base/codec.h"

#define OBJECT(fields) \
	{ \
		fields, sizeof fields / sizeof *fields \
	}

/* ---- Types of our own ---- */

static void write_sha256(struct strbuf *out, const void *value, const void *arg)
{
	(void)arg;
	strbuf_append_char(out, '"');
	strbuf_append_hex(out, value, EVLOG_SHA256_LEN);
	strbuf_append_char(out, '"');
}

static struct error *read_sha256(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	const char *text = json_is_string(json) ? json_string_value(json) : "";

	(void)arg;
	if (strlen(text) != 2 * EVLOG_SHA256_LEN || !codec_decode_hex(text, strlen(text), ret))
		return place_error(at, "expected a string of 64 hexadecimal digits");
	return NULL;
}

static const struct json_type sha256_type = {write_sha256, read_sha256, NULL};

static const char *const kind_names[] = {
	[EVLOG_SYSCALL] = "syscall", [EVLOG_EXIT] = "exit", [EVLOG_SIGNAL] = "signal",
	[EVLOG_KILLED] = "killed",   [EVLOG_DATA] = "data",
};
enum { NUM_KINDS = sizeof kind_names / sizeof *kind_names };

const char *evlog_kind_name(enum evlog_kind kind)
{
	return (unsigned)kind < NUM_KINDS ? kind_names[kind] : "?";
}

static void write_kind(struct strbuf *out, const void *value, const void *arg)
{
	const char *name = evlog_kind_name(*(const enum evlog_kind *)value);

	(void)arg;
	json_write_string(out, name, strlen(name));
}

static struct error *read_kind(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	(void)arg;
	for (int i = 0; json_is_string(json) && i < NUM_KINDS; i++) {
		if (!strcmp(kind_names[i], json_string_value(json))) {
			*(enum evlog_kind *)ret = (enum evlog_kind)i;
			return NULL;
		}
	}
	return place_error(at, "expected \"syscall\", \"exit\", \"signal\" or \"killed\"");
}

static const struct json_type kind_type = {write_kind, read_kind, NULL};

static const char *const place_names[] = {
	[EVLOG_NO_PLACE] = "",
	[EVLOG_AT_CALL] = "call",
	[EVLOG_AT_INSTRUCTION] = "instruction",
	[EVLOG_BETWEEN] = "between",
};
enum { NUM_PLACES = sizeof place_names / sizeof *place_names };

static bool no_place(const void *value)
{
	return *(const enum evlog_place *)value == EVLOG_NO_PLACE;
}

static void write_place(struct strbuf *out, const void *value, const void *arg)
{
	const char *name = place_names[*(const enum evlog_place *)value];

	(void)arg;
	json_write_string(out, name, strlen(name));
}

static struct error *read_place(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	(void)arg;
	for (int i = EVLOG_NO_PLACE + 1; json_is_string(json) && i < NUM_PLACES; i++) {
		if (!strcmp(place_names[i], json_string_value(json))) {
			*(enum evlog_place *)ret = (enum evlog_place)i;
			return NULL;
		}
	}
	return place_error(at, "expected \"call\", \"instruction\" or \"between\"");
}

static const struct json_type place_type = {write_place, read_place, no_place};

static void write_perms(struct strbuf *out, const void *value, const void *arg)
{
	(void)arg;
	json_write_string(out, value, strlen(value));
}

static struct error *read_perms(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	static const char *const letters[] = {"r-", "w-", "x-", "ps"};
	const char *text = json_is_string(json) ? json_string_value(json) : "";
	bool ok = strlen(text) == 4;

	(void)arg;
	for (size_t i = 0; ok && i < 4; i++)
		ok = strchr(letters[i], text[i]);
	if (!ok)
		return place_error(at, "expected permissions as \"r-xp\"");
	memcpy(ret, text, 5);
	return NULL;
}

static const struct json_type perms_type = {write_perms, read_perms, NULL};

static void write_args(struct strbuf *out, const void *value, const void *arg)
{
	const uint64_t *args = value;

	(void)arg;
	for (int i = 0; i < 6; i++) {
		strbuf_append(out, i ? ", " : "[");
		json_write_hex(out, args[i]);
	}
	strbuf_append_char(out, ']');
}

static struct error *read_args(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	uint64_t *args = ret;

	(void)arg;
	if (!json_is_array(json) || json_array_size(json) != 6)
		return place_error(at, "expected an array of 6 arguments");
	for (size_t i = 0; i < 6; i++) {
		struct place inner = {.up = at, .index = i};
		struct error *err = json_read_hex(&inner, json_array_get(json, i), &args[i]);
		if (err)
			return err;
	}
	return NULL;
}

static const struct json_type args_type = {write_args, read_args, NULL};

static void write_arg_number(struct strbuf *out, const void *value, const void *arg)
{
	(void)arg;
	strbuf_append_char(out, (char)('0' + *(const uint8_t *)value));
}

static struct error *read_arg_number(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	uint64_t n;
	struct error *err = json_read_count(at, json, 5, &n);

	(void)arg;
	if (!err)
		*(uint8_t *)ret = (uint8_t)n;
	return err;
}

static const struct json_type arg_number_type = {write_arg_number, read_arg_number, NULL};

/* The steps from the argument to the range: [0] is the argument's own address. */
static void write_path(struct strbuf *out, const void *value, const void *arg)
{
	const struct sys_range *range = value;

	(void)arg;
	for (unsigned i = 0; i < range->depth; i++)
		strbuf_printf(out, "%s%lu", i ? ", " : "[", (unsigned long)range->offset[i]);
	strbuf_append_char(out, ']');
}

static struct error *read_path(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	struct sys_range *range = ret;

	(void)arg;
	if (!json_is_array(json) || json_array_size(json) < 1 || json_array_size(json) > SYS_MAX_DEPTH)
		return place_error(at, "expected an array of 1 to %d offsets", SYS_MAX_DEPTH);
	for (size_t i = 0; i < json_array_size(json); i++) {
		struct place inner = {.up = at, .index = i};
		uint64_t offset;
		struct error *err = json_read_count(&inner, json_array_get(json, i), UINT32_MAX, &offset);
		if (err)
			return err;
		range->offset[i] = (uint32_t)offset;
	}
	range->depth = (uint8_t)json_array_size(json);
	return NULL;
}

static void write_bits(struct strbuf *out, const void *value, const void *arg)
{
	(void)arg;
	strbuf_printf(out, "%u", *(const uint8_t *)value);
}

static struct error *read_bits(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	uint64_t n;
	struct error *err = json_read_count(at, json, UINT8_MAX, &n);

	(void)arg;
	if (!err)
		*(uint8_t *)ret = (uint8_t)n;
	return err;
}

static bool no_bits(const void *value)
{
	return *(const uint8_t *)value == 0;
}

static const struct json_type bits_type = {write_bits, read_bits, no_bits};

static const struct json_type path_type = {write_path, read_path, NULL};

/* Registers as an object: {"rax": "0x1", ...}. Most of an event's text, so it is put together before it is appended. */
static void write_regs(struct strbuf *out, const void *value, const void *arg)
{
	enum { REG_LEN = sizeof((struct evlog_reg *)0)->name + JSON_HEX_LEN + 6 };
	const evlog_regs *regs = value;
	char text[EVLOG_REGS_MAX * REG_LEN], *to = text;

	(void)arg;
	for (size_t i = 0; i < regs->len && i < EVLOG_REGS_MAX; i++) {
		to = stpcpy(to, i ? ", \"" : "\"");
		to = stpcpy(to, regs->at[i].name);
		to = stpcpy(to, "\": ");
		to += json_format_hex(to, regs->at[i].value);
	}
	strbuf_append_char(out, '{');
	strbuf_append_bytes(out, text, (size_t)(to - text));
	strbuf_append_char(out, '}');
}

static struct error *read_regs(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	evlog_regs *regs = ret;

	(void)arg;
	if (!json_is_object(json) || json_object_size(json) > EVLOG_REGS_MAX)
		return place_error(at, "expected an object of at most %d registers", EVLOG_REGS_MAX);
	void *iter = json_object_iter((json_t *)(uintptr_t)json);
	for (; iter; iter = json_object_iter_next((json_t *)(uintptr_t)json, iter)) {
		const char *name = json_object_iter_key(iter);
		struct evlog_reg reg = {0};
		if (strlen(name) >= sizeof reg.name ||
		    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(name))
			return place_error(at, "a register's name has at most %zu letters, digits and underscores",
					   sizeof reg.name - 1);
		memcpy(reg.name, name, strlen(name));
		struct place inner = {.up = at, .name = reg.name};
		struct error *err = json_read_hex(&inner, json_object_iter_value(iter), &reg.value);
		if (err)
			return err;
		if (!vec_push(regs, reg))
			return &error_no_memory;
	}
	return NULL;
}

static bool no_regs(const void *value)
{
	return ((const evlog_regs *)value)->len == 0;
}

static const struct json_type regs_type = {write_regs, read_regs, no_regs};

/* ---- Files ---- */

static const struct json_field file_fields[] = {
	{"path", &json_text, offsetof(struct evlog_file, path), NULL, false},
	{"size", &json_count, offsetof(struct evlog_file, size), NULL, false},
	{"sha256", &sha256_type, offsetof(struct evlog_file, sha256), NULL, false},
	{"build_id", &json_text, offsetof(struct evlog_file, build_id), NULL, true},
};
static const struct json_object file_object = OBJECT(file_fields);

/* An optional file: its path is NULL when there is none. */
static bool no_file(const void *value)
{
	return !((const struct evlog_file *)value)->path;
}

static void write_file(struct strbuf *out, const void *value, const void *arg)
{
	json_write_object(out, arg, value);
}

static struct error *read_file(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	return json_read_object(at, json, arg, ret);
}

static const struct json_type file_type = {write_file, read_file, no_file};

/* ---- Header ---- */

static bool no_cpu(const void *value)
{
	return !((const struct evlog_cpu *)value)->vendor;
}

static void write_cpu(struct strbuf *out, const void *value, const void *arg)
{
	json_write_object(out, arg, value);
}

static struct error *read_cpu(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	return json_read_object(at, json, arg, ret);
}

static const struct json_type cpu_type = {write_cpu, read_cpu, no_cpu};
static const struct json_field cpu_fields[] = {
	{"vendor", &json_text, offsetof(struct evlog_cpu, vendor), NULL, false},
	{"family", &json_count, offsetof(struct evlog_cpu, family), NULL, false},
	{"model", &json_count, offsetof(struct evlog_cpu, model), NULL, false},
};
static const struct json_object cpu_object = OBJECT(cpu_fields);

static const struct json_field auxv_fields[] = {
	{"type", &json_hex, offsetof(struct evlog_auxv, type), NULL, false},
	{"value", &json_hex, offsetof(struct evlog_auxv, value), NULL, false},
};
static const struct json_object auxv_object = OBJECT(auxv_fields);

static const struct json_field mapping_fields[] = {
	{"start", &json_hex, offsetof(struct evlog_mapping, start), NULL, false},
	{"end", &json_hex, offsetof(struct evlog_mapping, end), NULL, false},
	{"perms", &perms_type, offsetof(struct evlog_mapping, perms), NULL, false},
	{"offset", &json_hex, offsetof(struct evlog_mapping, offset), NULL, false},
	{"name", &json_text, offsetof(struct evlog_mapping, name), NULL, false},
};
static const struct json_object mapping_object = OBJECT(mapping_fields);

static struct error *read_mapping(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	struct evlog_mapping *m = ret;
	struct error *err = json_read_object(at, json, arg, m);

	if (!err && m->start >= m->end)
		return place_error(at, "a mapping that ends before it starts");
	return err;
}

static void write_mapping(struct strbuf *out, const void *value, const void *arg)
{
	json_write_object(out, arg, value);
}

static const struct json_type mapping_type = {write_mapping, read_mapping, NULL};

static const struct json_list text_list = {sizeof(char *), &json_text, NULL};
static const struct json_list auxv_list = {sizeof(struct evlog_auxv), &json_struct, &auxv_object};
static const struct json_list mapping_list = {sizeof(struct evlog_mapping), &mapping_type, &mapping_object};
static const struct json_bytes stack_bytes = {(ptrdiff_t)offsetof(struct evlog_header, stack_len) -
					      (ptrdiff_t)offsetof(struct evlog_header, stack)};

static const struct json_field header_fields[] = {
	{"arch", &json_text, offsetof(struct evlog_header, arch), NULL, false},
	{"recorder", &json_text, offsetof(struct evlog_header, recorder), NULL, false},
	{"cpu", &cpu_type, offsetof(struct evlog_header, cpu), &cpu_object, true},
	{"program", &file_type, offsetof(struct evlog_header, program), &file_object, false},
	{"interpreter", &file_type, offsetof(struct evlog_header, interpreter), &file_object, true},
	{"argv", &json_vec, offsetof(struct evlog_header, argv), &text_list, false},
	{"environment", &json_vec, offsetof(struct evlog_header, env), &text_list, false},
	{"auxv", &json_vec, offsetof(struct evlog_header, auxv), &auxv_list, false},
	{"mappings", &json_vec, offsetof(struct evlog_header, mappings), &mapping_list, false},
	{"entry", &json_hex, offsetof(struct evlog_header, entry), NULL, false},
	{"stack_pointer", &json_hex, offsetof(struct evlog_header, stack_pointer), NULL, false},
	{"stack", &json_base64, offsetof(struct evlog_header, stack), &stack_bytes, false},
	{"cwd", &json_text, offsetof(struct evlog_header, cwd), NULL, false},
};
const struct json_object evlog_header_object = OBJECT(header_fields);

/* ---- Events ---- */

static const struct json_field hole_fields[] = {
	{"offset", &json_count, offsetof(struct sys_hole, offset), NULL, false},
	{"len", &json_count, offsetof(struct sys_hole, len), NULL, false},
};
static const struct json_object hole_object = OBJECT(hole_fields);
static const struct json_list hole_list = {sizeof(struct sys_hole), &json_struct, &hole_object};
static const struct json_bytes write_bytes = {(ptrdiff_t)offsetof(struct evlog_write, range.len) -
					      (ptrdiff_t)offsetof(struct evlog_write, data)};

static const struct json_field write_fields[] = {
	{"address", &json_hex, offsetof(struct evlog_write, range.address), NULL, false},
	{"arg", &arg_number_type, offsetof(struct evlog_write, range.arg), NULL, false},
	{"path", &path_type, offsetof(struct evlog_write, range), NULL, false},
	{"addresses", &bits_type, offsetof(struct evlog_write, range.addresses), NULL, true},
	{"data", &json_base64, offsetof(struct evlog_write, data), &write_bytes, false},
	{"holes", &json_vec, offsetof(struct evlog_write, holes), &hole_list, false},
};
static const struct json_object write_object = OBJECT(write_fields);

static struct error *read_write(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	struct evlog_write *w = ret;
	struct error *err = json_read_object(at, json, arg, w);
	uint64_t from = 0;

	if (err)
		return err;
	if (w->range.len && w->range.address > UINT64_MAX - (w->range.len - 1))
		return place_error(at, "address and data pass the end of the address space");
	for (size_t i = 0; i < w->holes.len; i++) {
		const struct sys_hole *hole = &w->holes.at[i];
		if (hole->offset < from || hole->offset > w->range.len || hole->len == 0 ||
		    hole->len > w->range.len - hole->offset)
			return place_error(at, "hole %zu is empty, out of order or not within the data", i);
		from = hole->offset + hole->len;
	}
	return NULL;
}

static void write_write(struct strbuf *out, const void *value, const void *arg)
{
	json_write_object(out, arg, value);
}

static const struct json_type write_type = {write_write, read_write, NULL};

static void write_text_bytes(struct strbuf *out, const void *value, const void *arg)
{
	const struct evlog_string *s = value;

	(void)arg;
	json_write_string(out, s->text, s->len);
}

static struct error *read_text_bytes(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	struct evlog_string *s = ret;

	(void)arg;
	return json_read_string(at, json, &s->text, &s->len);
}

static const struct json_type text_bytes_type = {write_text_bytes, read_text_bytes, NULL};

static const struct json_field string_fields[] = {
	{"arg", &arg_number_type, offsetof(struct evlog_string, arg), NULL, false},
	{"text", &text_bytes_type, 0, NULL, false},
};
static const struct json_object string_object = OBJECT(string_fields);

static void write_id(struct strbuf *out, const void *value, const void *arg)
{
	(void)arg;
	strbuf_printf(out, "%llu", (unsigned long long)*(const uint64_t *)value);
}

static struct error *read_id(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	struct error *err = json_read_count(at, json, UINT32_MAX, ret);

	(void)arg;
	return err || *(uint64_t *)ret ? err : place_error(at, "files are numbered from 1");
}

static bool no_id(const void *value)
{
	return !*(const uint64_t *)value;
}

static const struct json_type id_type = {write_id, read_id, no_id};

static const struct json_bytes backing_bytes = {(ptrdiff_t)offsetof(struct evlog_backing, data_len) -
						(ptrdiff_t)offsetof(struct evlog_backing, data)};
static const struct json_field backing_fields[] = {
	{"file", &json_struct, offsetof(struct evlog_backing, file), &file_object, false},
	{"id", &id_type, offsetof(struct evlog_backing, id), NULL, true},
	{"offset", &json_hex, offsetof(struct evlog_backing, offset), NULL, false},
	{"data", &json_base64, offsetof(struct evlog_backing, data), &backing_bytes, true},
};
static const struct json_object backing_object = OBJECT(backing_fields);

static void write_backing(struct strbuf *out, const void *value, const void *arg)
{
	json_write_object(out, arg, *(struct evlog_backing *const *)value);
}

static struct error *read_backing(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	struct evlog_backing *backing = calloc(1, sizeof *backing);

	if (!backing)
		return &error_no_memory;
	*(struct evlog_backing **)ret = backing;
	return json_read_object(at, json, arg, backing);
}

static bool no_backing(const void *value)
{
	return !*(struct evlog_backing *const *)value;
}

static const struct json_type backing_type = {write_backing, read_backing, no_backing};

static const struct json_bytes change_bytes = {(ptrdiff_t)offsetof(struct evlog_change, data_len) -
					       (ptrdiff_t)offsetof(struct evlog_change, data)};
static const struct json_field change_fields[] = {
	{"id", &id_type, offsetof(struct evlog_change, id), NULL, false},
	{"size", &json_hex, offsetof(struct evlog_change, size), NULL, false},
	{"offset", &json_hex, offsetof(struct evlog_change, offset), NULL, false},
	{"data", &json_base64, offsetof(struct evlog_change, data), &change_bytes, false},
};
static const struct json_object change_object = OBJECT(change_fields);

static struct error *read_change(const struct place *at, const json_t *json, const void *arg, void *ret)
{
	const struct evlog_change *c = ret;
	struct error *err = json_read_object(at, json, arg, ret);

	if (!err && (c->size > INT64_MAX || c->offset > c->size || c->data_len > c->size - c->offset))
		return place_error(at, "the data is not within the file");
	return err;
}

static void write_change(struct strbuf *out, const void *value, const void *arg)
{
	json_write_object(out, arg, value);
}

static const struct json_type change_type = {write_change, read_change, NULL};
static const struct json_list change_list = {sizeof(struct evlog_change), &change_type, &change_object};
static const struct json_list write_list = {sizeof(struct evlog_write), &write_type, &write_object};
static const struct json_list string_list = {sizeof(struct evlog_string), &json_struct, &string_object};

static const struct json_field event_fields[] = {
	{"index", &json_count, offsetof(struct evlog_event, index), NULL, false},
	{"tid", &json_count, offsetof(struct evlog_event, tid), NULL, false},
	{"kind", &kind_type, offsetof(struct evlog_event, kind), NULL, false},
	{"number", &json_count, offsetof(struct evlog_event, number), NULL, false},
	{"name", &json_text, offsetof(struct evlog_event, name), NULL, false},
	{"pc", &json_hex, offsetof(struct evlog_event, pc), NULL, false},
	{"place", &place_type, offsetof(struct evlog_event, place), NULL, true},
	{"args", &args_type, offsetof(struct evlog_event, arg), NULL, false},
	{"result", &json_hex, offsetof(struct evlog_event, result), NULL, false},
	{"writes", &json_vec, offsetof(struct evlog_event, writes), &write_list, false},
	{"strings", &json_vec, offsetof(struct evlog_event, strings), &string_list, true},
	{"backing", &backing_type, offsetof(struct evlog_event, backing), &backing_object, true},
	{"files", &json_vec, offsetof(struct evlog_event, changes), &change_list, true},
	{"before", &regs_type, offsetof(struct evlog_event, before), NULL, true},
	{"after", &regs_type, offsetof(struct evlog_event, after), NULL, true},
};
const struct json_object evlog_event_object = OBJECT(event_fields);
