/* SPDX-License-Identifier: Apache-2.0
 *
 * Fetches whose value stands in the configuration: always_true, int(5), str(text), ipv4(..) ...
 * Everything is read when the configuration is; a run copies it. Any thread.
 */
#include "rule/fetch.h"

#include "base/hex.h"
#include "rule/boot.h"

static enum eval_result constant_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)ev;
	*out = *(const struct value *)a->priv;
	return EVAL_OK;
}

static bool constant_is(struct args *a, struct value v)
{
	struct value *kept = boot_alloc(sizeof(*kept));

	*kept = v;
	a->priv = kept;
	return true;
}

static enum eval_result true_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a, (void)ev;
	*out = value_bool(true);
	return EVAL_OK;
}

static enum eval_result false_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a, (void)ev;
	*out = value_bool(false);
	return EVAL_OK;
}

static bool int_check(struct args *a, struct strbuf *err)
{
	(void)err;
	return constant_is(a, value_int(a->v[0].num));
}

static bool str_check(struct args *a, struct strbuf *err)
{
	(void)err;
	return constant_is(a, value_str(a->v[0].type == ARG_STR ? a->v[0].str : SLICE("")));
}

static bool bool_check(struct args *a, struct strbuf *err)
{
	struct slice s = a->v[0].str;
	bool yes = slice_eq_nocase(s, SLICE("true")) || slice_is(s, "1");

	if (yes || slice_eq_nocase(s, SLICE("false")) || slice_is(s, "0"))
		return constant_is(a, value_bool(yes));
	strbuf_addf(err, "'%.*s' is not true, false, 1 or 0", SLICE_FMT(s));
	return false;
}

static bool address_check(struct args *a, struct strbuf *err, uint8_t family)
{
	struct addr ip;

	/* The spelling decides: ::ffff:1.2.3.4 is written as IPv6, though it is kept as the IPv4 address it maps. */
	if (addr_parse_ip(a->v[0].str, &ip) && (slice_find_byte(a->v[0].str, ':') >= 0) == (family == AF_INET6))
		return constant_is(a, value_addr(ip));
	strbuf_addf(err, "'%.*s' is not an IPv%c address", SLICE_FMT(a->v[0].str), family == AF_INET ? '4' : '6');
	return false;
}

static bool ipv4_check(struct args *a, struct strbuf *err) { return address_check(a, err, AF_INET); }
static bool ipv6_check(struct args *a, struct strbuf *err) { return address_check(a, err, AF_INET6); }

static bool bin_check(struct args *a, struct strbuf *err)
{
	struct slice s = a->v[0].str;
	char *bytes = boot_alloc(s.len / 2 + 1);
	bool ok = s.len % 2 == 0;

	for (size_t i = 0; ok && i < s.len; i += 2) {
		int high = hex_digit(s.ptr[i]), low = hex_digit(s.ptr[i + 1]);

		ok = high >= 0 && low >= 0;
		bytes[i / 2] = (char)((unsigned)high << 4 | (unsigned)low);
	}
	if (ok)
		return constant_is(a, value_bin(slice_make(bytes, s.len / 2)));
	strbuf_addf(err, "'%.*s' is not made of pairs of hexadecimal digits", SLICE_FMT(s));
	return false;
}

static bool meth_check(struct args *a, struct strbuf *err)
{
	(void)err;
	return constant_is(a, (struct value){ .type = VALUE_METHOD, .bytes = a->v[0].str });
}

FETCH(always_true) = { .keyword = "always_true", .usage = "always_true", .type = VALUE_BOOL, .phases = PHASE_ANY,
	.get = true_get };
FETCH(always_false) = { .keyword = "always_false", .usage = "always_false", .type = VALUE_BOOL, .phases = PHASE_ANY,
	.get = false_get };
FETCH(int) = { .keyword = "int", .usage = "int(<integer>)", .args = "i", .type = VALUE_INT, .phases = PHASE_ANY,
	.check = int_check, .get = constant_get };
FETCH(str) = { .keyword = "str", .usage = "str(<string>)", .args = ";s", .type = VALUE_STR, .phases = PHASE_ANY,
	.check = str_check, .get = constant_get };
FETCH(bool) = { .keyword = "bool", .usage = "bool(<bool>)", .args = "s", .type = VALUE_BOOL, .phases = PHASE_ANY,
	.check = bool_check, .get = constant_get };
FETCH(ipv4) = { .keyword = "ipv4", .usage = "ipv4(<address>)", .args = "s", .type = VALUE_ADDR, .phases = PHASE_ANY,
	.check = ipv4_check, .get = constant_get };
FETCH(ipv6) = { .keyword = "ipv6", .usage = "ipv6(<address>)", .args = "s", .type = VALUE_ADDR, .phases = PHASE_ANY,
	.check = ipv6_check, .get = constant_get };
FETCH(bin) = { .keyword = "bin", .usage = "bin(<hex>)", .args = "s", .type = VALUE_BIN, .phases = PHASE_ANY,
	.check = bin_check, .get = constant_get };
FETCH(meth) = { .keyword = "meth", .usage = "meth(<method>)", .args = "s", .type = VALUE_METHOD, .phases = PHASE_ANY,
	.check = meth_check, .get = constant_get };
