/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of log lines: the first byte chooses a format, the rest is a request and an answer, whose fields, cookies
 * and targets were captured, or put into variables as they are once decoded. Every alias and every fetch of the log
 * phase is a format of its own. Asserted beyond "no bad memory": no control byte reaches a line, and what is
 * quoted or escaped cannot leave its place.
 */
#include "exchange.h"

#include <stdio.h>

#include "proxy/http_view.h"
#include "rule/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FORMATS_MAX 1024

enum kind { PLAIN, QUOTED_REQUEST, ESCAPED };

static struct {
	struct format *format;
	enum kind kind;
} formats[FORMATS_MAX];
static unsigned format_count;
static struct expr *keep_decoded[2];

static void add(const char *text, enum kind kind)
{
	struct strbuf err = STRBUF_EMPTY;
	struct format *f = format_compile(text, PHASE_LOG, &px, &err);

	strbuf_free(&err);
	if (f == NULL)
		return; /* a fetch that needs arguments, or has no value there */
	ASSERT(format_count < FORMATS_MAX);
	formats[format_count].format = f;
	formats[format_count++].kind = kind;
}

static void setup(void)
{
	static const char *const given[] = { "%[capture.req.hdr(0)]", "%[capture.res.hdr(0)]", "%[var(txn.req)]", "%[var(txn.res)]",
		"%[var(txn.req),upper] %hr %hs %CC %CS %r", "%[capture.req.hdr(1),field(2,:)]", "%{+Q}hrl %{+Q}hsl %{+Q}CC" };
	struct strbuf err = STRBUF_EMPTY;
	char text[256];

	exchange_setup();
	http_keeps_line = true;
	px.capture_cookie = "a";
	px.capture_cookie_len = 64;
	for (int response = 0; response < 2; response++) {
		capture_add(&px, response, "a", 64);
		capture_add(&px, response, "cookie", 1024);
	}
	keep_decoded[0] = expr_compile("req.hdr(a),url_dec,set-var(txn.req)", PHASE_FE_REQ_HTTP, &px, &err);
	keep_decoded[1] = expr_compile("res.hdr(a),url_dec,set-var(txn.res)", PHASE_BE_RES_HTTP, &px, &err);
	ASSERT(keep_decoded[0] && keep_decoded[1]);
	for (size_t i = 0; i < COUNT_OF(given); i++)
		add(given[i], PLAIN);
	add("%{+Q}r", QUOTED_REQUEST);
	add("%{+Q}HU", QUOTED_REQUEST);
	add("%{+E}[var(txn.req)]", ESCAPED);
	add("%{+E}[capture.req.hdr(0)]", ESCAPED);
	add("%{+E}[capture.res.hdr(1)]", ESCAPED);
	for (size_t i = 0; i < fetch_registry.n; i++) {
		const struct fetch *f = fetch_registry.sorted[i]->item;
		const char *name = f->keyword;
		if (f->alias) {
			add(name, PLAIN);
			snprintf(text, sizeof(text), "%%{+X,+Q,+E}%s", name + 1);
		} else {
			snprintf(text, sizeof(text), "%%[%s]", name);
		}
		add(text, PLAIN);
	}
	ASSERT(expr_resolve_all());
}

static void check(struct slice line, enum kind kind)
{
	for (size_t i = 0; i < line.len; i++)
		ASSERT((uint8_t)line.ptr[i] >= 0x20 && line.ptr[i] != 0x7f);
	if (kind == QUOTED_REQUEST) {
		ASSERT(line.len >= 2 && line.ptr[0] == '"' && line.ptr[line.len - 1] == '"');
		ASSERT(slice_find_byte(slice_make(line.ptr + 1, line.len - 2), '"') < 0);
	}
	for (size_t i = 0; kind == ESCAPED && i < line.len; i++) {
		ASSERT(line.ptr[i] != '"' && line.ptr[i] != ']');
		if (line.ptr[i] == '\\')
			i++;
		ASSERT(i < line.len);
	}
}

static void take_answer(struct slice bytes)
{
	struct http1_fault fault;
	ssize_t len = http1_read_head(bytes.ptr, bytes.len, true, &txn.res, &fault);

	if (len <= 0)
		return;
	txn.res_parsed = txn.res_valid = true;
	txn.status = txn.server_status = txn.res.status;
	txn.server_version = txn.res.version;
	capture_head(&stream, true);
}

static void remember(bool response)
{
	struct eval ev = stream_eval(&stream, response ? PHASE_BE_RES_HTTP : PHASE_FE_REQ_HTTP);
	struct value v;

	ev.response = response;
	ev.final = true;
	expr_eval(keep_decoded[response], &ev, &v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char memory[8192];
	struct slice request, answer;
	struct strbuf line;

	if (format_count == 0)
		setup();
	if (size < 3 || size > 8000)
		return 0;
	unsigned chosen = (data[0] | (unsigned)data[1] << 8) % format_count;
	exchange_cut(data + 2, size - 2, &request, &answer);
	if (exchange_request(request)) {
		remember(false);
		take_answer(answer);
		if (txn.res_valid)
			remember(true);
	}
	/* Both heads have left by then. */
	txn.req_valid = txn.res_valid = false;
	struct eval ev = session_eval(&session, PHASE_LOG);
	strbuf_init_fixed(&line, memory, sizeof(memory));
	format_write(formats[chosen].format, &ev, &line);
	if (!line.truncated)
		check(strbuf_slice(&line), formats[chosen].kind);
	var_store_free(&stream.vars_txn);
	exchange_end();
	return 0;
}
