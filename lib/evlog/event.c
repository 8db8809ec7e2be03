#include <stdlib.h>

#include "lib/evlog/evlog.h"

void evlog_file_deinit(struct evlog_file *f)
{
	free(f->path);
	free(f->build_id);
	*f = (struct evlog_file){0};
}

bool evlog_header_auxv(const struct evlog_header *h, uint64_t type, uint64_t *ret)
{
	for (size_t i = 0; i < h->auxv.len; i++) {
		if (h->auxv.at[i].type == type) {
			*ret = h->auxv.at[i].value;
			return true;
		}
	}
	return false;
}

void evlog_header_deinit(struct evlog_header *h)
{
	free(h->arch);
	free(h->recorder);
	free(h->cpu.vendor);
	evlog_file_deinit(&h->program);
	evlog_file_deinit(&h->interpreter);
	for (size_t i = 0; i < h->argv.len; i++)
		free(h->argv.at[i]);
	vec_deinit(&h->argv);
	for (size_t i = 0; i < h->env.len; i++)
		free(h->env.at[i]);
	vec_deinit(&h->env);
	vec_deinit(&h->auxv);
	for (size_t i = 0; i < h->mappings.len; i++)
		free(h->mappings.at[i].name);
	vec_deinit(&h->mappings);
	free(h->stack);
	free(h->cwd);
	*h = (struct evlog_header){0};
}

uint64_t evlog_event_bytes(const struct evlog_event *ev)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < ev->writes.len; i++)
		sum += ev->writes.at[i].range.len;
	return sum;
}

void evlog_event_deinit(struct evlog_event *ev)
{
	free(ev->name);
	for (size_t i = 0; i < ev->writes.len; i++) {
		free(ev->writes.at[i].data);
		vec_deinit(&ev->writes.at[i].holes);
	}
	vec_deinit(&ev->writes);
	for (size_t i = 0; i < ev->strings.len; i++)
		free(ev->strings.at[i].text);
	vec_deinit(&ev->strings);
	if (ev->backing) {
		evlog_file_deinit(&ev->backing->file);
		free(ev->backing->data);
		free(ev->backing);
	}
	for (size_t i = 0; i < ev->changes.len; i++)
		free(ev->changes.at[i].data);
	vec_deinit(&ev->changes);
	vec_deinit(&ev->before);
	vec_deinit(&ev->after);
	*ev = (struct evlog_event){0};
}
