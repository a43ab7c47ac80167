/* SPDX-License-Identifier: Apache-2.0
 *
 * Log profiles: made while files are read, compiled and handed to their targets after. One thread: start-up only.
 */
#include "proxy/log_profile.h"

#include "conf/diag.h"
#include "rule/boot.h"

struct wish {
	struct log_target *target;
	const char *file;
	int line;
};

static struct log_profile *profiles; /* boot memory, newest first */
static struct wish *wishes;          /* boot memory */
static size_t wish_count;
bool log_profiles_used;

static const char *const names[LOG_ORIGIN_COUNT] = {
#define X(id, name) [LOG_ORIGIN_##id] = name,
	LOG_ORIGINS(X)
#undef X
	[LOG_ORIGIN_ANY] = "any",
};

const char *log_origin_name(enum log_origin o)
{
	return names[o];
}

static struct log_profile *find(const char *name)
{
	for (struct log_profile *p = profiles; p; p = p->next)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

struct log_profile *log_profile_new(const char *name, const char *file, int line, const struct log_profile **other)
{
	if ((*other = find(name)) != NULL)
		return NULL;
	struct log_profile *p = boot_alloc(sizeof(*p));
	*p = (struct log_profile){ .name = (char *)boot_copy(slice_of(name)).ptr, .file = file, .line = line, .next = profiles };
	profiles = p;
	return p;
}

struct log_step *log_profile_step(struct log_profile *p, const char *word)
{
	for (int i = 0; i < LOG_ORIGIN_COUNT; i++)
		if (strcmp(names[i], word) == 0)
			return &p->steps[i];
	return NULL;
}

void log_profile_want(struct log_target *t, const char *file, int line)
{
	wishes = boot_grow(wishes, wish_count, sizeof(*wishes));
	wishes[wish_count++] = (struct wish){ t, file, line };
}

static bool compile(const struct log_profile *p, const struct format_text *from, struct format **out)
{
	struct strbuf err = STRBUF_EMPTY;

	if (from->text == NULL)
		return true;
	*out = format_compile(from->text, PHASE_LOG, NULL, &err);
	if (*out == NULL)
		diag_at(DIAG_ALERT, from->file, from->line, "format of log-profile '%s': %s", p->name, err.ptr ? err.ptr : "out of memory");
	strbuf_free(&err);
	return *out != NULL;
}

bool log_profiles_resolve(void)
{
	bool ok = true;

	for (struct log_profile *p = profiles; p; p = p->next)
		for (int i = 0; i < LOG_ORIGIN_COUNT; i++) {
			ok &= compile(p, &p->steps[i].format_text, &p->steps[i].format);
			ok &= compile(p, &p->steps[i].sd_text, &p->steps[i].sd);
		}
	for (size_t i = 0; i < wish_count; i++) {
		struct log_target *t = wishes[i].target;
		const struct log_profile *p = find(t->profile_name);
		if (p == NULL) {
			diag_at(DIAG_ALERT, wishes[i].file, wishes[i].line, "unable to find log-profile '%s'", t->profile_name);
			ok = false;
			continue;
		}
		t->profile = p;
		t->tag = p->tag;
		log_profiles_used = true;
	}
	return ok;
}
