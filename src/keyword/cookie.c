/* SPDX-License-Identifier: Apache-2.0
 *
 * Persistence by cookie: `cookie` of a backend and of a server, dynamic-cookie-key, force-persist and ignore-persist.
 * One thread: start-up only.
 */
#include "base/units.h"
#include "conf/keyword.h"
#include "proxy/persist.h"
#include "rule/boot.h"

/* Bytes that would end a cookie's name, value or attribute, or its field. */
static bool breaks_cookie(const char *text, const char *also)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f || *text == ';' || strchr(also, *text))
			return true;
	return false;
}

/* ---- cookie <name> ... ---- */

/* The attributes in the order they are sent, whatever the order of the words. */
struct attributes {
	struct strbuf domains, others;
	bool httponly, secure;
};

static const struct {
	const char *word;
	size_t offset;
} switches[] = {
#define SWITCH(name) { #name, offsetof(struct cookie_settings, name) }
	SWITCH(insert), SWITCH(rewrite), SWITCH(prefix), SWITCH(indirect), SWITCH(nocache), SWITCH(postonly), SWITCH(preserve),
	SWITCH(dynamic),
#undef SWITCH
};

static bool take_switch(struct conf_line *l, struct cookie_settings *c)
{
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (conf_take_if(l, switches[i].word))
			return *((bool *)c + switches[i].offset) = true;
	return false;
}

static bool take_span(struct conf_line *l, uint32_t *out_s)
{
	const char *word = conf_need(l, "a time in seconds");

	return word && (unit_time_s(slice_of(word), out_s) == UNIT_OK ||
		conf_fail(l, "expected a time in seconds such as 3600, 30m or 2d, at most 2147483647 seconds"));
}

static bool take_domain(struct conf_line *l, struct attributes *a)
{
	const char *domain = conf_need(l, "a domain");

	if (domain == NULL)
		return false;
	if (*domain == '\0' || breaks_cookie(domain, ", \""))
		return conf_fail(l, "'%s' is no domain", domain);
	if (strchr(domain + 1, '.') == NULL)
		conf_warn(l, "the domain '%s' has no dot inside; browsers may not take it (RFC 6265, 5.2.3)", domain);
	strbuf_addf(&a->domains, "; domain=%s", domain);
	return true;
}

static bool take_attribute(struct conf_line *l, struct attributes *a)
{
	const char *text = conf_need(l, "an attribute");

	if (text && (*text == '\0' || breaks_cookie(text, "")))
		return conf_fail(l, "an attribute has at least one character, and neither ';' nor control characters");
	if (text)
		strbuf_addf(&a->others, "; %s", text);
	return text != NULL;
}

static bool take_option(struct conf_line *l, struct cookie_settings *c, struct attributes *a)
{
	if (take_switch(l, c))
		return true;
	if (conf_take_if(l, "httponly"))
		return a->httponly = true;
	if (conf_take_if(l, "secure"))
		return a->secure = true;
	if (conf_take_if(l, "maxidle"))
		return take_span(l, &c->maxidle_s);
	if (conf_take_if(l, "maxlife"))
		return take_span(l, &c->maxlife_s);
	if (conf_take_if(l, "domain"))
		return take_domain(l, a);
	if (conf_take_if(l, "attr"))
		return take_attribute(l, a);
	conf_take(l);
	return conf_fail(l, "expected 'rewrite', 'insert', 'prefix', 'indirect', 'nocache', 'postonly', 'preserve', 'httponly', "
		"'secure', 'domain', 'maxidle', 'maxlife', 'dynamic' or 'attr'");
}

static bool take_options(struct conf_line *l, struct cookie_settings *c)
{
	struct attributes a = { 0 };
	struct strbuf tail = STRBUF_EMPTY;
	bool ok = true;

	while (ok && conf_peek(l))
		ok = take_option(l, c, &a);
	strbuf_addf(&tail, "; path=/%s%s%s%s", a.domains.ptr ? a.domains.ptr : "", a.httponly ? "; HttpOnly" : "",
		a.secure ? "; Secure" : "", a.others.ptr ? a.others.ptr : "");
	c->tail = boot_copy(strbuf_slice(&tail));
	strbuf_free(&tail);
	strbuf_free(&a.domains);
	strbuf_free(&a.others);
	if (!ok)
		return false;
	if (c->insert + c->rewrite + c->prefix > 1)
		return conf_fail(l, "only one of 'rewrite', 'insert' and 'prefix' can be");
	if (c->rewrite && c->indirect)
		return conf_fail(l, "'rewrite' and 'indirect' exclude each other");
	return !c->preserve || c->insert || c->indirect || conf_fail(l, "'preserve' needs 'insert' or 'indirect'");
}

static bool parse_cookie(struct conf_line *l, void *owner)
{
	const char *name = conf_need(l, "the name of a cookie");

	if (name == NULL)
		return false;
	if (*name == '\0' || *name == '$' || breaks_cookie(name, "=, \t\""))
		return conf_fail(l, "'%s' cannot be the name of a cookie", name);
	struct cookie_settings *c = boot_alloc(sizeof(*c));
	c->name = boot_copy(slice_of(name));
	((struct proxy *)owner)->set.cookie = c;
	return take_options(l, c);
}
KEYWORD(cookie) = { .keyword = "cookie",
	.usage = "cookie <name> [rewrite | insert | prefix] [indirect] [nocache] [postonly] [preserve] [httponly] [secure] "
		"[domain <domain>]* [maxidle <seconds>] [maxlife <seconds>] [dynamic] [attr <text>]*",
	.where = IN_BE, .parse = parse_cookie, .misplaced_fails = true };

static bool parse_server_cookie(struct conf_line *l, void *owner)
{
	const char *value = conf_need(l, "the cookie's value for this server");

	if (value == NULL)
		return false;
	if (*value == '\0' || breaks_cookie(value, ", \t\""))
		return conf_fail(l, "'%s' cannot be the value of a cookie", value);
	((struct server_settings *)owner)->cookie = boot_copy(slice_of(value)).ptr;
	return true;
}
KEYWORD(server_cookie) = { .keyword = "cookie", .usage = "cookie <value>", .where = IN_SERVER, .parse = parse_server_cookie };

static bool parse_key(struct conf_line *l, void *owner)
{
	const char *key = conf_need(l, "a secret key");

	if (key && *key == '\0')
		return conf_fail(l, "the key is empty");
	if (key)
		((struct proxy *)owner)->set.dynamic_cookie_key = boot_copy(slice_of(key)).ptr;
	return key != NULL;
}
KEYWORD(dynamic_cookie_key) = { .keyword = "dynamic-cookie-key", .usage = "dynamic-cookie-key <key>", .where = IN_BE,
	.parse = parse_key, .misplaced_fails = true };

/* ---- force-persist, ignore-persist ---- */

static bool add_rule(struct conf_line *l, struct proxy *px, bool force)
{
	struct cond *c;

	if (conf_peek(l) == NULL || (strcmp(conf_peek(l), "if") != 0 && strcmp(conf_peek(l), "unless") != 0))
		return conf_fail(l, "expected 'if' or 'unless' and a condition");
	c = cond_parse(l, &px->set.acls, PHASE_USE_SERVER, px);
	if (c == NULL)
		return false;
	px->persist_rules = boot_grow(px->persist_rules, px->persist_rule_count, sizeof(*px->persist_rules));
	px->persist_rules[px->persist_rule_count++] = (struct persist_rule){ force, c };
	return true;
}

static bool parse_force(struct conf_line *l, void *owner) { return add_rule(l, owner, true); }
static bool parse_ignore(struct conf_line *l, void *owner) { return add_rule(l, owner, false); }

KEYWORD(force_persist) = { .keyword = "force-persist", .usage = "force-persist {if | unless} <condition>",
	.where = IN_BE & ~IN_DEFAULTS, .parse = parse_force, .misplaced_fails = true };
KEYWORD(ignore_persist) = { .keyword = "ignore-persist", .usage = "ignore-persist {if | unless} <condition>",
	.where = IN_BE & ~IN_DEFAULTS, .parse = parse_ignore, .misplaced_fails = true };
