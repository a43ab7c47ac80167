/* SPDX-License-Identifier: Apache-2.0
 *
 * Which rule decided, for logs that tell why: last_rule_file, last_rule_line and last_entity, of the last rule that
 * ended its set; waiting_entity, of the one that waited when the stream ended. One thread.
 */
#include <stdio.h>

#include "proxy/stream.h"
#include "rule/fetch.h"

#define PHASE_STREAM (PHASE_REQUEST | PHASE_RESPONSE | PHASE_LOG)

static enum eval_result place(const struct rule *r, struct eval *ev, struct value *out)
{
	size_t size = r ? strlen(r->file) + 16 : 0;
	char *text = r ? arena_alloc(ev->arena, size) : NULL;

	if (text == NULL)
		return EVAL_NONE;
	*out = value_str(slice_make(text, (size_t)snprintf(text, size, "%s:%d", r->file, r->line)));
	return EVAL_OK;
}

static enum eval_result file_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct rule *r = ev->stream ? ev->stream->last_rule : NULL;

	(void)a;
	*out = value_str(slice_of(r ? r->file : ""));
	return r ? EVAL_OK : EVAL_NONE;
}

static enum eval_result line_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct rule *r = ev->stream ? ev->stream->last_rule : NULL;

	(void)a;
	*out = value_int(r ? r->line : 0);
	return r ? EVAL_OK : EVAL_NONE;
}

static enum eval_result last_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	return place(ev->stream ? ev->stream->last_rule : NULL, ev, out);
}

/* A cursor that stands at a rule which did not end its set stands there because that waited. */
static enum eval_result waiting_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct stream *s = ev->stream;
	const struct rule *r = s ? rule_at(&s->http_cursor) : NULL;

	(void)a;
	if (s && r == NULL)
		r = rule_at(&s->cursor);
	return place(s && r != s->last_rule ? r : NULL, ev, out);
}

#define RULE(name, kind, fn) \
	FETCH(name) = { .keyword = #name, .usage = #name, .type = kind, .phases = PHASE_STREAM, .get = fn }

RULE(last_rule_file, VALUE_STR, file_get);
RULE(last_rule_line, VALUE_INT, line_get);
RULE(last_entity, VALUE_STR, last_get);
RULE(waiting_entity, VALUE_STR, waiting_get);
