/* SPDX-License-Identifier: Apache-2.0
 *
 * balance hash <expr>: by any sample expression's value, as bytes. Who has no value takes turns. Any thread.
 */
#include "proxy/hashing.h"
#include "proxy/stream.h"
#include "rule/fetch.h"

static bool hash_parse(struct conf_line *l, struct proxy *px, struct slice in_parens)
{
	if (in_parens.ptr)
		return conf_fail(l, "'balance hash' takes its expression as a word of its own");
	if (conf_peek(l) == NULL)
		return conf_fail(l, "expected a sample expression behind 'hash'");
	px->set.balancing.key = expr_take(l, PHASE_USE_SERVER, px);
	if (px->set.balancing.key && !value_can_cast(expr_type(px->set.balancing.key), VALUE_BIN))
		return conf_fail(l, "this expression has no value that could be hashed");
	return px->set.balancing.key != NULL;
}

static struct server *hash_pick(struct proxy *px, struct stream *s, const struct server *avoid)
{
	struct eval ev = stream_eval(s, PHASE_USE_SERVER);
	struct slice key = { NULL, 0 };
	struct value v;

	ev.final = true;
	if (expr_eval_as(px->set.balancing.key, VALUE_BIN, &ev, &v) == EVAL_OK)
		key = v.bytes.ptr ? v.bytes : SLICE("");
	return hashing_pick(px, s, avoid, key);
}

BALANCE(hash) = { .keyword = "hash", .usage = "balance hash <expression>", .parse = hash_parse, .pick = hash_pick, HASHING_LEAF };
