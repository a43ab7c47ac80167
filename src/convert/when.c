/* SPDX-License-Identifier: Apache-2.0
 *
 * when([!]<condition>[,<acl>]): lets a value pass only when something is so, for logs that tell more of what went
 * wrong. One thread.
 */
#include "proxy/log_line.h"
#include "rule/boot.h"
#include "rule/match.h"

static bool is_error(const struct stream *s) { return log_line_went_wrong(s); }
static bool is_normal(const struct stream *s) { return !log_line_went_wrong(s); }
static bool is_forwarded(const struct stream *s) { return s->connected_us != 0; }
static bool is_of_a_service(const struct stream *s) { return s->service != NULL; }
static bool is_processed(const struct stream *s) { return is_forwarded(s) || is_of_a_service(s); }

static bool is_stopping(const struct stream *s)
{
	(void)s;
	return __atomic_load_n(&process_leaving, __ATOMIC_RELAXED);
}

static const struct condition {
	const char *name;
	bool (*holds)(const struct stream *s); /* NULL: an ACL says */
} conditions[] = {
	{ "error", is_error }, { "forwarded", is_forwarded }, { "normal", is_normal }, { "processed", is_processed },
	{ "stopping", is_stopping }, { "toapplet", is_of_a_service }, { "acl", NULL },
};

struct when {
	const struct condition *condition;
	const struct cond *acl;
	bool negated;
};

static bool when_check(struct args *a, struct strbuf *err)
{
	struct when *w = a->priv = boot_alloc(sizeof(*w));
	struct slice name = a->v[0].str;

	w->negated = slice_starts(name, SLICE("!"));
	name = slice_from(name, w->negated);
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]) && !w->condition; i++)
		if (slice_is(name, conditions[i].name))
			w->condition = &conditions[i];
	if (w->condition == NULL)
		strbuf_add_str(err, "expected 'error', 'forwarded', 'normal', 'processed', 'stopping', 'toapplet' or 'acl'");
	else if (w->condition->holds == NULL && a->v[1].str.len == 0)
		strbuf_add_str(err, "the name of an ACL is expected behind 'acl'");
	else if (w->condition->holds && a->count > 1)
		strbuf_addf(err, "'%s' takes no argument", w->condition->name);
	return err->len == 0;
}

static bool when_resolve(struct args *a, struct proxy *px, struct strbuf *err)
{
	struct acl_table *none = NULL, **table = px && acl_table_of ? acl_table_of(px) : &none;
	struct when *w = a->priv;

	if (w->condition->holds)
		return true;
	w->acl = acl_find(table, a->v[1].str, px, err);
	return w->acl != NULL;
}

static bool when_convert(const struct args *a, struct eval *ev, struct value *v)
{
	const struct when *w = a->priv;
	bool holds = w->acl ? cond_eval(w->acl, ev) == EVAL_OK : ev->stream && w->condition->holds(ev->stream);

	(void)v;
	return holds != w->negated;
}

CONVERTER(when) = { .keyword = "when", .usage = "when([!]<condition>[,<acl>])", .args = "s;s", .in = VALUE_ANY, .out = VALUE_SAME,
	.check = when_check, .resolve = when_resolve, .convert = when_convert };
