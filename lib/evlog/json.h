/*
 * Tables that tell how a structure stands in JSON, and what walks them: one row a member serves writing and reading.
 *
 * Writing formats straight into a strbuf, which is several times faster than building a tree first. Reading takes
 * jansson's tree and trusts nothing in it: every member must be there, have its type and lie in its range, and a member
 * that the table does not have is an error. Knows nothing of events; for lib/evlog and lib/batch.
 */
#ifndef LIB_EVLOG_JSON_H
#define LIB_EVLOG_JSON_H

#include <jansson.h>

#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/vec.h"

/*
 * Long payloads are not put through the parser: json_lift() takes the strings of members "data" out of a text and
 * leaves "@0",
 * "@1".. in their places, which is no base64. Who reads the tree finds them through its place, each once.
 */
struct json_lifted {
	const char *at; /* within the text */
	size_t len;
	bool used;
};

struct json_lift {
	VEC(struct json_lifted) strings;
	struct strbuf text; /* what is left */
};

/* Where a value stands, for messages: the outermost place has the file and line, each inner one a member or an element.
 */
struct place {
	const struct place *up; /* NULL: outermost */
	const char *path;       /* outermost only */
	uint64_t line;          /* outermost only */
	struct json_lift *lift; /* outermost only; NULL: nothing was lifted */
	const char *name;       /* of the member; NULL: an element */
	size_t index;           /* of the element */
};

/*
 * ERROR_INPUT for JSON text of more than max values, counted by brackets, commas and colons. A tree needs up to a
 * hundred times the memory of its text: this is asked before text is parsed that somebody else wrote. line 0: none.
 */
struct error *json_check_values(const char *path, uint64_t line, const char *text, size_t len, size_t max);
enum { JSON_VALUES_MAX = 1 << 21 }; /* of a document; as a tree some 250 MiB at most */

/* Fills lift, which stays the caller's and borrows from text; false when out of memory. *ret_values counts the values
 * in text. */
bool json_lift(const char *text, size_t len, struct json_lift *lift, size_t *ret_values);
void json_lift_deinit(struct json_lift *lift);
/* What "@0" stands for; NULL if the text names nothing, or what was found before: then the file has such a text of its
 * own. */
struct place;
struct json_lifted *json_find_lifted(const struct place *at, const char *text);

/* ERROR_INPUT: "PATH:LINE: writes[0].data: MESSAGE". */
struct error *place_error(const struct place *at, const char *format, ...)
	__attribute__((returns_nonnull, format(printf, 2, 3)));

/*
 * How values of one type are written and read. `value` and `ret` point to the member of the structure; `arg` is the
 * row's. A read that fails leaves in *ret, which was all-zero, what the structure's own deinit function can free.
 */
struct json_type {
	void (*write)(struct strbuf *out, const void *value, const void *arg);
	struct error *(*read)(const struct place *at, const json_t *json, const void *arg, void *ret);
	bool (*empty)(const void *value); /* for optional members; else NULL */
};

struct json_field {
	const char *name;
	const struct json_type *type;
	size_t offset;   /* bytes into the structure */
	const void *arg; /* for the type */
	bool optional;   /* left out where the type finds it empty */
};

struct json_object {
	const struct json_field *fields;
	size_t num_fields;
};

/* What a VEC holds. */
struct json_list {
	size_t size; /* bytes of an element */
	const struct json_type *type;
	const void *arg;
};

/* An owned byte array's length, a uint64_t, stands len_offset bytes behind where the pointer stands. */
struct json_bytes {
	ptrdiff_t len_offset;
};

extern const struct json_type json_count;  /* uint64_t as a number */
extern const struct json_type json_hex;    /* uint64_t or int64_t as "0x..." */
extern const struct json_type json_text;   /* char *, owned, without NUL; what is not UTF-8 stands as {"base64": ...} */
extern const struct json_type json_base64; /* uint8_t *, owned; arg: struct json_bytes */
extern const struct json_type json_vec;    /* VEC; arg: struct json_list */
extern const struct json_type json_struct; /* a structure in place; arg: struct json_object */

/* The pieces, for types of one's own. */
void json_write_string(struct strbuf *out, const char *bytes, size_t len);
void json_write_hex(struct strbuf *out, uint64_t value);
/* The same without a NUL, in the caller's buffer; returns its length. */
enum { JSON_HEX_LEN = 20 };
size_t json_format_hex(char ret[JSON_HEX_LEN], uint64_t value);
void json_write_object(struct strbuf *out, const struct json_object *object, const void *from);
/* *ret is malloc()ed and has a NUL behind its *ret_len bytes. */
struct error *json_read_string(const struct place *at, const json_t *json, char **ret, size_t *ret_len);
struct error *json_read_hex(const struct place *at, const json_t *json, uint64_t *ret);
/* As json_read_hex(), for a JSON number of at most max. */
struct error *json_read_count(const struct place *at, const json_t *json, uint64_t max, uint64_t *ret);
struct error *json_read_base64(const struct place *at, const json_t *json, uint8_t **ret, uint64_t *ret_len);
struct error *json_read_object(const struct place *at, const json_t *json, const struct json_object *object, void *ret);

#endif
