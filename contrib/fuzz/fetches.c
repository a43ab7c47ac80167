/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of fetches: two bytes choose one and the place where it is asked, a TLV area of a PROXY header follows, then
 * a request and an answer, both perhaps cut. Asserted beyond "no bad memory": a value has the type that was promised,
 * and a second look sees the same.
 */
#include "exchange.h"

#include <stdio.h>

#include "proxy/http_view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FETCHES_MAX 1024
#define TLVS_MAX 8

static const char *const with_arguments[] = {
	"req.hdr(a)", "req.hdr(a,-2)", "req.hdr(a,2)", "hdr(host)", "req.fhdr(a)", "req.fhdr_cnt(a)", "req.hdr_cnt(a)", "req.hdr_ip(a)",
	"req.hdr_ip(a,-1)", "req.hdr_val(a)", "req.hdr_names(;)", "res.hdr(a)", "res.fhdr(a)", "res.hdr_ip(a)", "res.hdr_cnt(a)",
	"req.cook(a)", "req.cook_cnt(a)", "req.cook_val(a)", "res.cook(a)", "res.cook_cnt(a)", "urlp(a)", "urlp(a,;)", "urlp(a,?,i)",
	"urlp_val(a)", "req.body_param(a)", "req.body_param(a,i)", "req.payload(0,4)", "req.payload(3,0)", "req.payload_lv(0,1)",
	"req.payload_lv(1,2,-1)", "res.payload(0,0)", "req.rdp_cookie(a)", "fc_pp_tlv(0xea)", "fc_pp_tlv(AUTHORITY)",
	"fc_pp_tlv(0x22)", "fc_pp_tlv(0xea,2)", "capture.req.hdr(0)",
};

static const unsigned places[] = { PHASE_FE_REQ_TCP, PHASE_BE_REQ_TCP, PHASE_FE_REQ_HTTP, PHASE_BE_RES_TCP, PHASE_BE_RES_HTTP,
	PHASE_LOG };

static struct expr *exprs[FETCHES_MAX];
static const char *names[FETCHES_MAX];
static unsigned expr_count;

static bool add(const char *word)
{
	struct strbuf err = STRBUF_EMPTY;

	ASSERT(expr_count < FETCHES_MAX);
	exprs[expr_count] = expr_compile(word, PHASE_ANY, &px, &err);
	names[expr_count] = word;
	strbuf_free(&err);
	if (exprs[expr_count] == NULL)
		return false;
	expr_count++;
	return true;
}

static void setup(void)
{
	exchange_setup();
	http_keeps_line = true;
	capture_add(&px, false, "a", 64);
	for (size_t i = 0; i < COUNT_OF(with_arguments); i++)
		if (!add(with_arguments[i]))
			fprintf(stderr, "%s does not compile\n", with_arguments[i]);
	for (size_t i = 0; i < fetch_registry.n; i++) {
		const struct fetch *f = fetch_registry.sorted[i]->item;
		if (!f->alias)
			add(f->keyword);
	}
	ASSERT(expr_resolve_all());
}

/* What a PROXY header may have carried: its parser has proved the bounds. */
static size_t take_tlvs(const uint8_t *data, size_t size)
{
	struct pp_info *pp = calloc(1, sizeof(*pp) + size * 2);
	size_t at = 1;

	ASSERT(pp);
	pp->version = 2;
	for (unsigned i = size ? data[0] % TLVS_MAX : 0; i > 0 && size - at >= 2; i--) {
		size_t len = size - at - 2 < data[at + 1] ? size - at - 2 : data[at + 1];
		char *to = pp->tlvs + pp->tlvs_len;
		to[0] = (char)data[at];
		to[1] = 0;
		to[2] = (char)len;
		memcpy(to + 3, data + at + 2, len);
		pp->tlvs_len += (uint32_t)(3 + len);
		at += 2 + len;
	}
	session.pp = realloc(pp, sizeof(*pp) + pp->tlvs_len);
	ASSERT(session.pp);
	return at < size ? at : size;
}

/* By turns the fetches are asked while a request in http mode is there, or the same bytes in tcp mode. */
static void take_messages(struct slice request, struct slice answer, bool tcp)
{
	struct http1_fault fault;

	bool whole = exchange_request(request);
	if (tcp || !whole)
		stream.http = NULL;
	stream.res.buf = exchange_buffer(answer);
	if (stream.http == NULL)
		return;
	ssize_t len = http1_read_head(stream.res.buf->data, answer.len, true, &txn.res, &fault);
	if (len <= 0)
		return;
	txn.res_len = (uint32_t)len;
	txn.res_parsed = txn.res_valid = true;
	txn.status = txn.server_status = txn.res.status;
	txn.server_version = txn.res.version;
	http1_body_init(&txn.res_body, &txn.res, txn.method);
}

static bool depends_on_chance(const char *name)
{
	return strstr(name, "rand") || strstr(name, "uuid") || strstr(name, "date") || strstr(name, "time");
}

static void check(unsigned chosen, unsigned place)
{
	struct eval ev = stream_eval(&stream, place);
	struct value v, again;
	struct slice a, b;

	ev.response = place & PHASE_RESPONSE;
	for (int final = 0; final < 2; final++) {
		ev.final = final;
		enum eval_result r = expr_eval(exprs[chosen], &ev, &v);
		if (r != EVAL_OK) {
			ASSERT(r == EVAL_NONE || !ev.final);
			continue;
		}
		ASSERT(expr_type(exprs[chosen]) == VALUE_ANY || expr_type(exprs[chosen]) == v.type);
		ASSERT(value_text(&v, ev.arena, &a));
		if (depends_on_chance(names[chosen]))
			continue;
		ASSERT(expr_eval(exprs[chosen], &ev, &again) == EVAL_OK && value_text(&again, ev.arena, &b) && slice_eq(a, b));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice request, answer;

	if (expr_count == 0)
		setup();
	if (size < 4 || size > 8000)
		return 0;
	size_t tlvs = take_tlvs(data + 3, size - 3);
	exchange_cut(data + 3 + tlvs, size - 3 - tlvs, &request, &answer);
	take_messages(request, answer, data[2] & 1);
	check((data[0] | (unsigned)data[1] << 8) % expr_count, places[data[2] / 2 % COUNT_OF(places)]);
	var_store_free(&stream.vars_txn);
	exchange_end();
	free(session.pp);
	session.pp = NULL;
	return 0;
}
