#include "lib/judge/suspects.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/strbuf.h"
#include "lib/judge/adjudicate.h"
#include "lib/judge/judge.h"

/* ---- Keeping them ---- */

static void suspect_deinit(struct suspect *s)
{
	finding_deinit(&s->finding);
	state_deinit(&s->before);
	prediction_deinit(&s->slot);
	for (size_t i = 0; i < s->pages.len; i++)
		free(s->pages.at[i].data);
	vec_deinit(&s->pages);
	vec_deinit(&s->ranges);
}

void suspects_deinit(struct suspects *s)
{
	for (size_t i = 0; i < s->list.len; i++)
		suspect_deinit(&s->list.at[i]);
	vec_deinit(&s->list);
	vec_deinit(&s->stored);
}

static struct known_page *find_page(struct suspect *s, uint64_t address)
{
	for (size_t i = 0; i < s->pages.len; i++)
		if (s->pages.at[i].address == (address & -(uint64_t)MEMORY_PAGE))
			return &s->pages.at[i];
	return NULL;
}

/* Copies the pages of a range from the model. */
static bool keep_pages(struct suspect *s, const struct memory *memory, uint64_t address, size_t len)
{
	uint64_t first = address & -(uint64_t)MEMORY_PAGE;
	size_t pages = (size_t)((address + len - 1 - first) / MEMORY_PAGE) + 1;

	for (size_t i = 0; i < pages; i++) {
		uint64_t at = first + i * MEMORY_PAGE;
		if (find_page(s, at))
			continue;
		struct known_page page = {.address = at, .data = malloc(2 * MEMORY_PAGE)};
		if (!page.data)
			return false;
		page.unknown = page.data + MEMORY_PAGE;
		memory_read(memory, at, page.data, page.unknown, MEMORY_PAGE);
		if (!vec_push(&s->pages, page)) {
			free(page.data);
			return false;
		}
	}
	return true;
}

/* Only what is loaded, stored or would be: of other pages the oracle is told what the guest has. */
static bool keep_memory(struct suspect *s, const struct memory *memory, const struct prediction *slot)
{
	bool ok = keep_pages(s, memory, slot->pc, s->finding.insn.len ? s->finding.insn.len : 1);

	for (size_t i = 0; i < slot->loads.len && ok; i++)
		ok = vec_push(&s->slot.loads, slot->loads.at[i]) &&
		     keep_pages(s, memory, slot->loads.at[i].address, slot->loads.at[i].len);
	for (size_t i = 0; i < slot->stores.len && ok; i++)
		ok = keep_pages(s, memory, slot->stores.at[i].address, slot->stores.at[i].len);
	for (size_t i = 0; i < slot->ranges.len && ok; i++)
		ok = vec_push(&s->ranges, slot->ranges.at[i]) &&
		     keep_pages(s, memory, slot->ranges.at[i].address, slot->ranges.at[i].len);
	return ok;
}

struct error *suspects_add(struct judge *j, struct finding *f, const struct prediction *slot)
{
	struct suspect s = {.finding = *f, .first_store = j->suspects.stored.len};
	struct error *err = state_init(&s.before, j->source->isa);

	s.slot.kind = slot->kind;
	s.slot.pc = slot->pc;
	s.slot.lifted = slot->lifted;
	s.slot.fault = slot->fault;
	if (!err) {
		state_copy(&s.before, &j->before);
		if ((j->source->ops->read && !keep_memory(&s, j->model.memory, slot)) ||
		    !vec_push(&j->suspects.list, s))
			err = &error_no_memory;
	}
	if (err)
		suspect_deinit(&s);
	return err;
}

struct error *suspects_note(struct judge *j, const struct prediction *slot)
{
	struct suspects *all = &j->suspects;

	if (!all->list.len)
		return NULL;
	if (may_have_stored(slot))
		suspects_note_anything(j);
	for (size_t i = 0; i < slot->stores.len; i++)
		if (!vec_push(&all->stored,
			      ((struct memory_range){slot->stores.at[i].address, (uint8_t)slot->stores.at[i].len})))
			return &error_no_memory;
	for (size_t i = 0; i < slot->ranges.len; i++)
		if (!vec_push(&all->stored, slot->ranges.at[i]))
			return &error_no_memory;
	return NULL;
}

void suspects_note_anything(struct judge *j)
{
	for (size_t i = 0; i < j->suspects.list.len; i++)
		j->suspects.list.at[i].anywhere = true;
}

/* ---- The guest's memory, as it was before the instruction ---- */

/* One suspect, being settled. */
struct settling {
	struct judge *j;
	struct suspect *s;
	bool still;
	bool overwritten; /* not all that it loads could be read again */
	bool changed;     /* ... and some of it is not as the model knew it */
};

static bool is_overwritten(const struct settling *t, uint64_t address)
{
	const struct suspects *all = &t->j->suspects;
	bool any = t->s->anywhere || !t->still;

	for (size_t i = t->s->first_store; i < all->stored.len && !any; i++)
		any = address - all->stored.at[i].address < all->stored.at[i].len;
	return any;
}

/* A page that the instruction would have written to, and in which nothing changed, is the one that faulted. */
static bool may_write(const struct suspect *s, uint64_t page)
{
	const struct finding *f = &s->finding;
	bool would = false;

	if (!f->faulted || f->kind != LOCATION_MEMORY)
		return true;
	for (unsigned i = 0; i < f->width / 8u; i++) {
		uint64_t differs = (f->expected[i / 8] ^ f->observed[i / 8]) & ~f->mask[i / 8];
		if (differs >> i % 8 * 8 & 0xff && (f->address + i) / MEMORY_PAGE == page / MEMORY_PAGE)
			return true;
	}
	for (size_t i = 0; i < s->ranges.len; i++)
		would |= s->ranges.at[i].address / MEMORY_PAGE == page / MEMORY_PAGE ||
			 (s->ranges.at[i].address + s->ranges.at[i].len - 1) / MEMORY_PAGE == page / MEMORY_PAGE;
	return !would;
}

/* What was stored to since is as the model knew it. */
static struct error *read_page(void *ctx, uint64_t address, uint8_t *ret, bool *ret_writable)
{
	const struct settling *t = ctx;
	const struct known_page *known = find_page(t->s, address);
	size_t got = 0;
	struct error *err = t->still ? t->j->source->ops->read(t->j->source, address, ret, MEMORY_PAGE, &got) : NULL;

	if (err)
		return err;
	bool any = got == MEMORY_PAGE || (!t->still && known && memchr(known->unknown, 0, MEMORY_PAGE));
	if (!any)
		return error_fault(address);
	for (size_t i = 0; i < MEMORY_PAGE; i++)
		if (known && !known->unknown[i] && is_overwritten(t, address + i))
			ret[i] = known->data[i];
		else if (got != MEMORY_PAGE)
			ret[i] = 0;
	*ret_writable = may_write(t->s, address);
	return NULL;
}

/* A page as the source shows it with the step; what that stores is there as well. */
static struct error *read_shown_page(void *ctx, uint64_t address, uint8_t *ret, bool *ret_writable)
{
	struct source *source = ((const struct settling *)ctx)->j->source;

	*ret_writable = true;
	return source->ops->accessed_page(source, address, ret) ? NULL : error_fault(address);
}

/* ---- What it loads ---- */

/* Reads a load again. *ret_differs: what could be compared is not what the model knew; seen has what is. */
static struct error *load_again(struct settling *t, const struct predicted_load *load, uint8_t *seen, bool *ret_differs)
{
	size_t got = 0;
	struct error *err = t->j->source->ops->read(t->j->source, load->address, seen, load->len, &got);

	*ret_differs = false;
	for (size_t i = 0; i < load->len && !err; i++) {
		bool over = is_overwritten(t, load->address + i) || i >= got;
		t->overwritten |= over;
		if (over || load->unknown[i])
			seen[i] = load->data[i];
		else
			*ret_differs |= seen[i] != load->data[i];
	}
	return err;
}

/* Memory that was not what the model knew when it was loaded, as a finding of its own. */
static struct error *add_changed(struct settling *t, const struct predicted_load *load, const uint8_t *seen)
{
	struct finding f = {.kind = LOCATION_MEMORY,
			    .insn = t->s->finding.insn,
			    .address = load->address,
			    .width = (uint16_t)(8 * load->len),
			    .changed_unseen = true,
			    .severity = SEVERITY_MODEL,
			    .first_instruction = t->s->finding.first_instruction,
			    .since = t->s->finding.first_instruction,
			    .event = t->s->finding.event};
	uint8_t now[sizeof load->data], unknown[sizeof load->data];

	/* Another suspect has told it already. */
	if (memory_read(t->j->model.memory, load->address, now, unknown, load->len) && !memcmp(now, seen, load->len))
		return NULL;
	struct error *err = memory_write(t->j->model.memory, load->address, seen, NULL, load->len);
	if (err)
		return err;
	memcpy(f.expected, load->data, load->len);
	memcpy(f.observed, seen, load->len);
	memcpy(f.mask, load->unknown, load->len);
	f.opinion = strdup("first seen where it was loaded: another instruction or the kernel has changed it, unseen");
	return f.opinion ? findings_record(&t->j->run->findings, t->j->source->isa, &f) : &error_no_memory;
}

/* Of what the model predicts with the guest's memory, the value at the finding's place; false if there is none. */
static bool predicted_value(const struct suspect *s, const struct finding *f, uint64_t *ret)
{
	struct state after = {0};

	memset(ret, 0, EXPR_MAX_WORDS * sizeof *ret);
	for (size_t i = 0; i < s->slot.stores.len && f->kind == LOCATION_MEMORY; i++) {
		const struct eval_store *store = &s->slot.stores.at[i];
		if (store->address != f->address || store->len * 8u != f->width)
			continue;
		memcpy(ret, store->data, store->len);
		return true;
	}
	if (f->kind != LOCATION_REG && f->kind != LOCATION_FLAGS)
		return false;
	struct error *err = state_init(&after, s->before.isa);
	if (err) {
		error_destroy(err);
		return false;
	}
	state_copy(&after, &s->before);
	prediction_apply(&s->slot, &after);
	const struct reg_desc *desc = &s->before.isa->regs[f->reg];
	for (size_t i = 0; i < s->slot.bounds.len; i++)
		if (s->slot.bounds.at[i].reg == f->reg)
			eval_bound_settle(&s->slot.bounds.at[i], f->observed, f->mask, after.value + desc->word,
					  after.unknown + desc->word);
	if (f->kind == LOCATION_FLAGS)
		ret[0] = state_get_flags(&after, f->reg);
	else
		memcpy(ret, after.value + desc->word, reg_words(desc) * sizeof *ret);
	state_deinit(&after);
	return true;
}

/* The model, with the guest's memory. *ret: it comes to what was seen. */
static struct error *predict_with(struct settling *t, bool *ret)
{
	struct suspect *s = t->s;
	struct finding *f = &s->finding;
	uint64_t value[EXPR_MAX_WORDS];

	*ret = false;
	if (s->slot.kind != PREDICTED_OUTPUTS || f->faulted || f->kind == LOCATION_FAULT)
		return NULL;
	struct error *err = predict_again(&t->j->model, &s->slot, &s->before);
	if (!err && predicted_value(s, f, value))
		*ret = equal_under(f, value, f->observed);
	return err;
}

/* Reads all that it loads again. *ret: that is why it did what it did. */
static struct error *check_loads(struct settling *t, bool *ret)
{
	struct suspect *s = t->s;
	struct error *err = NULL;

	*ret = false;
	for (size_t i = 0; i < s->slot.loads.len && !err; i++) {
		struct predicted_load *load = &s->slot.loads.at[i];
		uint8_t seen[sizeof load->data];
		bool differs;
		err = load_again(t, load, seen, &differs);
		if (err || !differs)
			continue;
		err = add_changed(t, load, seen);
		memcpy(load->data, seen, load->len);
		t->changed = true;
	}
	return err || !t->changed ? err : predict_with(t, ret);
}

/* ---- Findings ---- */

static struct error *append_opinion(struct finding *f, const char *more)
{
	struct strbuf text = {0};

	strbuf_printf(&text, "%s%s", f->opinion, more);
	free(f->opinion);
	f->opinion = strbuf_take(&text);
	return f->opinion ? NULL : &error_no_memory;
}

static struct error *weigh(struct settling *t)
{
	struct finding *f = &t->s->finding;
	bool shown = source_shows_accesses(t->j->source);
	bool dated = t->s->slot.lifted && f->since == f->first_instruction;
	const struct oracle_pages pages = {.ctx = t, .read = shown ? read_shown_page : read_page};
	struct error *err = NULL;

	if (dated && !f->logged)
		err = adjudicate(t->j, f, &t->s->before, &pages);
	if (!err)
		err = logged_weigh(t->j, f);
	if (!err && t->changed && f->severity == SEVERITY_CONFIRMED)
		f->severity = SEVERITY_MODEL;
	if (!err && f->opinion && t->changed)
		err = append_opinion(f, "; what it loads is not as the model knew it, which does not explain this");
	else if (!err && f->opinion && t->overwritten)
		err = append_opinion(f, "; not all that it loads could be read again");
	return err;
}

static struct error *settle(struct settling *t)
{
	struct findings *findings = &t->j->run->findings;
	const struct isa *isa = t->j->source->isa;
	struct finding *f = &t->s->finding;
	bool explained = false;
	struct error *err = NULL;

	if (t->j->source->ops->read && t->still)
		err = check_loads(t, &explained);
	else if (t->j->source->ops->read)
		t->overwritten = t->s->slot.loads.len > 0;
	if (err || explained)
		return err;
	if (findings_count(findings, isa, f)) /* before anybody is asked */
		return NULL;
	err = weigh(t);
	if (err)
		return err;
	struct finding mine = *f;
	*f = (struct finding){0};
	return findings_record(findings, isa, &mine);
}

struct error *suspects_settle(struct judge *j, bool still)
{
	struct suspects *all = &j->suspects;
	struct error *err = NULL;
	struct error *gone = NULL;
	uint64_t last = UINT64_MAX; /* instruction that is of interest */

	for (size_t i = 0; i < all->list.len && !err; i++) {
		struct settling t = {.j = j, .s = &all->list.at[i], .still = still};
		uint64_t instruction = t.s->finding.first_instruction;
		if (instruction > last)
			break;
		err = settle(&t);
		/* A guest that is no longer there takes none of them with it. */
		if (error_is(err, ERROR_TARGET) && still) {
			error_destroy(gone);
			gone = err;
			t.still = still = false;
			err = settle(&t);
		}
		if (!err && last == UINT64_MAX && judge_has_enough(j))
			last = instruction;
	}
	for (size_t i = 0; i < all->list.len; i++)
		suspect_deinit(&all->list.at[i]);
	all->list.len = all->stored.len = 0;
	if (err)
		error_destroy(gone);
	return err ? err : gone;
}
