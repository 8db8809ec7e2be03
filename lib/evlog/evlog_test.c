#include "lib/evlog/evlog.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/rng.h"
#include "lib/evlog/schema.h"
#include "lib/testing/assert.h"
#include "lib/testing/logs.h"
#include "lib/testing/scratch.h"

static char log_path[SCRATCH_PATH_LEN], part_path[SCRATCH_PATH_LEN], other_path[SCRATCH_PATH_LEN];

static void setup(void)
{
	scratch_setup();
	scratch_path("run.json", log_path);
	scratch_path("run.json.part", part_path);
	scratch_path("other", other_path);
}

/* ---- Made-up logs ---- */

static struct rng rng = {1};

static uint64_t draw(uint64_t below)
{
	return rng_next(&rng) % below;
}

/* Edge values as often as others. */
static uint64_t draw_u64(void)
{
	static const uint64_t edges[] = {0, 1, 9, 10, 15, 16, UINT32_MAX, INT64_MAX, (uint64_t)INT64_MIN, UINT64_MAX};

	return draw(2) ? edges[draw(sizeof edges / sizeof *edges)] : rng_next(&rng);
}

static uint8_t *draw_bytes(size_t len)
{
	uint8_t *bytes = malloc(len + 1);

	ck_assert_ptr_nonnull(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)draw(256);
	bytes[len] = 0;
	return bytes;
}

/* Text of every kind: plain, with characters that JSON escapes, UTF-8 of every length, and no UTF-8 at all. */
static char *draw_text(void)
{
	static const char *const texts[] = {
		"",
		"a",
		"/usr/bin/true",
		"tab\there",
		"line\nbreak",
		"quote\"back\\slash",
		"\x01\x1f\x7f",
		"gr\xc3\xbc\xc3\x9f",
		"\xe2\x82\xac",
		"\xf0\x9f\x98\x80",
		"\xff\xfe",
		"half \xc3",
		"\xed\xa0\x80",
		"\xc0\xaf",
		"\xf4\x90\x80\x80",
		"\xe0\x80\x80",
		"\xf0\x80\x80\x80",
		"\xe2\x82",
	};

	return strdup(texts[draw(sizeof texts / sizeof *texts)]);
}

static void draw_file(struct evlog_file *f)
{
	f->path = draw_text();
	f->size = draw(1u << 30);
	for (size_t i = 0; i < sizeof f->sha256; i++)
		f->sha256[i] = (uint8_t)draw(256);
	f->build_id = draw(2) ? draw_text() : NULL;
}

static void draw_header(struct evlog_header *h)
{
	*h = (struct evlog_header){.arch = strdup("x86_64"), .recorder = draw_text(), .cwd = draw_text()};
	if (draw(2))
		h->cpu = (struct evlog_cpu){draw_text(), draw(300), draw(256)};
	draw_file(&h->program);
	if (draw(2))
		draw_file(&h->interpreter);
	for (uint64_t i = draw(4); i > 0; i--)
		ck_assert(vec_push(&h->argv, draw_text()));
	for (uint64_t i = draw(20); i > 0; i--)
		ck_assert(vec_push(&h->env, draw_text()));
	for (uint64_t i = draw(20); i > 0; i--)
		ck_assert(vec_push(&h->auxv, ((struct evlog_auxv){draw_u64(), draw_u64()})));
	for (uint64_t i = draw(5); i > 0; i--) {
		struct evlog_mapping m = {.end = draw_u64() | 1, .offset = draw_u64(), .name = draw_text()};
		m.start = m.end - 1 - draw(m.end);
		memcpy(m.perms, draw(2) ? "r-xp" : "rw-s", 5);
		ck_assert(vec_push(&h->mappings, m));
	}
	h->entry = draw_u64();
	h->stack_pointer = draw_u64();
	h->stack_len = draw(100);
	h->stack = draw_bytes(h->stack_len);
}

static void draw_write(struct evlog_write *w)
{
	*w = (struct evlog_write){.range = {.address = draw_u64() / 2, .len = draw(300), .arg = (uint8_t)draw(6)}};
	w->range.depth = (uint8_t)(1 + draw(SYS_MAX_DEPTH));
	w->range.addresses = (uint8_t)(draw(2) * draw(256));
	for (unsigned i = 0; i < w->range.depth; i++)
		w->range.offset[i] = (uint32_t)draw_u64();
	w->data = draw_bytes(w->range.len);
	for (uint64_t at = draw(50); at < w->range.len; at += 60) {
		struct sys_hole hole = {at, 1 + draw(w->range.len - at < 50 ? w->range.len - at : 50)};
		ck_assert(vec_push(&w->holes, hole));
	}
}

static void draw_regs(evlog_regs *regs, uint64_t num)
{
	for (uint64_t i = 0; i < num; i++) {
		struct evlog_reg reg = {.value = draw_u64()};
		snprintf(reg.name, sizeof reg.name, "r%u", (unsigned)i);
		ck_assert(vec_push(regs, reg));
	}
}

static void draw_event(struct evlog_event *ev, uint64_t index)
{
	*ev = (struct evlog_event){.index = index, .tid = draw(100000), .kind = (enum evlog_kind)draw(4)};
	ev->number = draw(500);
	ev->name = draw_text();
	ev->pc = draw_u64();
	ev->place = (enum evlog_place)draw(EVLOG_BETWEEN + 1);
	for (int i = 0; i < 6; i++)
		ev->arg[i] = draw_u64();
	ev->result = (int64_t)draw_u64();
	for (uint64_t i = draw(3); i > 0; i--) {
		struct evlog_write w;
		draw_write(&w);
		ck_assert(vec_push(&ev->writes, w));
	}
	for (uint64_t i = draw(3); i > 0; i--) {
		struct evlog_string s = {.arg = (uint8_t)draw(6), .text = draw_text()};
		s.len = strlen(s.text);
		ck_assert(vec_push(&ev->strings, s));
	}
	if (draw(3) == 0) {
		ev->backing = calloc(1, sizeof *ev->backing);
		draw_file(&ev->backing->file);
		ev->backing->offset = draw_u64();
		ev->backing->id = draw(3);
		ev->backing->data_len = draw(2) * draw(50);
		ev->backing->data = ev->backing->data_len || draw(2) ? draw_bytes(ev->backing->data_len) : NULL;
	}
	for (uint64_t i = draw(3); i > 0; i--) {
		struct evlog_change c = {.id = 1 + draw(5), .offset = draw_u64() >> 2, .data_len = draw(40)};
		c.size = c.offset + c.data_len + draw(10);
		c.data = draw_bytes(c.data_len);
		ck_assert(vec_push(&ev->changes, c));
	}
	draw_regs(&ev->before, draw(20));
	draw_regs(&ev->after, draw(3));
}

/* ---- Comparing, member by member: the tables are not asked ---- */

static void same_text(const char *a, const char *b)
{
	ck_assert_int_eq(!a, !b);
	if (a)
		ck_assert_str_eq(a, b);
}

static void same_file(const struct evlog_file *a, const struct evlog_file *b)
{
	same_text(a->path, b->path);
	ck_assert_uint_eq(a->size, b->size);
	ck_bytes(a->sha256, b->sha256, sizeof a->sha256);
	same_text(a->build_id, b->build_id);
}

static void same_header(const struct evlog_header *a, const struct evlog_header *b)
{
	same_text(a->arch, b->arch);
	same_text(a->recorder, b->recorder);
	same_text(a->cwd, b->cwd);
	same_text(a->cpu.vendor, b->cpu.vendor);
	ck_assert_uint_eq(a->cpu.family, b->cpu.family);
	ck_assert_uint_eq(a->cpu.model, b->cpu.model);
	same_file(&a->program, &b->program);
	same_file(&a->interpreter, &b->interpreter);
	ck_assert_uint_eq(a->argv.len, b->argv.len);
	for (size_t i = 0; i < a->argv.len; i++)
		same_text(a->argv.at[i], b->argv.at[i]);
	ck_assert_uint_eq(a->env.len, b->env.len);
	for (size_t i = 0; i < a->env.len; i++)
		same_text(a->env.at[i], b->env.at[i]);
	ck_assert_uint_eq(a->auxv.len, b->auxv.len);
	for (size_t i = 0; i < a->auxv.len; i++) {
		ck_assert_uint_eq(a->auxv.at[i].type, b->auxv.at[i].type);
		ck_assert_uint_eq(a->auxv.at[i].value, b->auxv.at[i].value);
	}
	ck_assert_uint_eq(a->mappings.len, b->mappings.len);
	for (size_t i = 0; i < a->mappings.len; i++) {
		const struct evlog_mapping *m = &a->mappings.at[i], *n = &b->mappings.at[i];
		ck_assert_uint_eq(m->start, n->start);
		ck_assert_uint_eq(m->end, n->end);
		ck_assert_uint_eq(m->offset, n->offset);
		same_text(m->perms, n->perms);
		same_text(m->name, n->name);
	}
	ck_assert_uint_eq(a->entry, b->entry);
	ck_assert_uint_eq(a->stack_pointer, b->stack_pointer);
	ck_assert_uint_eq(a->stack_len, b->stack_len);
	ck_bytes(a->stack, b->stack, a->stack_len);
}

static void same_write(const struct evlog_write *a, const struct evlog_write *b)
{
	ck_assert_uint_eq(a->range.address, b->range.address);
	ck_assert_uint_eq(a->range.len, b->range.len);
	ck_assert_uint_eq(a->range.arg, b->range.arg);
	ck_assert_uint_eq(a->range.depth, b->range.depth);
	ck_assert_uint_eq(a->range.addresses, b->range.addresses);
	for (unsigned i = 0; i < a->range.depth; i++)
		ck_assert_uint_eq(a->range.offset[i], b->range.offset[i]);
	ck_bytes(a->data, b->data, a->range.len);
	ck_assert_uint_eq(a->holes.len, b->holes.len);
	for (size_t i = 0; i < a->holes.len; i++) {
		ck_assert_uint_eq(a->holes.at[i].offset, b->holes.at[i].offset);
		ck_assert_uint_eq(a->holes.at[i].len, b->holes.at[i].len);
	}
}

static void same_regs(const evlog_regs *a, const evlog_regs *b)
{
	ck_assert_uint_eq(a->len, b->len);
	for (size_t i = 0; i < a->len; i++) {
		ck_assert_str_eq(a->at[i].name, b->at[i].name);
		ck_assert_uint_eq(a->at[i].value, b->at[i].value);
	}
}

static void same_event(const struct evlog_event *a, const struct evlog_event *b)
{
	ck_assert_uint_eq(a->index, b->index);
	ck_assert_uint_eq(a->tid, b->tid);
	ck_assert_int_eq(a->kind, b->kind);
	ck_assert_uint_eq(a->number, b->number);
	same_text(a->name, b->name);
	ck_assert_uint_eq(a->pc, b->pc);
	ck_assert_int_eq(a->place, b->place);
	for (int i = 0; i < 6; i++)
		ck_assert_uint_eq(a->arg[i], b->arg[i]);
	ck_assert_int_eq(a->result, b->result);
	ck_assert_uint_eq(a->writes.len, b->writes.len);
	for (size_t i = 0; i < a->writes.len; i++)
		same_write(&a->writes.at[i], &b->writes.at[i]);
	ck_assert_uint_eq(a->strings.len, b->strings.len);
	for (size_t i = 0; i < a->strings.len; i++) {
		ck_assert_uint_eq(a->strings.at[i].arg, b->strings.at[i].arg);
		ck_assert_uint_eq(a->strings.at[i].len, b->strings.at[i].len);
		same_text(a->strings.at[i].text, b->strings.at[i].text);
	}
	ck_assert_int_eq(!a->backing, !b->backing);
	if (a->backing) {
		same_file(&a->backing->file, &b->backing->file);
		ck_assert_uint_eq(a->backing->offset, b->backing->offset);
		ck_assert_uint_eq(a->backing->id, b->backing->id);
		ck_assert_int_eq(!a->backing->data, !b->backing->data);
		ck_assert_uint_eq(a->backing->data_len, b->backing->data_len);
		ck_bytes(a->backing->data, b->backing->data, a->backing->data_len);
	}
	ck_assert_uint_eq(a->changes.len, b->changes.len);
	for (size_t i = 0; i < a->changes.len; i++) {
		const struct evlog_change *c = &a->changes.at[i], *d = &b->changes.at[i];
		ck_assert_uint_eq(c->id, d->id);
		ck_assert_uint_eq(c->size, d->size);
		ck_assert_uint_eq(c->offset, d->offset);
		ck_assert_uint_eq(c->data_len, d->data_len);
		ck_bytes(c->data, d->data, c->data_len);
	}
	same_regs(&a->before, &b->before);
	same_regs(&a->after, &b->after);
}

/* ---- Round trip ---- */

enum { ROUNDS = 40 };

static void write_drawn_log(struct evlog_header *header, struct evlog_event *events, size_t num)
{
	struct evlog_writer *w;

	draw_header(header);
	ck_no_error(evlog_writer_create(log_path, header, &w));
	ck_assert_str_eq(evlog_writer_path(w), part_path);
	for (size_t i = 0; i < num; i++) {
		draw_event(&events[i], i);
		ck_no_error(evlog_writer_add(w, &events[i]));
	}
	ck_no_error(evlog_writer_finish(w));
	struct stat st;
	ck_assert_int_eq(stat(log_path, &st), 0);
	ck_assert_uint_eq(evlog_writer_bytes(w), (uint64_t)st.st_size);
	ck_assert_int_ne(access(part_path, F_OK), 0);
	evlog_writer_destroy(w);
}

static void read_drawn_log(const struct evlog_header *header, const struct evlog_event *events, size_t num)
{
	struct evlog_reader *r;
	struct evlog_event ev;
	bool end;

	ck_no_error(evlog_reader_open(log_path, &r));
	same_header(header, evlog_reader_header(r));
	for (size_t i = 0; i < num; i++) {
		ck_no_error(evlog_reader_next(r, &ev, &end));
		ck_assert(!end);
		same_event(&events[i], &ev);
		evlog_event_deinit(&ev);
	}
	for (int i = 0; i < 2; i++) {
		ck_no_error(evlog_reader_next(r, &ev, &end));
		ck_assert(end);
	}
	evlog_reader_destroy(r);
}

START_TEST(what_is_written_is_read)
{
	struct evlog_header header;
	struct evlog_event events[ROUNDS];
	size_t num = (size_t)_i;

	rng.state = (uint64_t)_i;
	write_drawn_log(&header, events, num);
	read_drawn_log(&header, events, num);

	/* jansson finds one document in the file, with as many events. */
	json_error_t error;
	json_t *json = json_load_file(log_path, JSON_REJECT_DUPLICATES, &error);
	ck_assert_msg(json, "line %d: %s", error.line, error.text);
	ck_assert_str_eq(json_string_value(json_object_get(json, "format")), "validate-log");
	ck_assert_uint_eq(json_array_size(json_object_get(json, "events")), num);
	json_decref(json);

	for (size_t i = 0; i < num; i++)
		evlog_event_deinit(&events[i]);
	evlog_header_deinit(&header);
}
END_TEST

START_TEST(a_missing_log_or_a_folder_is_told)
{
	struct evlog_reader *r;

	ck_error(evlog_reader_open(other_path, &r), ERROR_OS, "No such file");
	ck_error(evlog_reader_open(scratch_folder(), &r), ERROR_OS, "Is a directory");
}
END_TEST

/* ---- Bounds ---- */

static struct evlog_event event_with(uint64_t index, struct evlog_write *w)
{
	static char name[] = "read";
	struct evlog_event ev = {.index = index, .name = name};

	ev.writes.at = (void *)w;
	ev.writes.len = 1;
	return ev;
}

/* Not even a page of the data is looked at. */
START_TEST(too_much_data_is_refused_and_the_log_goes_on)
{
	struct evlog_header header;
	struct evlog_writer *w;
	struct evlog_write huge = {.range = {.len = EVLOG_DATA_MAX + 1, .depth = 1}};
	struct evlog_write small = {.range = {.len = 4, .depth = 1}, .data = (uint8_t[]){1, 2, 3, 4}};
	size_t events;

	draw_header(&header);
	ck_no_error(evlog_writer_create(log_path, &header, &w));
	struct evlog_event ev = event_with(0, &huge);
	ck_error(evlog_writer_add(w, &ev), ERROR_UNSUPPORTED, "event 0, read");
	ev = event_with(0, &small);
	ck_no_error(evlog_writer_add(w, &ev));
	ck_error(evlog_writer_add(w, &ev), ERROR_BUG, "added to the log as number 1");
	ck_no_error(evlog_writer_finish(w));
	evlog_writer_destroy(w);
	ck_no_error(log_read(log_path, &events));
	ck_assert_uint_eq(events, 1);
	evlog_header_deinit(&header);
}
END_TEST

/* Payloads of every length around the one from which they bypass the parser, in one event that is longer than that. */
START_TEST(long_payloads_are_read_as_short_ones)
{
	static const size_t lens[] = {0, 1, 3000, 3071, 3072, 3073, 100000, 50000, 5};
	enum { NUM = sizeof lens / sizeof *lens };
	struct evlog_header header;
	struct evlog_writer *w;
	struct evlog_reader *r;
	struct evlog_event ev = {.name = draw_text()}, read;
	bool end;

	draw_header(&header);
	for (int i = 0; i < NUM; i++) {
		struct evlog_write write = {.range = {.len = lens[i], .depth = 1}, .data = draw_bytes(lens[i])};
		ck_assert(vec_push(&ev.writes, write));
	}
	ck_no_error(evlog_writer_create(log_path, &header, &w));
	ck_no_error(evlog_writer_add(w, &ev));
	ck_no_error(evlog_writer_finish(w));
	evlog_writer_destroy(w);
	ck_no_error(evlog_reader_open(log_path, &r));
	ck_no_error(evlog_reader_next(r, &read, &end));
	ck_assert(!end);
	same_event(&ev, &read);
	evlog_event_deinit(&read);
	evlog_reader_destroy(r);
	evlog_event_deinit(&ev);
	evlog_header_deinit(&header);
}
END_TEST

/* The sanitizer keeps freed memory, so that peak says nothing there. */
#ifndef __SANITIZE_ADDRESS__
static long peak_kb(void)
{
	struct rusage usage;

	ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

/* 64 MiB of data pass through without being held. */
START_TEST(memory_is_that_of_one_event)
{
	enum { LEN = 64 << 10, NUM = 1024 };
	struct evlog_header header;
	struct evlog_writer *w;
	uint8_t *data = draw_bytes(LEN);
	size_t events;

	draw_header(&header);
	ck_no_error(evlog_writer_create(log_path, &header, &w));
	long before = peak_kb();
	for (uint64_t i = 0; i < NUM; i++) {
		struct evlog_write write = {.range = {.len = LEN, .depth = 1}, .data = data};
		struct evlog_event ev = event_with(i, &write);
		ck_no_error(evlog_writer_add(w, &ev));
	}
	ck_no_error(evlog_writer_finish(w));
	evlog_writer_destroy(w);
	ck_no_error(log_read(log_path, &events));
	ck_assert_uint_eq(events, NUM);
	ck_assert_int_le(peak_kb() - before, 8 << 10);
	evlog_header_deinit(&header);
	free(data);
}
END_TEST

#endif

/* ---- Files ---- */

START_TEST(an_unfinished_log_stays_as_part)
{
	struct evlog_header header;
	struct evlog_writer *w;
	struct evlog_event ev;
	struct evlog_reader *r;
	bool end;

	draw_header(&header);
	put_file(log_path, "old", 3);
	ck_no_error(evlog_writer_create(log_path, &header, &w));
	draw_event(&ev, 0);
	ck_no_error(evlog_writer_add(w, &ev));
	ck_no_error(evlog_writer_flush(w));
	evlog_writer_destroy(w);
	evlog_event_deinit(&ev);
	evlog_header_deinit(&header);

	ck_no_error(evlog_reader_open(part_path, &r));
	ck_no_error(evlog_reader_next(r, &ev, &end));
	ck_assert(!end);
	evlog_event_deinit(&ev);
	ck_error(evlog_reader_next(r, &ev, &end), ERROR_INPUT, "last whole event is 0");
	evlog_reader_destroy(r);
	struct stat st;
	ck_assert_int_eq(stat(log_path, &st), 0);
	ck_assert_int_eq(st.st_size, 3);
}
END_TEST

START_TEST(a_special_file_is_written_itself)
{
	struct evlog_header header;
	struct evlog_writer *w;

	draw_header(&header);
	ck_no_error(evlog_writer_create("/dev/null", &header, &w));
	ck_assert_str_eq(evlog_writer_path(w), "/dev/null");
	ck_no_error(evlog_writer_finish(w));
	evlog_writer_destroy(w);
	struct stat st;
	ck_assert_int_eq(stat("/dev/null", &st), 0);
	ck_assert(S_ISCHR(st.st_mode));
	ck_error(evlog_writer_create(scratch_folder(), &header, &w), ERROR_OS, "Is a directory");
	ck_error(evlog_writer_create("/nonexistent/run.json", &header, &w), ERROR_OS, "/nonexistent/run.json.part");
	evlog_header_deinit(&header);
}
END_TEST

START_TEST(a_full_disk_is_told)
{
	struct evlog_header header;
	struct evlog_writer *w;

	draw_header(&header);
	ck_error(evlog_writer_create("/dev/full", &header, &w), ERROR_OS, "No space left");
	evlog_header_deinit(&header);
}
END_TEST

/* Against sha256sum and readelf. */
START_TEST(a_file_is_identified)
{
	struct evlog_file file;
	char expected[WORD_LEN];
	struct strbuf digest = {0};
	struct stat st;

	ck_no_error(evlog_file_identify("/bin/ls", &file));
	ck_assert_str_eq(file.path, "/bin/ls");
	ck_assert_int_eq(stat("/bin/ls", &st), 0);
	ck_assert_uint_eq(file.size, (uint64_t)st.st_size);
	first_word("sha256sum /bin/ls", expected);
	strbuf_append_hex(&digest, file.sha256, sizeof file.sha256);
	ck_assert_str_eq(strbuf_text(&digest), expected);
	strbuf_deinit(&digest);
	first_word("readelf -n /bin/ls | sed -n 's/.*Build ID: //p'", expected);
	ck_assert_str_eq(file.build_id ? file.build_id : "", expected);
	evlog_file_deinit(&file);
}
END_TEST

START_TEST(a_file_that_is_no_elf_has_no_build_id)
{
	static const char *const texts[] = {"", "text",
					    "\x7f"
					    "ELF",
					    "\x7f"
					    "ELF\x02\x01\x01 and nothing that makes sense"};
	struct evlog_file file;

	put_file(other_path, texts[_i], strlen(texts[_i]));
	ck_no_error(evlog_file_identify(other_path, &file));
	ck_assert_ptr_null(file.build_id);
	ck_assert_uint_eq(file.size, strlen(texts[_i]));
	evlog_file_deinit(&file);
	ck_error(evlog_file_identify("/dev/null", &file), ERROR_INPUT, "not a regular file");
	ck_error(evlog_file_identify("/nonexistent", &file), ERROR_OS, "/nonexistent");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("evlog");
	TCase *tcase = tcase_create("evlog");

	tcase_add_checked_fixture(tcase, setup, scratch_teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, what_is_written_is_read, 0, ROUNDS);
	tcase_add_test(tcase, a_missing_log_or_a_folder_is_told);
	tcase_add_test(tcase, too_much_data_is_refused_and_the_log_goes_on);
	tcase_add_test(tcase, long_payloads_are_read_as_short_ones);
#ifndef __SANITIZE_ADDRESS__
	tcase_add_test(tcase, memory_is_that_of_one_event);
#endif
	tcase_add_test(tcase, an_unfinished_log_stays_as_part);
	tcase_add_test(tcase, a_special_file_is_written_itself);
	tcase_add_test(tcase, a_full_disk_is_told);
	tcase_add_test(tcase, a_file_is_identified);
	tcase_add_loop_test(tcase, a_file_that_is_no_elf_has_no_build_id, 0, 4);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
