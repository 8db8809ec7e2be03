/*
 * JSON documents of our own formats, in and out. Every document names its format and version. What is read is not
 * trusted: errors name the file, the member and the remedy.
 */
#ifndef LIB_REPORT_DOCUMENT_H
#define LIB_REPORT_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "arch/arch.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/run/coverage.h"

/* Appends the document as text: an object or array that holds no other is one line. */
void document_print(struct strbuf *out, const json_t *document);

/*
 * Writes the text of a document, of any format, to where an option asks for it: a file, which gets its name when it is
 * complete, or "-", standard output. A text that memory ran out for is an error.
 */
struct error *document_write(const struct strbuf *text, const char *option, const char *path);

/* {family, form, encoding, status, fully, partly, not}; NULL when out of memory. */
json_t *coverage_form_json(const struct coverage_form *f);

struct document {
	const char *path;   /* borrowed */
	const char *remedy; /* what to do when it cannot be used: "write it again with validate --report" */
	json_t *root;       /* an object of the format and version asked for */
};

/* Reads a file of at most 256 MiB. The strings stay the caller's and have to outlive *ret. */
struct error *document_read(const char *path, const char *format, unsigned version, const char *remedy,
			    struct document *ret);
void document_deinit(struct document *d);

/* The same of a JSON report of a run (report.h), and the instruction set that it is of. */
struct error *document_read_report(const char *path, struct document *ret, const struct isa **ret_isa);

/* An element of a list among the document's members: {"findings", 3} for messages, and its value. */
struct document_element {
	const char *list; /* NULL: the document itself */
	size_t index;
	const json_t *value;
};

/* The document's own members. */
struct document_element document_root(const struct document *d);

/* Its list of objects; an error if it is not there. Elements are got by document_element(). */
struct error *document_list(const struct document *d, const char *name, const json_t **ret);
struct error *document_element(const struct document *d, const char *list, const json_t *array, size_t index,
			       struct document_element *ret);

/* Members, which have to be there. Texts are valid as long as the document. */
struct error *document_text(const struct document *d, const struct document_element *e, const char *name,
			    const char **ret);
struct error *document_count(const struct document *d, const struct document_element *e, const char *name,
			     uint64_t *ret);

/* The instruction set that its member "arch" names. */
struct error *document_isa(const struct document *d, const struct document_element *e, const struct isa **ret);

/* "PATH: findings[3].NAME: PROBLEM: REMEDY"; name may be NULL. */
struct error *document_error(const struct document *d, const struct document_element *e, const char *name,
			     const char *problem) __attribute__((returns_nonnull));

#endif
