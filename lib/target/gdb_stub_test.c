/* The GDB target against scripted stubs: other ways of working, and lies. */
#include "lib/target/gdb.h"

#include <stdio.h>

#include "lib/testing/assert.h"
#include "lib/testing/regs.h"
#include "lib/testing/stub.h"

/* Long enough for a busy machine where the stub answers, short where it does not. */
enum { PATIENT_MS = 60000, HASTY_MS = 150 };

static const struct isa *isa;
static struct stub *stub;

/* A description of three registers, of which `g` gives the first two. */
#define DESCRIPTION \
	"l<target><architecture>i386:x86-64</architecture><feature name=\"core\"><reg name=\"rip\" bitsize=\"64\"/>" \
	"<reg name=\"eflags\" bitsize=\"32\"/><reg name=\"rax\" bitsize=\"64\" regnum=\"5\"/>" \
	"<reg name=\"ours\" bitsize=\"8\"/></feature></target>"

#define RIP_10 "1000000000000000"
#define RIP_11 "1100000000000000"
#define RIP_12 "1200000000000000"
#define FLAGS  "46020000" /* PF, ZF, and IF, which user space always has */

/* The opening that all scripts share. */
#define OPENING(vcont, qemu) OPENING_OF(vcont, qemu, "0")
#define OPENING_OF(vcont, qemu, attached) \
	{"$qSupported", STUB_REPLY, "PacketSize=1000;qXfer:features:read+"}, {"$?#3f", STUB_REPLY, "T05thread:1;"}, \
		{"$vCont?#49", STUB_REPLY, vcont}, {"$qqemu.sstepbits#", STUB_REPLY, qemu}, \
		{"$qAttached#", STUB_REPLY, attached}, \
		{"$qXfer:features:read:target.xml:0,ffc#", STUB_REPLY, DESCRIPTION}, \
	{ \
		"$g#67", STUB_REPLY, RIP_10 FLAGS \
	}

static struct error *create(const struct stub_line *script, unsigned timeout_ms, enum gdb_ahead ahead,
			    struct target **ret)
{
	struct gdb_options options = {.ahead = ahead};
	struct rsp_client *client;
	int fd;

	stub = stub_start(script, &fd);
	ck_no_error(rsp_client_adopt(fd, timeout_ms, &client));
	return target_gdb_create(isa, client, &options, ret);
}

static struct target *start(const struct stub_line *script, enum gdb_ahead ahead)
{
	struct target *t = NULL;

	ck_no_error(create(script, PATIENT_MS, ahead, &t));
	return t;
}

/* What the client sent, as far as it contains this. */
static void end(struct target *t, const char *sent)
{
	target_destroy(t);
	const char *seen = stub_stop(stub, NULL);
	if (sent)
		ck_contains(seen, sent);
	stub_free(stub);
}

static uint64_t get(const struct state *s, const char *name)
{
	return state_get(s, test_reg(isa, name));
}

static bool known(const struct state *s, const char *name)
{
	return state_known(s, test_reg(isa, name));
}

START_TEST(decodes_by_the_description)
{
	static const struct stub_line script[] = {OPENING("vCont;c;C;s;S", ""),
						  {"$g#67", STUB_REPLY, RIP_11 FLAGS},
						  {"$p5#a5", STUB_REPLY, "efcdab8967452301"},
						  {0}};
	struct target *t = start(script, GDB_AHEAD_AUTO);
	struct state s;

	ck_no_error(state_init(&s, isa));
	ck_no_error(target_read_regs(t, &s));
	ck_assert_uint_eq(get(&s, "rip"), 0x11);
	ck_assert_uint_eq(get(&s, "rax"), 0x0123456789abcdef);
	ck_assert_uint_eq(get(&s, "zf"), 1);
	ck_assert_uint_eq(get(&s, "pf"), 1);
	ck_assert_uint_eq(get(&s, "cf"), 0);
	ck_assert(known(&s, "cf"));
	ck_assert(!known(&s, "rbx"));
	ck_assert(!known(&s, "xmm0"));
	const char *const *unused = target_gdb_unused_regs(t);
	ck_assert_str_eq(unused[0], "ours");
	ck_assert_ptr_null(unused[1]);
	state_deinit(&s);
	end(t, NULL);
}
END_TEST

START_TEST(unavailable_registers_are_unknown)
{
	static const struct stub_line script[] = {OPENING("vCont;c;C;s;S", ""),
						  {"$g#67", STUB_REPLY, RIP_11 "xxxxxxxx"},
						  {"$p5#a5", STUB_REPLY, "xxxxxxxxxxxxxxxx"},
						  {"$g#67", STUB_REPLY, RIP_11 FLAGS},
						  {"$p5#a5", STUB_REPLY, "0000000000000000"},
						  {0}};
	struct target *t = start(script, GDB_AHEAD_AUTO);
	struct state s;

	ck_no_error(state_init(&s, isa));
	ck_no_error(target_read_regs(t, &s));
	ck_assert(known(&s, "rip"));
	ck_assert(!known(&s, "zf"));
	ck_assert(!known(&s, "rax"));
	ck_no_error(target_read_regs(t, &s));
	ck_assert(known(&s, "zf"));
	ck_assert(known(&s, "rax"));
	state_deinit(&s);
	end(t, NULL);
}
END_TEST

/* A stub without vCont, P and breakpoints. */
START_TEST(falls_back_to_old_packets)
{
	static const struct stub_line script[] = {OPENING("", ""),
						  {"$s#73", STUB_REPLY, "S05"},
						  {"$S0b#e5", STUB_REPLY, "S0b"},
						  {"$g#67", STUB_REPLY, RIP_11 FLAGS},
						  {"$p5#a5", STUB_REPLY, "efcdab8967452301"},
						  {"$P0=3412", STUB_REPLY, ""},
						  {"$G34120000000000004602", STUB_REPLY, "OK"},
						  {"$g#67", STUB_REPLY, RIP_11 FLAGS},
						  {"$p5#a5", STUB_REPLY, "efcdab8967452301"},
						  {"$Z0,20,1#", STUB_REPLY, ""},
						  {0}};
	struct target *t = start(script, GDB_AHEAD_AUTO);
	struct state s;
	struct stop stop;

	ck_no_error(target_step(t, 0, &stop));
	ck_assert_int_eq(stop.kind, STOP_STEPPED);
	ck_no_error(target_step(t, 11, &stop));
	ck_assert_int_eq(stop.kind, STOP_SIGNAL);
	ck_no_error(state_init(&s, isa));
	state_set(&s, isa->pc, 0x1234);
	ck_no_error(target_write_regs(t, &s, &isa->pc, 1));
	ck_error(target_run_to(t, 0x20, &stop), ERROR_UNSUPPORTED, "no breakpoints");
	state_deinit(&s);
	end(t, NULL);
}
END_TEST

/* Flags are written into what the register holds. */
START_TEST(a_flag_leaves_its_neighbours)
{
	static const struct stub_line script[] = {OPENING("vCont;c;C;s;S", ""),
						  {"$g#67", STUB_REPLY, RIP_11 FLAGS},
						  {"$p5#a5", STUB_REPLY, "efcdab8967452301"},
						  {"$P1=470a0000#", STUB_REPLY, "OK"},
						  {0}};
	struct target *t = start(script, GDB_AHEAD_AUTO);
	const uint32_t regs[] = {test_reg(isa, "cf"), test_reg(isa, "of")};
	struct state s;

	ck_no_error(state_init(&s, isa));
	state_set(&s, regs[0], 1);
	state_set(&s, regs[1], 1);
	ck_no_error(target_write_regs(t, &s, regs, 2));
	state_deinit(&s);
	end(t, "$P1=470a0000#");
}
END_TEST

static void check_collected(struct target *t, uint64_t pc, uint8_t byte)
{
	struct observed seen;
	struct state s;

	ck_no_error(state_init(&s, isa));
	ck_no_error(target_collect(t, &s, &seen));
	ck_assert_int_eq(seen.stop.kind, STOP_STEPPED);
	ck_assert_uint_eq(state_get(&s, isa->pc), pc);
	ck_assert(seen.memory_ok[0]);
	ck_assert_uint_eq(seen.memory[0][0], byte);
	state_deinit(&s);
}

static const struct target_plan plans[2] = {{.num_reads = 1, .read = {{.address = 0x40, .len = 1}}, .all_regs = true},
					    {.num_reads = 1, .read = {{.address = 0x41, .len = 1}}, .all_regs = true}};

/* rax, which `g` leaves out, is asked for when the plan wants it, and else unknown. */
START_TEST(reads_on_request)
{
	static const struct stub_line script[] = {OPENING("vCont;c;C;s;S", ""),
						  {"+$vCont;s#b8", STUB_REPLY, "T05thread:1;"},
						  {"+$g#67", STUB_REPLY, RIP_11 FLAGS},
						  {"+$vCont;s#b8", STUB_REPLY, "T05thread:1;"},
						  {"+$g#67", STUB_REPLY, RIP_12 FLAGS},
						  {"+$p5#a5", STUB_REPLY, "efcdab8967452301"},
						  {"+$g#67", STUB_REPLY, RIP_12 FLAGS},
						  {"+$p5#a5", STUB_REPLY, "efcdab8967452302"},
						  {0}};
	struct target *t = start(script, GDB_AHEAD_AUTO);
	struct target_plan wanted[2] = {0};
	struct observed seen;
	struct state s;
	uint32_t rax = test_reg(isa, "rax"), pc = isa->pc;

	wanted[1].num_regs = 2;
	wanted[1].reg[0] = (uint16_t)rax;
	wanted[1].reg[1] = (uint16_t)pc;
	ck_assert(t->on_request[rax] && !t->on_request[pc]);
	ck_no_error(state_init(&s, isa));
	ck_no_error(target_submit(t, wanted, 2));
	ck_no_error(target_collect(t, &s, &seen));
	ck_assert(known(&s, "rip") && !known(&s, "rax"));
	ck_no_error(target_collect(t, &s, &seen));
	ck_assert(known(&s, "rip") && known(&s, "rax"));
	ck_assert_uint_eq(get(&s, "rax"), 0x0123456789abcdef);
	ck_no_error(target_read_regs(t, &s));
	ck_assert_uint_eq(get(&s, "rax"), 0x0223456789abcdef);
	state_deinit(&s);
	end(t, NULL);
}
END_TEST

/* A stub that is no QEMU gets one request at a time. */
START_TEST(steps_others_one_by_one)
{
	static const struct stub_line script[] = {
		OPENING("vCont;c;C;s;S", ""),         {"+$vCont;s#b8", STUB_REPLY, "T05thread:1;"},
		{"+$g#67", STUB_REPLY, RIP_11 FLAGS}, {"+$p5#a5", STUB_REPLY, "0000000000000000"},
		{"+$m40,1#", STUB_REPLY, "aa"},       {"+$vCont;s#b8", STUB_REPLY, "T05thread:1;"},
		{"+$g#67", STUB_REPLY, RIP_12 FLAGS}, {"+$p5#a5", STUB_REPLY, "0000000000000000"},
		{"+$m41,1#", STUB_REPLY, "bb"},       {0}};
	struct target *t = start(script, GDB_AHEAD_AUTO);

	ck_no_error(target_submit(t, plans, 2));
	check_collected(t, 0x11, 0xaa);
	check_collected(t, 0x12, 0xbb);
	ck_assert(!target_gdb_runs_ahead(t));
	end(t, NULL);
}
END_TEST

/*
 * A stub that calls itself QEMU, but answers what stands behind the step before it steps: noticed at the first step,
 * the state asked for again, and the next step made by itself.
 */
START_TEST(notices_a_stub_that_reads_more_at_once)
{
	static const struct stub_line script[] = {OPENING("vCont;c;C;s;S", "ENABLE=1,NOIRQ=2,NOTIMER=4"),
						  {"$g#67", STUB_REPLY, RIP_10 FLAGS},
						  {"$p5#a5", STUB_REPLY, "0000000000000000"},
						  {"$m40,1#", STUB_REPLY, RIP_10 FLAGS},
						  {"", STUB_REPLY, "0000000000000000"},
						  {"", STUB_REPLY, "99"},
						  {"", STUB_REPLY, "T05thread:1;"},
						  {"$g#67", STUB_REPLY, RIP_11 FLAGS},
						  {"$p5#a5", STUB_REPLY, "0000000000000000"},
						  {"$m40,1#", STUB_REPLY, "aa"},
						  {"+$vCont;s#b8", STUB_REPLY, "T05thread:1;"},
						  {"+$g#67", STUB_REPLY, RIP_12 FLAGS},
						  {"+$p5#a5", STUB_REPLY, "0000000000000000"},
						  {"+$m41,1#", STUB_REPLY, "bb"},
						  {0}};
	struct target *t = start(script, GDB_AHEAD_AUTO);

	ck_no_error(target_submit(t, plans, 1));
	ck_no_error(target_submit(t, plans + 1, 1));
	check_collected(t, 0x11, 0xaa);
	check_collected(t, 0x12, 0xbb);
	ck_assert(!target_gdb_runs_ahead(t));
	end(t, NULL);
}
END_TEST

/* One that keeps the order at first and not later cannot be helped, but is noticed. */
START_TEST(notices_a_stub_that_loses_the_order_later)
{
	static const struct stub_line script[] = {OPENING("vCont;c;C;s;S", "ENABLE=1,NOIRQ=2,NOTIMER=4"),
						  {"$g#67", STUB_REPLY, RIP_10 FLAGS},
						  {"$p5#a5", STUB_REPLY, "0000000000000000"},
						  {"$m40,1#", STUB_REPLY, "T05thread:1;"},
						  {"", STUB_REPLY, RIP_11 FLAGS},
						  {"", STUB_REPLY, "0000000000000000"},
						  {"", STUB_REPLY, "aa"},
						  {"$m41,1#", STUB_REPLY, RIP_11 FLAGS},
						  {0}};
	struct target *t = start(script, GDB_AHEAD_AUTO);
	struct observed seen;

	ck_no_error(target_submit(t, plans, 2));
	check_collected(t, 0x11, 0xaa);
	ck_assert(target_gdb_runs_ahead(t));
	ck_error(target_collect(t, NULL, &seen), ERROR_PROTOCOL, "does not keep the order");
	end(t, NULL);
}
END_TEST

/* A signal that is not the instruction's own is lost when steps were sent ahead of it. */
START_TEST(notices_a_signal_from_outside)
{
	static const struct stub_line script[] = {OPENING("vCont;c;C;s;S", "ENABLE=1,NOIRQ=2,NOTIMER=4"),
						  {"$g#67", STUB_REPLY, RIP_10 FLAGS},
						  {"$p5#a5", STUB_REPLY, "0000000000000000"},
						  {"$m40,1#", STUB_REPLY, "T05thread:1;"},
						  {"", STUB_REPLY, RIP_11 FLAGS},
						  {"", STUB_REPLY, "0000000000000000"},
						  {"", STUB_REPLY, "aa"},
						  {"$m41,1#", STUB_REPLY, "T0ethread:1;"},
						  {"", STUB_REPLY, RIP_11 FLAGS},
						  {"", STUB_REPLY, "0000000000000000"},
						  {"", STUB_REPLY, "aa"},
						  {"$m40,1#", STUB_REPLY, "T05thread:1;"},
						  {"", STUB_REPLY, RIP_12 FLAGS},
						  {"", STUB_REPLY, "0000000000000000"},
						  {"", STUB_REPLY, "aa"},
						  {0}};
	struct target *t = start(script, GDB_AHEAD_AUTO);
	struct observed seen;

	ck_no_error(target_submit(t, plans, 2));
	ck_no_error(target_submit(t, plans, 1));
	check_collected(t, 0x11, 0xaa);
	ck_error(target_collect(t, NULL, &seen), ERROR_TARGET, "signal 14 reached the guest from outside");
	end(t, NULL);
}
END_TEST

/* Stubs that are of no use, and the words in the error. */
static const struct {
	struct stub_line script[9];
	enum error_code code;
	const char *message;
} useless[] = {
	{{{"$qSupported", STUB_CLOSE, NULL}}, ERROR_TARGET, "closed the connection"},
	{{{"$qSupported", STUB_SEND, "+"}}, ERROR_TIMEOUT, "does not answer"},
	{{{"$qSupported", STUB_REPLY, ""}, {"$?", STUB_REPLY, "W00"}}, ERROR_TARGET, "already ended"},
	{{{"$qSupported", STUB_REPLY, ""}, {"$?", STUB_REPLY, "OK"}}, ERROR_PROTOCOL, "answered \"OK\""},
	{{{"$qSupported", STUB_REPLY, ""},
	  {"$?", STUB_REPLY, "S05"},
	  {"$vCont?", STUB_REPLY, ""},
	  {"$qqemu", STUB_REPLY, ""},
	  {"$qAttached", STUB_REPLY, "0"}},
	 ERROR_TARGET,
	 "no target description"},
	{{{"$qSupported", STUB_REPLY, "qXfer:features:read+"},
	  {"$?", STUB_REPLY, "S05"},
	  {"$vCont?", STUB_REPLY, ""},
	  {"$qqemu", STUB_REPLY, ""},
	  {"$qAttached", STUB_REPLY, "0"},
	  {"$qXfer", STUB_REPLY, "l<target>"}},
	 ERROR_PROTOCOL,
	 "target description"},
	{{{"$qSupported", STUB_REPLY, "qXfer:features:read+"},
	  {"$?", STUB_REPLY, "S05"},
	  {"$vCont?", STUB_REPLY, ""},
	  {"$qqemu", STUB_REPLY, ""},
	  {"$qAttached", STUB_REPLY, "0"},
	  {"$qXfer", STUB_REPLY, "l<t><architecture>aarch64</architecture><reg name=\"x0\" bitsize=\"64\"/></t>"},
	  {"$g#67", STUB_REPLY, RIP_10}},
	 ERROR_TARGET,
	 "the GDB stub's guest is aarch64, the program is i386:x86-64"},
	{{{"$qSupported", STUB_REPLY, "qXfer:features:read+"},
	  {"$?", STUB_REPLY, "S05"},
	  {"$vCont?", STUB_REPLY, ""},
	  {"$qqemu", STUB_REPLY, ""},
	  {"$qAttached", STUB_REPLY, "0"},
	  {"$qXfer", STUB_REPLY, "l<t><reg name=\"rax\" bitsize=\"64\"/></t>"},
	  {"$g#67", STUB_REPLY, RIP_10}},
	 ERROR_TARGET,
	 "does not show the register rip"},
	{{{"$qSupported", STUB_REPLY, "qXfer:features:read+"},
	  {"$?", STUB_REPLY, "S05"},
	  {"$vCont?", STUB_REPLY, ""},
	  {"$qqemu", STUB_REPLY, ""},
	  {"$qAttached", STUB_REPLY, "0"},
	  {"$qXfer", STUB_REPLY, "l<t><reg name=\"rip\" bitsize=\"64\"/></t>"},
	  {"$g#67", STUB_REPLY, RIP_10 RIP_10}},
	 ERROR_PROTOCOL,
	 "sends 16 bytes of registers and describes 8"},
	{{{"$qSupported", STUB_REPLY, "qXfer:features:read+"},
	  {"$?", STUB_REPLY, "S05"},
	  {"$vCont?", STUB_REPLY, ""},
	  {"$qqemu", STUB_REPLY, ""},
	  {"$qAttached", STUB_REPLY, "0"},
	  {"$qXfer", STUB_REPLY, "l<t><reg name=\"rip\" bitsize=\"64\"/></t>"},
	  {"$g#67", STUB_REPLY, "E01"}},
	 ERROR_PROTOCOL,
	 "reading registers: the GDB stub answered \"E01\""},
};

START_TEST(useless_stubs_are_errors)
{
	struct target *t;

	ck_error(create(useless[_i].script, useless[_i].code == ERROR_TIMEOUT ? HASTY_MS : PATIENT_MS, GDB_AHEAD_AUTO,
			&t),
		 useless[_i].code, useless[_i].message);
	end(NULL, NULL);
}
END_TEST

/* Lies once the target stands: the reply to `g`, or to `m` at 0x40. */
static const struct {
	const char *regs, *memory, *message;
} lies[] = {
	{RIP_11, NULL, "reading registers: the GDB stub answered \"" RIP_11 "\""},
	{RIP_11 FLAGS "00", NULL, "reading registers"},
	{RIP_11 "4602000g", NULL, "reading registers"},
	{RIP_11 "460200x0", NULL, "reading registers"},
	{"T05thread:1;", NULL, "answered \"T05thread:1;\""},
	{"OK", NULL, "answered \"OK\""},
	{"", NULL, "answered \"\""},
	{NULL, "aabb", "reading memory: the GDB stub answered \"aabb\""},
	{NULL, "a", "answered \"a\""},
	{NULL, "zz", "answered \"zz\""},
	{NULL, "T05thread:1;", "answered \"T05thread:1;\""},
};

START_TEST(lies_are_errors)
{
	struct stub_line script[] = {OPENING("vCont;c;C;s;S", ""), {"$", STUB_REPLY, NULL}, {0}};
	struct stub_line *lie = &script[sizeof script / sizeof script[0] - 2];
	struct state s;
	uint8_t byte;
	size_t got;

	lie->text = lies[_i].regs ? lies[_i].regs : lies[_i].memory;
	struct target *t = start(script, GDB_AHEAD_AUTO);
	ck_no_error(state_init(&s, isa));
	if (lies[_i].regs)
		ck_error(target_read_regs(t, &s), ERROR_PROTOCOL, lies[_i].message);
	else
		ck_error(target_read_memory(t, 0x40, &byte, 1, &got), ERROR_PROTOCOL, lies[_i].message);
	state_deinit(&s);
	end(t, NULL);
}
END_TEST

/* Who ends what the stub runs: we, where it started that for us; nobody, where it was there before. */
static const struct {
	const char *attached, *last;
	bool detaches;
} ends[] = {{"0", "$k#6b", false}, {"1", "$D#44", true}, {"", "$D#44", true}, {"E01", "$D#44", true}};

START_TEST(what_was_there_before_goes_on)
{
	const struct stub_line script[] = {OPENING_OF("vCont;c;C;s;S", "", ends[_i].attached),
					   {ends[_i].last, STUB_REPLY, "OK"},
					   {.expect = NULL}};
	struct target *t = start(script, GDB_AHEAD_NEVER);

	target_destroy(t);
	size_t len;
	const char *seen = stub_stop(stub, &len);
	ck_contains(seen, ends[_i].last);
	ck_assert(!strstr(seen, ends[_i].detaches ? "$k#" : "$D#"));
	stub_free(stub);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gdb_stub");
	TCase *tests = tcase_create("gdb_stub");

	isa = isa_by_name("x86_64");
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, decodes_by_the_description);
	tcase_add_test(tests, unavailable_registers_are_unknown);
	tcase_add_test(tests, falls_back_to_old_packets);
	tcase_add_test(tests, a_flag_leaves_its_neighbours);
	tcase_add_test(tests, reads_on_request);
	tcase_add_test(tests, steps_others_one_by_one);
	tcase_add_test(tests, notices_a_stub_that_reads_more_at_once);
	tcase_add_test(tests, notices_a_stub_that_loses_the_order_later);
	tcase_add_test(tests, notices_a_signal_from_outside);
	tcase_add_loop_test(tests, useless_stubs_are_errors, 0, sizeof useless / sizeof useless[0]);
	tcase_add_loop_test(tests, lies_are_errors, 0, sizeof lies / sizeof lies[0]);
	tcase_add_loop_test(tests, what_was_there_before_goes_on, 0, sizeof ends / sizeof ends[0]);
	suite_add_tcase(suite, tests);
	return test_main(suite);
}
