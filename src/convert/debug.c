/* SPDX-License-Identifier: Apache-2.0
 *
 * debug([<prefix>],{stdout | stderr}): shows a value on its way, which it does not change. Lines go the way of logs, so
 * that nobody waits for a terminal. Any thread.
 */
#include <sys/socket.h>

#include "core/log_sink.h"
#include "rule/fetch.h"

#define DEBUG_LINE_MAX 1024

static bool debug_check(struct args *a, struct strbuf *err)
{
	struct slice to = a->v[1].str;

	if (!slice_is(to, "stdout") && !slice_is(to, "stderr")) {
		strbuf_add_str(err, "expected (<prefix>,stdout) or (<prefix>,stderr): there are no ring buffers");
		return false;
	}
	a->priv = log_sink_get(to.ptr, err);
	return a->priv != NULL;
}

/* HAProxy's names, which scripts may look for. */
static const char *type_name(const struct value *v)
{
	static const char *const names[] = { [VALUE_BOOL] = "bool", [VALUE_INT] = "sint", [VALUE_STR] = "str", [VALUE_BIN] = "bin",
		[VALUE_METHOD] = "meth" };

	return v->type == VALUE_ADDR ? v->addr.family == AF_INET ? "ipv4" : "ipv6" : names[v->type];
}

static bool debug_convert(const struct args *a, struct eval *ev, struct value *v)
{
	char *line = log_sink_reserve(a->priv, DEBUG_LINE_MAX);
	struct strbuf text;
	struct slice value;

	if (line == NULL)
		return true;
	strbuf_init_fixed(&text, line, DEBUG_LINE_MAX - 1);
	strbuf_addf(&text, "[debug]%s%.*s: type=%s <", a->v[0].str.len ? " " : "", SLICE_FMT(a->v[0].str), type_name(v));
	if (v->type == VALUE_BIN) {
		strbuf_add_hex(&text, v->bytes.ptr, v->bytes.len);
	} else if (value_text(v, ev->arena, &value)) {
		for (size_t i = 0; i < value.len; i++)
			strbuf_add_byte(&text, (unsigned char)value.ptr[i] < ' ' ? '.' : value.ptr[i]);
	}
	strbuf_add_byte(&text, '>');
	line[text.len] = '\n';
	log_sink_commit(a->priv, text.len + 1);
	return true;
}

CONVERTER(debug) = { .keyword = "debug", .usage = "debug([<prefix>],{stdout | stderr})", .args = "ss", .in = VALUE_ANY,
	.out = VALUE_SAME, .boot_only = true, .check = debug_check, .convert = debug_convert };
