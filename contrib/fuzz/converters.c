/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of converters: the first byte chooses one, with arguments; the rest are the bytes it is given, as text or
 * as binary. Those without arguments are all here, whoever they are. Asserted beyond "no bad memory": a value has the
 * type that was promised, a second run agrees, JSON comes out whole, and what was encoded decodes to what it was.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "rule/trial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHAIN_MAX 256

static const char *const with_arguments[] = {
	"json(utf8)", "json(utf8s)", "json(utf8p)", "json(utf8ps)", "json_query('$.a')", "json_query('$.a','int')",
	"json_query('$[1].b')", "json_query('$')", "url_enc(query)", "url_dec(1)", "be2hex(:,2)", "be2hex(-,3,1)", "be2dec(:,2)",
	"be2dec(.,8,1)", "le2dec(:,3)", "sha2(512)", "digest(md5)", "hmac(sha1,a2V5)", "aes_gcm_dec(128,MTIzNDU2Nzg5MDEy,a2V5a2V5a2V5a2V5a2V5aw==,dGFndGFndGFndGFndGFndA==)",
	"crc32(1)", "djb2(1)", "xxh64(7)", "field(2,/)", "field(-1,/,2)", "word(2,/.)", "word(-2,/,0)", "bytes(1,3)", "bytes(9)",
	"ltrim(/ )", "rtrim(/ )", "cut_crlf", "regsub('a(.)|b','<\\1>',g)", "regsub(^,x)", "regsub(x*,y,g)", "language(de;en;fr-CA,de)",
	"host_only", "port_only", "ipmask(24,64)", "http_date", "http_date(5,us)", "utime(%Y-%m-%d %N)", "us_ltime(%N%%)",
	"add(9223372036854775807)", "mul(-1)", "div(-1)", "mod(0)", "sub(-9223372036854775808)", "iif(yes,no)",
	"concat(a,sess.none,b)", "add_item(;,,x)", "strcmp(txn.s)", "secure_memcmp(txn.s)", "htonl",
	"protobuf(1)", "protobuf(1.2,sint64)", "protobuf(1.2.3,double)", "ungrpc(1)", "ungrpc(1.2,float)", "fix_tag_value(35)",
	"mqtt_field_value(connect,username)", "mqtt_field_value(connect,24)", "mqtt_field_value(connack,reason_code)",
};

static const char *const round_trips[] = { "base64,b64dec", "ub64enc,ub64dec", "url_enc,url_dec" };

static struct expr *chains[CHAIN_MAX], *trips[COUNT_OF(round_trips)];
static bool speaks_json[CHAIN_MAX];
static unsigned chain_count;
static struct slice input;

static enum eval_result text_get(const struct args *a, struct eval *ev, struct value *v)
{
	(void)a, (void)ev;
	*v = value_str(input);
	return EVAL_OK;
}
FETCH(fuzz_text) = { .keyword = "fuzz_text", .usage = "fuzz_text", .type = VALUE_STR, .phases = PHASE_ANY, .get = text_get };

static enum eval_result bytes_get(const struct args *a, struct eval *ev, struct value *v)
{
	(void)a, (void)ev;
	*v = value_bin(input);
	return EVAL_OK;
}
FETCH(fuzz_bytes) = { .keyword = "fuzz_bytes", .usage = "fuzz_bytes", .type = VALUE_BIN, .phases = PHASE_ANY, .get = bytes_get };

static struct expr *compile(const char *fetch, const char *chain)
{
	struct strbuf err = STRBUF_EMPTY;
	char text[512];

	snprintf(text, sizeof(text), "%s,%s", fetch, chain);
	struct expr *e = expr_compile(text, PHASE_LOG, NULL, &err);
	strbuf_free(&err);
	return e;
}

/* False: it does not stand so. */
static bool add(const char *chain)
{
	unsigned before = chain_count;

	for (int binary = 0; binary < 2; binary++) {
		ASSERT(chain_count < CHAIN_MAX);
		chains[chain_count] = compile(binary ? "fuzz_bytes" : "fuzz_text", chain);
		speaks_json[chain_count] = strncmp(chain, "json", 4) == 0 && chain[4] != '_';
		chain_count += chains[chain_count] != NULL;
	}
	return chain_count > before;
}

static void setup(void)
{
	registries_open();
	diag_state.quiet = true;
	for (size_t i = 0; i < COUNT_OF(with_arguments); i++) {
		if (add(with_arguments[i]))
			continue;
		fprintf(stderr, "%s does not compile\n", with_arguments[i]);
		abort();
	}
	for (size_t i = 0; i < converter_registry.n; i++)
		add(registry_keyword(converter_registry.sorted[i])); /* some need arguments */
	for (size_t i = 0; i < COUNT_OF(round_trips); i++)
		ASSERT(trips[i] = compile("fuzz_text", round_trips[i]));
	ASSERT(expr_resolve_all());
}

/* Between quotes it is one JSON text, of ASCII. */
static void check_json(struct slice s)
{
	char *text = malloc(s.len + 2);
	json_error_t error;

	ASSERT(text);
	text[0] = text[s.len + 1] = '"';
	memcpy(text + 1, s.ptr, s.len);
	for (size_t i = 0; i < s.len; i++)
		ASSERT(s.ptr[i] >= 0x20 && s.ptr[i] < 0x7f);
	json_t *j = json_loadb(text, s.len + 2, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	ASSERT(j && json_is_string(j));
	json_decref(j);
	free(text);
}

static void check(const struct expr *e, bool json, struct eval *ev)
{
	struct value v, again;
	struct slice a, b;

	if (expr_eval(e, ev, &v) != EVAL_OK) {
		ASSERT(expr_eval(e, ev, &again) != EVAL_OK);
		return;
	}
	ASSERT(expr_type(e) == VALUE_ANY || expr_type(e) == v.type);
	ASSERT(expr_eval(e, ev, &again) == EVAL_OK && value_text(&v, ev->arena, &a) && value_text(&again, ev->arena, &b));
	ASSERT(slice_eq(a, b));
	if (json)
		check_json(a);
}

static void check_trips(struct eval *ev)
{
	struct value v;

	for (size_t i = 0; i < COUNT_OF(round_trips); i++)
		ASSERT(expr_eval(trips[i], ev, &v) == EVAL_OK && slice_eq(v.bytes, input));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena arena;
	struct var_store *txn = NULL;
	struct eval ev = { .arena = &arena, .phase = PHASE_LOG, .final = true, .vars = { [VAR_TXN] = &txn } };
	struct value other = value_str(SLICE("secret"));
	char *copy;

	if (chain_count == 0)
		setup();
	if (size == 0)
		return 0;
	/* Of just this size, for the sanitizer to see a step beyond. */
	copy = malloc(size > 1 ? size - 1 : 1);
	ASSERT(copy);
	if (size > 1)
		memcpy(copy, data + 1, size - 1);
	input = slice_make(copy, size - 1);
	ASSERT(eval_var_set(&ev, var_name_find(SLICE("txn.s")), &other));
	check(chains[data[0] % chain_count], speaks_json[data[0] % chain_count], &ev);
	if (data[0] % 8 == 0)
		check_trips(&ev);
	var_store_free(&txn);
	arena_free(&arena);
	free(copy);
	return 0;
}
