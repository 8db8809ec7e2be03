/* Logs that were cut off, damaged or made to do harm. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/rng.h"
#include "lib/evlog/schema.h"
#include "lib/testing/assert.h"
#include "lib/testing/logs.h"
#include "lib/testing/scratch.h"

static char log_path[SCRATCH_PATH_LEN];

static void setup(void)
{
	scratch_setup();
	scratch_path("run.json", log_path);
}

/* ---- One small log as text, to be cut and damaged ---- */

static const char small_header[] =
	"{\"format\": \"validate-log\", \"version\": 1,\n\"arch\": \"x86_64\",\n\"recorder\": \"by hand\",\n"
	"\"program\": {\"path\": \"/bin/p\", \"size\": 3, \"sha256\": "
	"\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\", \"build_id\": \"c0de\"},\n"
	"\"argv\": [\"p\", {\"base64\": \"/w==\"}],\n\"environment\": [\"A=1\"],\n"
	"\"auxv\": [{\"type\": \"0x6\", \"value\": \"0x1000\"}],\n"
	"\"mappings\": [{\"start\": \"0x1000\", \"end\": \"0x2000\", \"perms\": \"r-xp\", \"offset\": \"0x0\", "
	"\"name\": \"/bin/p\"}],\n"
	"\"entry\": \"0x1000\",\n\"stack_pointer\": \"0x7ff0\",\n\"stack\": \"AAECAw==\",\n\"cwd\": \"/\",\n\"events\": [";

static const char *const small_events[] = {
	("{\"index\": 0, \"tid\": 7, \"kind\": \"syscall\", \"number\": 0, \"name\": \"read\", \"pc\": \"0x1010\", "
	 "\"args\": [\"0x0\", \"0x5000\", \"0x4\", \"0x0\", \"0x0\", \"0x0\"], \"result\": \"0x4\", "
	 "\"writes\": [{\"address\": \"0x5000\", \"arg\": 1, \"path\": [0], \"data\": \"AAECAw==\", "
	 "\"holes\": [{\"offset\": 1, \"len\": 2}]}], \"before\": {\"rax\": \"0x0\"}}"),
	("{\"index\": 1, \"tid\": 7, \"kind\": \"syscall\", \"number\": 257, \"name\": \"openat\", \"pc\": \"0x1020\", "
	 "\"args\": [\"0xffffff9c\", \"0x6000\", \"0x0\", \"0x0\", \"0x0\", \"0x0\"], \"result\": "
	 "\"0xfffffffffffffffe\", \"writes\": [], \"strings\": [{\"arg\": 1, \"text\": \"/x\"}]}"),
	("{\"index\": 2, \"tid\": 7, \"kind\": \"exit\", \"number\": 231, \"name\": \"exit_group\", \"pc\": \"0x1030\", "
	 "\"args\": [\"0x0\", \"0x0\", \"0x0\", \"0x0\", \"0x0\", \"0x0\"], \"result\": \"0x0\", \"writes\": []}"),
};
enum { SMALL_EVENTS = sizeof small_events / sizeof *small_events };

/* The text, and where each event ends in it. */
static void small_log(struct strbuf *text, size_t ends[SMALL_EVENTS])
{
	strbuf_append(text, small_header);
	for (int i = 0; i < SMALL_EVENTS; i++) {
		strbuf_append(text, i ? ",\n" : "\n");
		strbuf_append(text, small_events[i]);
		ends[i] = text->len;
	}
	strbuf_append(text, "\n]}\n");
}

START_TEST(a_log_cut_at_any_byte_names_its_last_whole_event)
{
	struct strbuf text = {0};
	size_t ends[SMALL_EVENTS], events;
	static const char *const last[] = {"is cut off", "event is 0 (read)", "event is 1 (openat)",
					   "event is 2 (exit_group)"};

	small_log(&text, ends);
	size_t complete = text.len - 1;
	for (size_t len = 0; len <= text.len; len++) {
		put_file(log_path, text.at, len);
		size_t whole = 0;
		while (whole < SMALL_EVENTS && ends[whole] <= len)
			whole++;
		struct error *err = log_read(log_path, &events);
		ck_assert_msg(events == whole, "cut at %zu: %zu events, expected %zu", len, events, whole);
		if (len >= complete) {
			ck_no_error(err);
			continue;
		}
		ck_assert_msg(err, "cut at %zu: accepted", len);
		ck_contains(err->message, log_path);
		if (whole == 0)
			ck_contains(err->message,
				    len < sizeof small_header ? "in its header" : "before its first event");
		ck_error(err, ERROR_INPUT, last[whole]);
	}
	strbuf_deinit(&text);
}
END_TEST

/* The first `old` in the log is replaced by `new`; the error's text must have the part. */
static const struct {
	const char *old, *new, *part;
} damages[] = {
	/* Header */
	{"validate-log", "validate-lob", "run.json:1: not an event log"},
	{"\"version\": 1", "\"version\": 2", "version: version 2 of the format"},
	{"\"version\": 1", "\"version\": \"1\"", "version: expected a number"},
	{", \"version\": 1", "", "version: expected a number"},
	{"\"arch\": \"x86_64\",\n", "", "arch: missing"},
	{"\"arch\": \"x86_64\"", "\"arch\": 64", "arch: expected a string"},
	{"\"arch\": \"x86_64\"", "\"arch\": \"x86\\u000064\"", "not JSON"},
	{"\"arch\": \"x86_64\"", "\"arch\": \"\xff\"", "run.json:2: column"},
	{"\"arch\": \"x86_64\"", "\"arch\": \"a\", \"arch\": \"b\"", "duplicate"},
	{"\"by hand\"", "\"by hand\", \"comment\\n\": 1", "unknown member \"comment\\u000a\""},
	{"\"by hand\"", "{\"base64\": \"QQBC\"}", "recorder: a zero byte"},
	{"\"by hand\"", "{\"base64\": 1}", "recorder.base64: expected a string"},
	{"\"size\": 3", "\"size\": -1", "program.size: expected a number"},
	{"\"size\": 3", "\"size\": 3.0", "program.size: expected a number"},
	{"\"size\": 3", "\"size\": 99999999999999999999", "not JSON"},
	{"\"size\": 3", "\"siez\": 3", "program.size: missing"},
	{"\"size\": 3", "\"size\": 3, \"x\": 0", "program: unknown member \"x\""},
	{"\"0011", "\"011", "program.sha256: expected"},
	{"\"0011", "\"0g11", "program.sha256: expected"},
	{"[\"A=1\"]", "\"A=1\"", "environment: expected an array"},
	{"{\"base64\": \"/w==\"}", "{\"base64\": \"/w=\"}", "argv[1].base64: not base64"},
	{"{\"base64\": \"/w==\"}", "null", "argv[1]: expected a string"},
	{"\"0x6\"", "6", "auxv[0].type: expected a string of \"0x\""},
	{"\"end\": \"0x2000\"", "\"end\": \"0x1000\"", "mappings[0]: a mapping that ends"},
	{"r-xp", "r-xz", "mappings[0].perms: expected"},
	{"r-xp", "r-x", "mappings[0].perms: expected"},
	{"\"entry\": \"0x1000\"", "\"entry\": \"1000\"", "entry: expected a string of \"0x\""},
	{"\"entry\": \"0x1000\"", "\"entry\": \"0x\"", "entry: expected a string of \"0x\""},
	{"\"entry\": \"0x1000\"", "\"entry\": \"0x11111111222222223\"", "entry: expected a string of \"0x\""},
	{"\"entry\": \"0x1000\"", "\"entry\": \"0x10 0\"", "entry: expected a string of \"0x\""},
	{"\"stack\": \"AAECAw==\"", "\"stack\": \"AAECAw\"", "stack: not base64"},
	/* The array */
	{"\"events\": [\n", "\"events\": [\n\n", "run.json:14: column"},
	{"},\n{\"index\": 1", "}\n{\"index\": 1", "expected \"]}\" behind the last event"},
	{"\"writes\": []}\n]}", "\"writes\": []},\n]}", "ends behind a comma"},
	{"\n]}\n", "\n]}\n\n", "text behind the end"},
	{"\n]}\n", "\n]}x\n", "expected \"]}\" behind the last event"},
	{"\n]}\n", "\n]}\n{}", "text behind the end"},
	/* Events */
	{"{\"index\": 0", "[\"index\", 0", "run.json:14: column"},
	{"\"index\": 0", "\"index\": 1", "event 1 stands where event 0 is expected"},
	{"\"index\": 2", "\"index\": 1", "event 1 stands where event 2 is expected"},
	{"\"index\": 0", "\"index\": \"0\"", "run.json:14: index: expected a number"},
	{"\"index\": 0, ", "", "index: missing"},
	{"\"tid\": 7", "\"tid\": -7", "tid: expected a number"},
	{"\"kind\": \"syscall\"", "\"kind\": \"call\"", "kind: expected"},
	{"\"kind\": \"syscall\"", "\"kind\": 0", "kind: expected"},
	{"\"number\": 257", "\"number\": null", "run.json:15: number: expected a number"},
	{"\"name\": \"read\"", "\"name\": []", "name: expected a string"},
	{"\"pc\": \"0x1010\"", "\"pc\": 4112", "pc: expected a string"},
	{"\"0x4\", \"0x0\", \"0x0\", \"0x0\"]", "\"0x4\", \"0x0\", \"0x0\"]", "args: expected an array of 6"},
	{"\"0x4\", \"0x0\"", "\"0x4\", \"zero\"", "args[3]: expected a string"},
	{"\"result\": \"0x4\"", "\"result\": 4", "result: expected a string"},
	{"\"writes\": [{", "\"writes\": {", "not JSON"},
	{"\"writes\": [{", "\"writes\": [7, {", "writes[0]: expected an object"},
	{"\"address\": \"0x5000\"", "\"address\": \"0xfffffffffffffffe\"", "writes[0]: address and data pass the end"},
	{"\"arg\": 1", "\"arg\": 6", "writes[0].arg: expected a number from 0 to 5"},
	{"\"path\": [0]", "\"path\": []", "writes[0].path: expected an array of 1 to 4"},
	{"\"path\": [0]", "\"path\": [0, 0, 0, 0, 0]", "writes[0].path: expected an array of 1 to 4"},
	{"\"path\": [0]", "\"path\": [0, 4294967296]", "writes[0].path[1]: expected a number from 0 to 4294967295"},
	{"\"path\": [0]", "\"path\": [0], \"addresses\": 256", "writes[0].addresses: expected a number from 0 to 255"},
	{"\"data\": \"AAEC", "\"data\": \"AA C", "writes[0].data: not base64"},
	{"\"data\": \"AAEC", "\"data\": \"AA-C", "writes[0].data: not base64"},
	{"\"data\": \"AAECAw==\"", "\"data\": 0", "writes[0].data: expected a string of base64"},
	{"\"offset\": 1, \"len\": 2", "\"offset\": 1, \"len\": 4", "writes[0]: hole 0 is"},
	{"\"offset\": 1, \"len\": 2", "\"offset\": 5, \"len\": 1", "writes[0]: hole 0 is"},
	{"\"offset\": 1, \"len\": 2", "\"offset\": 1, \"len\": 0", "writes[0]: hole 0 is"},
	{"\"len\": 2}", "\"len\": 2}, {\"offset\": 2, \"len\": 1}", "writes[0]: hole 1 is"},
	{"\"len\": 2}", "\"len\": 9223372036854775807}", "writes[0]: hole 0 is"},
	{"\"rax\": \"0x0\"", "\"rax\": 0", "before.rax: expected a string"},
	{"\"rax\"", "\"a_name_of_16_char\"", "before: a register's name"},
	{"\"rax\"", "\"r\\nx\"", "before: a register's name"},
	{"{\"rax\": \"0x0\"}", "[]", "before: expected an object"},
	{"\"strings\": [{\"arg\": 1", "\"strings\": [{\"arg\": true", "strings[0].arg: expected a number"},
	{"\"text\": \"/x\"", "\"text\": 1", "strings[0].text: expected a string"},
	{", \"strings\"", ", \"backing\": {\"file\": {}}, \"strings\"", "backing.file.path: missing"},
	{", \"strings\"", ", \"backing\": null, \"strings\"", "backing: expected an object"},
	{", \"strings\"", ", \"backing\": {\"id\": 0}, \"strings\"", "backing.file: missing"},
	{", \"strings\"", ", \"files\": [{\"id\": 0}], \"strings\"", "files[0].id: files are numbered from 1"},
	{", \"strings\"",
	 ", \"files\": [{\"id\": 1, \"size\": \"0x2\", \"offset\": \"0x0\", \"data\": \"YWJj\"}], \"strings\"",
	 "files[0]: the data is not within the file"},
	{"\"strings\"", "\"string\"", "unknown member \"string\""},
};
enum { NUM_DAMAGES = sizeof damages / sizeof *damages };

START_TEST(a_damaged_log_is_refused_by_place)
{
	struct strbuf text = {0}, damaged = {0};
	size_t ends[SMALL_EVENTS], events;
	const char *old = damages[_i].old, *part = damages[_i].part;

	small_log(&text, ends);
	const char *at = strstr(text.at, old);
	ck_assert_ptr_nonnull(at);
	strbuf_append_bytes(&damaged, text.at, (size_t)(at - text.at));
	strbuf_append(&damaged, damages[_i].new);
	strbuf_append(&damaged, at + strlen(old));
	put_file(log_path, damaged.at, damaged.len);
	struct error *err = log_read(log_path, &events);
	ck_assert_msg(err, "accepted: %s -> %s", old, damages[_i].new);
	ck_assert_ptr_null(strchr(err->message, '\n'));
	ck_contains(err->message, log_path);
	ck_error(err, ERROR_INPUT, part);
	strbuf_deinit(&text);
	strbuf_deinit(&damaged);
}
END_TEST

static void mutate(struct rng *rng, struct strbuf *text)
{
	for (uint64_t n = 1 + rng_below(rng, 4); n > 0; n--) {
		char *at = text->at + rng_below(rng, (uint32_t)text->len);
		char *from = text->at + rng_below(rng, (uint32_t)text->len);
		size_t len = 1 + rng_below(rng, 8), room = (size_t)(text->at + text->len - (at > from ? at : from));
		switch (rng_below(rng, 3)) {
		case 0: *at = (char)rng_below(rng, 256); break;
		case 1: *at = "0123456789\"\\,:[]{}-.eEx=\n"[rng_below(rng, 25)]; break;
		default: memmove(at, from, len < room ? len : room); break;
		}
	}
}

/* Whatever happens to a log, it is read, or refused in one line. The sanitizers see the rest. */
START_TEST(any_damage_is_survived)
{
	enum { ROUNDS = 1500 };
	struct strbuf text = {0};
	size_t ends[SMALL_EVENTS], events, refused = 0;
	struct rng rng = {(uint64_t)_i};

	for (int i = 0; i < ROUNDS; i++) {
		strbuf_clear(&text);
		small_log(&text, ends);
		mutate(&rng, &text);
		put_file(log_path, text.at, text.len);
		struct error *err = log_read(log_path, &events);
		if (!err)
			continue;
		refused++;
		ck_assert_int_eq(err->code, ERROR_INPUT);
		ck_assert_ptr_null(strchr(err->message, '\n'));
		for (const char *c = err->message; *c; c++)
			ck_assert_msg((uint8_t)*c >= ' ', "a control character in \"%s\"", err->message);
		error_destroy(err);
	}
	ck_assert_uint_gt(refused, ROUNDS / 2);
	strbuf_deinit(&text);
}
END_TEST

START_TEST(what_is_no_log_is_refused)
{
	static const char *const texts[] = {"\177ELF", "{}", "{\"format\": \"other\"}\n", "\n", "[]", "garbage\n"};
	size_t events;

	put_file(log_path, texts[_i], strlen(texts[_i]));
	ck_error(log_read(log_path, &events), ERROR_INPUT, "not an event log");
}
END_TEST

/* ---- Bounds ---- */

/* A header whose line never ends: zero bytes, most of them not even on the disk. */
START_TEST(an_endless_header_is_refused)
{
	size_t events;

	put_file(log_path, small_header, 60);
	ck_assert_int_eq(truncate(log_path, EVLOG_HEADER_MAX + 4096), 0);
	ck_error(log_read(log_path, &events), ERROR_INPUT, "a line of more than 32 MiB");
}
END_TEST

START_TEST(too_many_values_are_refused)
{
	struct strbuf text = {0};
	size_t events;

	strbuf_append(&text, small_header);
	strbuf_append(&text, "\n{\"index\": [\"[[[[,,,,\\\"[[\"");
	for (int i = 0; i < EVLOG_VALUES_MAX; i++)
		strbuf_append(&text, ",[]");
	strbuf_append(&text, "]}\n]}\n");
	put_file(log_path, text.at, text.len);
	strbuf_deinit(&text);
	ck_error(log_read(log_path, &events), ERROR_INPUT, "run.json:14: more than 1048576 JSON values");
}
END_TEST

/* The text that stands for a payload while an event is parsed means nothing in a file. */
START_TEST(a_payload_cannot_be_named)
{
	static const char *const data[] = {"@0", "@1", "@", "@18446744073709551616", "@-1", "@0x0"};
	struct strbuf text = {0};
	char *payload = calloc(1, 100001);
	size_t events;

	memset(payload, 'A', 100000);
	strbuf_append(&text, small_header);
	strbuf_printf(&text, "\n%.*s", (int)(strstr(small_events[1], "\"writes\"") - small_events[1]), small_events[1]);
	strbuf_append(&text, "\"writes\": [");
	for (int i = 0; i < 2; i++)
		strbuf_printf(&text,
			      "%s{\"address\": \"0x1\", \"arg\": 1, \"path\": [0], \"data\": \"%s\", \"holes\": []}",
			      i ? ", " : "", i ? data[_i] : payload);
	strbuf_append(&text, "]}\n]}\n");
	char *index = strstr(text.at, "\"index\": 1");
	ck_assert_ptr_nonnull(index);
	index[strlen("\"index\": ")] = '0';
	put_file(log_path, text.at, text.len);
	ck_error(log_read(log_path, &events), ERROR_INPUT, "writes[1].data: not base64");
	/* Damage within the payload is seen too. */
	strstr(text.at, "AAAA")[50000] = '\xff';
	put_file(log_path, text.at, text.len);
	ck_error(log_read(log_path, &events), ERROR_INPUT, "writes[0].data: not base64");
	strbuf_deinit(&text);
	free(payload);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("damage");
	TCase *tcase = tcase_create("damage");

	tcase_add_checked_fixture(tcase, setup, scratch_teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_log_cut_at_any_byte_names_its_last_whole_event);
	tcase_add_loop_test(tcase, a_damaged_log_is_refused_by_place, 0, NUM_DAMAGES);
	tcase_add_loop_test(tcase, any_damage_is_survived, 0, 4);
	tcase_add_loop_test(tcase, what_is_no_log_is_refused, 0, 6);
	tcase_add_test(tcase, an_endless_header_is_refused);
	tcase_add_test(tcase, too_many_values_are_refused);
	tcase_add_loop_test(tcase, a_payload_cannot_be_named, 0, 6);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
