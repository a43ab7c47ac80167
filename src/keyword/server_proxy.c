/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of a server line about the PROXY header it gets. One thread: start-up only.
 */
#include "base/assert.h"
#include "conf/keyword.h"
#include "proxy/pp_send.h"
#include "proxy/pp_ssl.h"

/* send-proxy and send-proxy-v2 are a bit each, as in HAProxy: when both stand there v2 is sent. */
#define SWITCH(ident, word, statement) \
	static bool parse_##ident(struct conf_line *l, void *owner) \
	{ \
		struct server_settings *set = owner; \
		(void)l; \
		statement; \
		return true; \
	} \
	KEYWORD(server_##ident) = { .keyword = word, .usage = word, .where = IN_ANY_SERVER, .parse = parse_##ident }

SWITCH(send_proxy, "send-proxy", set->send_proxy |= PP_V1);
SWITCH(send_proxy_v2, "send-proxy-v2", set->send_proxy |= PP_V2);
SWITCH(send_proxy_v2_ssl, "send-proxy-v2-ssl", set->send_proxy |= PP_V2; set->pp_ssl |= PP_SSL_ON);
SWITCH(send_proxy_v2_ssl_cn, "send-proxy-v2-ssl-cn", set->send_proxy |= PP_V2; set->pp_ssl |= PP_SSL_ON | PP_SSL_CN);
SWITCH(no_send_proxy, "no-send-proxy", set->send_proxy &= ~PP_V1);
SWITCH(no_send_proxy_v2, "no-send-proxy-v2", set->send_proxy &= ~PP_V2);
SWITCH(no_send_proxy_v2_ssl, "no-send-proxy-v2-ssl", set->send_proxy &= ~PP_V2; set->pp_ssl &= (uint8_t)~PP_SSL_ON);
SWITCH(no_send_proxy_v2_ssl_cn, "no-send-proxy-v2-ssl-cn", set->send_proxy &= ~PP_V2;
	set->pp_ssl &= (uint8_t)~(PP_SSL_ON | PP_SSL_CN));
SWITCH(check_send_proxy, "check-send-proxy", set->check_send_proxy = true);
SWITCH(no_check_send_proxy, "no-check-send-proxy", set->check_send_proxy = false);

static bool set_option(struct conf_line *l, struct server_settings *set, struct slice name, bool on)
{
	static const struct { const char *name; uint8_t bit; } of_tls[] = {
		{ "ssl", PP_SSL_ON }, { "cert-cn", PP_SSL_CN }, { "ssl-cipher", PP_SSL_CIPHER }, { "cert-sig", PP_SSL_SIGNATURE },
		{ "cert-key", PP_SSL_KEY },
	};

	for (size_t i = 0; i < COUNT_OF(of_tls); i++)
		if (slice_is(name, of_tls[i].name)) {
			set->pp_ssl = on ? set->pp_ssl | of_tls[i].bit : set->pp_ssl & (uint8_t)~of_tls[i].bit;
			return true;
		}
	if (slice_is(name, "crc32c"))
		set->pp_crc32c = on;
	else if (slice_is(name, "authority"))
		set->pp_authority = on;
	else if (slice_is(name, "unique-id"))
		set->pp_unique_id = on;
	else
		return conf_fail(l, "unknown option '%.*s'; expected 'ssl', 'cert-cn', 'ssl-cipher', 'cert-sig', 'cert-key', 'authority', "
			"'crc32c' or 'unique-id'", SLICE_FMT(name));
	return true;
}

static bool parse_option_list(struct conf_line *l, struct server_settings *set, bool on)
{
	const char *word = conf_need(l, "a list of options");
	struct slice rest = slice_of(word);
	bool ok = word != NULL;

	while (ok) {
		ptrdiff_t comma = slice_find_byte(rest, ',');
		ok = set_option(l, set, comma < 0 ? rest : slice_make(rest.ptr, (size_t)comma), on);
		if (comma < 0)
			break;
		rest = slice_from(rest, (size_t)comma + 1);
	}
	return ok;
}

static bool parse_options(struct conf_line *l, void *owner)
{
	return parse_option_list(l, owner, true);
}
KEYWORD(proxy_v2_options) = { .keyword = "proxy-v2-options", .usage = "proxy-v2-options <option>[,<option>]*", .where = IN_ANY_SERVER,
	.parse = parse_options };

static bool parse_no_options(struct conf_line *l, void *owner)
{
	return parse_option_list(l, owner, false);
}
KEYWORD(no_proxy_v2_options) = { .keyword = "no-proxy-v2-options", .usage = "no-proxy-v2-options <option>[,<option>]*",
	.where = IN_ANY_SERVER, .parse = parse_no_options };

static bool append(struct server_settings *set, const struct pp_step *step)
{
	set->pp_send = pp_send_append(set->pp_send, step);
	return true;
}

/* "0xEA,AUTHORITY" or "all". */
static bool parse_types(struct conf_line *l, void *owner, enum pp_step_kind kind)
{
	const char *word = conf_need(l, "TLV types or 'all'");
	struct pp_step step = { .kind = kind };

	if (word == NULL)
		return false;
	if (strcmp(word, "all") == 0) {
		memset(step.types, 0xff, sizeof(step.types));
		return append(owner, &step);
	}
	for (struct slice rest = slice_of(word);;) {
		ptrdiff_t comma = slice_find_byte(rest, ',');
		struct slice one = comma < 0 ? rest : slice_make(rest.ptr, (size_t)comma);
		int type = pp_type_parse(one);
		if (type < 0)
			return conf_fail(l, "'%.*s' is no TLV type: expected a number from 0 to 255 (0x.. in hexadecimal) or a name such as "
				"AUTHORITY", SLICE_FMT(one));
		step.types[type / 64] |= (uint64_t)1 << (type % 64);
		if (comma < 0)
			return append(owner, &step);
		rest = slice_from(rest, (size_t)comma + 1);
	}
}

static bool parse_pass(struct conf_line *l, void *owner)
{
	return parse_types(l, owner, PP_STEP_PASS);
}
KEYWORD(proxy_v2_pass) = { .keyword = "proxy-v2-pass", .usage = "proxy-v2-pass {all | <type>[,<type>]*}", .where = IN_SERVER,
	.parse = parse_pass };

static bool parse_drop(struct conf_line *l, void *owner)
{
	return parse_types(l, owner, PP_STEP_DROP);
}
KEYWORD(proxy_v2_drop) = { .keyword = "proxy-v2-drop", .usage = "proxy-v2-drop {all | <type>[,<type>]*}", .where = IN_SERVER,
	.parse = parse_drop };

/* The type stands between parentheses in the keyword's own word. */
static bool parse_value(struct conf_line *l, void *owner, enum pp_step_kind kind)
{
	struct slice word = slice_of(l->words[l->at - 1]);
	struct slice id = slice_from(word, (size_t)slice_find_byte(word, '(') + 1);
	struct pp_step step = { .kind = kind };
	int type;

	id.len--;
	type = pp_type_parse(id);
	if (type < 0)
		return conf_fail(l, "'%.*s' is no TLV type: expected a number from 0 to 255 (0x.. in hexadecimal) or a name such as AUTHORITY",
			SLICE_FMT(id));
	if (type == PP_TYPE_CRC32C)
		return conf_fail(l, "the checksum is made by 'proxy-v2-options crc32c', its value cannot be given");
	const char *text = conf_need(l, "a format");
	if (text == NULL)
		return false;
	step.type = (uint8_t)type;
	step.format = format_parse(l, text, PHASE_SOURCE, NULL);
	return step.format && append(owner, &step);
}

static bool parse_set(struct conf_line *l, void *owner)
{
	return parse_value(l, owner, PP_STEP_SET);
}
KEYWORD(set_proxy_v2_tlv_fmt) = { .keyword = "set-proxy-v2-tlv-fmt(", .usage = "set-proxy-v2-tlv-fmt(<type>) <format>",
	.where = IN_SERVER, .parse = parse_set };

static bool parse_add(struct conf_line *l, void *owner)
{
	return parse_value(l, owner, PP_STEP_ADD);
}
KEYWORD(add_proxy_v2_tlv_fmt) = { .keyword = "add-proxy-v2-tlv-fmt(", .usage = "add-proxy-v2-tlv-fmt(<type>) <format>",
	.where = IN_SERVER, .parse = parse_add };
