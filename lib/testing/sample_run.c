#include "lib/testing/sample_run.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lib/testing/assert.h"
#include "lib/testing/regs.h"

#define HOSTILE_START "<script>alert(1)</script>&\"'%"
#define HOSTILE_END   ",:]]>"

const char sample_hostile[] = HOSTILE_START "\n" HOSTILE_END;
const char sample_hostile_line[] = HOSTILE_START "\xef\xbf\xbd" HOSTILE_END;

static char *text(const char *from)
{
	char *copy = strdup(from);

	ck_assert_ptr_nonnull(copy);
	return copy;
}

static uint32_t reg(const char *name)
{
	return test_reg(isa_by_name("x86_64"), name);
}

static struct finding *add(struct run *run, const char *form, const char *disassembly, uint64_t pc)
{
	struct finding f = {.insn = {.pc = pc, .len = 3, .bytes = {0x0f, 0x1f, 0xc0}}, .severity = SEVERITY_CONFIRMED};
	struct finding *added;

	snprintf(f.insn.form, sizeof f.insn.form, "%s", form);
	snprintf(f.insn.text, sizeof f.insn.text, "%s", disassembly);
	snprintf(f.insn.mnemonic, sizeof f.insn.mnemonic, "%.*s", (int)strcspn(form, " "), form);
	f.opinion = text("the host's CPU agrees with the model");
	f.formula = text("");
	f.first_instruction = f.since = 10 * (run->findings.list.len + 1);
	ck_no_error(findings_add(&run->findings, &f, &added));
	return added;
}

static void add_findings(struct run *run)
{
	struct finding *f = add(run, "blsi r32, r32", "blsi eax, ebx", 0x401000);
	struct finding_input input = {.name = text("rbx"), .width = 64, .value = {0x123456789abcdef0}};

	f->kind = LOCATION_REG;
	f->reg = reg("cf");
	f->width = 1;
	f->expected[0] = 1;
	f->flags = 1;
	ck_assert(vec_push(&f->inputs, input));
	free(f->formula);
	f->formula = text(sample_hostile);

	f = add(run, "add r32, r32", "add eax, ebx", 0x401010);
	f->kind = LOCATION_FLAGS;
	f->reg = reg("cf");
	f->width = 32;
	f->expected[0] = 0x801;
	f->mask[0] = ~UINT64_C(0x8d5);
	f->flags = 0x801;

	f = add(run, "mov m64, r64", "mov qword ptr [rsp], rax", 0x401020);
	f->kind = LOCATION_REG;
	f->reg = reg("xmm3");
	f->unwritten = true;
	f->since = 11;
	f->width = 128;
	f->expected[1] = 0x8000000000000001;
	f->mask[0] = 0xff;
	f->severity = SEVERITY_POSSIBLE;

	f = add(run, "vmovdqu64 m512, zmm", "vmovdqu64 zmmword ptr [rsp], zmm1", 0x401030);
	f->kind = LOCATION_MEMORY;
	f->address = 0x7ffe0010;
	f->width = 512;
	f->observed[7] = 0xf;

	f = add(run, "crc32 r32, r8", "crc32 eax, bl", 0x401040);
	f->kind = LOCATION_FAULT;
	f->width = 8;
	f->observed[0] = SIGILL;
	f->count = 3;
}

static void cover(struct run *run, const char *family, const char *form, enum lift_status status,
		  const uint64_t count[NUM_JUDGED])
{
	struct coverage_form f = {.family = family, .status = status, .first_pc = 0x401000};

	snprintf(f.form, sizeof f.form, "%s", form);
	snprintf(f.encoding, sizeof f.encoding, "0F 1F");
	memcpy(f.count, count, sizeof f.count);
	ck_assert(vec_push(&run->coverage.forms, f));
}

static void add_coverage(struct run *run)
{
	cover(run, "bits", "blsi r32, r32", LIFT_DONE, (const uint64_t[]){100, 0, 0});
	cover(run, "alu", "add r32, r32", LIFT_DONE, (const uint64_t[]){500, 0, 0});
	cover(run, "alu", "sub r32, r32", LIFT_DONE, (const uint64_t[]){0, 0, 0});
	cover(run, "avx", "vpaddd ymm, ymm, ymm", LIFT_DONE, (const uint64_t[]){0, 7, 0});
	cover(run, "x87", "fsin", LIFT_UNMODELLED, (const uint64_t[]){0, 0, 2});
	cover(run, NULL, "", LIFT_UNDECODABLE, (const uint64_t[]){0, 0, 1});
}

static void add_timeline(struct run *run)
{
	for (uint64_t i = 1; i <= 610; i++)
		timeline_advance(&run->timeline, i, 1000 * i, 0x401000 + i);
	for (uint64_t i = 0; i < 3; i++)
		timeline_add_event(&run->timeline, &(struct timeline_event){.index = i,
									    .number = i,
									    .instruction = 100 * i + 1,
									    .at = 100000 * i,
									    .nanoseconds = 5000 + i,
									    .pc = 0x401000});
	timeline_add_finding(&run->timeline, 10);
}

/* It ran freely but for a few steps, by blocks. */
static void add_lane(struct run *run)
{
	run->blocks = 100;
	run->in_blocks = 500;
	run->lane = (struct run_lane){.can_flow = true, .blocks = true, .logged = 600, .left = 4096};
	run->lane.stepped[STEPPED_CODE] = 5;
	run->lane.stepped[STEPPED_SIGNAL] = 2;
	run->lane.stands = (struct run_audit){.audits = 3, .bytes = 8192, .differing = 1, .unreadable = 2};
}

static void name_address(void *ctx, uint64_t address, struct strbuf *out)
{
	(void)ctx;
	if (address % 0x20 == 0)
		strbuf_printf(out, " <%s>", sample_hostile_line);
}

void sample_run_init(struct sample_run *s)
{
	struct run *run = &s->run;

	*s = (struct sample_run){0};
	run->fail_on = SEVERITY_MODEL;
	run->instructions = 610;
	run->checked = 600;
	run->unseen = 7;
	run->nanoseconds = 610000;
	run->exited = true;
	run->events = (struct replay_totals){.total = 3, .emulated = 2, .executed = 1};
	ck_assert(vec_push(&run->unmodelled, ((struct unmodelled){"fsin", 2, 0x401000})));
	ck_assert(vec_push(&run->partly, ((struct partly_seen){"vpaddd", UNSEEN_HIDDEN, reg("ymm0h"), 7, 0x401001})));
	add_findings(run);
	add_coverage(run);
	add_timeline(run);
	add_lane(run);
	s->calls[0] = (struct replay_count){.name = "read", .emulated = 2};
	s->calls[1] = (struct replay_count){.name = "mmap", .executed = 1};
	s->report = (struct report){
		.run = run,
		.isa = isa_by_name("x86_64"),
		.target = sample_hostile,
		.program = sample_hostile,
		.version = "0.1",
		.calls = s->calls,
		.num_calls = 2,
		.symbol = name_address,
	};
}

void sample_run_deinit(struct sample_run *s)
{
	run_deinit(&s->run);
}
