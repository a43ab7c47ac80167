/* SPDX-License-Identifier: Apache-2.0
 *
 * What log lines say and which are written: the format keywords and the log options. Formats are
 * kept as text here and compiled when all files are read. One thread: start-up only.
 */
#include <stddef.h>
#include "conf/keyword.h"
#include "proxy/log_line.h"
#include "rule/boot.h"

static void warn_in_backend(struct conf_line *l, const struct proxy *px, const char *name)
{
	if (px->caps == PROXY_BE)
		conf_warn(l, "backend '%s' : '%s' directive is ignored in backends.", px->name, name);
}

/* The rest of the line is the format: words are joined by blanks, as HAProxy allows. */
static bool take_format(struct conf_line *l, void *owner, struct format_text *f)
{
	const struct proxy *px = owner;
	struct strbuf text = STRBUF_EMPTY;
	const char *name = l->words[l->at - 1], *word = conf_need(l, "a format");

	if (!word)
		return false;
	strbuf_add_str(&text, word);
	while ((word = conf_take(l)) != NULL) {
		strbuf_add_byte(&text, ' ');
		strbuf_add_str(&text, word);
	}
	if (px->caps == 0 && f->text && strcmp(f->text, LOG_TCP_FORMAT) == 0)
		conf_warn(l, "'%s' overrides previous 'option tcplog' in 'defaults' section.", name);
	*f = (struct format_text){ boot_copy(strbuf_slice(&text)).ptr, l->file, l->line, NULL };
	strbuf_free(&text);
	warn_in_backend(l, px, name);
	return true;
}

#define FORMAT(ident, word, field) \
	static bool parse_##field(struct conf_line *l, void *owner) \
	{ \
		return take_format(l, owner, &((struct proxy *)owner)->set.field); \
	} \
	KEYWORD(ident) = { .keyword = word, .usage = word " <format>", .where = IN_PROXY, .parse = parse_##field }

FORMAT(proxy_log_format, "log-format", log_format);
FORMAT(proxy_log_format_sd, "log-format-sd", log_format_sd);
FORMAT(proxy_error_log_format, "error-log-format", error_log_format);
FORMAT(proxy_unique_id_format, "unique-id-format", unique_id_format);

static bool parse_tcplog(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;

	px->set.log_format = (struct format_text){ LOG_TCP_FORMAT, l->file, l->line, NULL };
	warn_in_backend(l, px, "option tcplog");
	return true;
}
KEYWORD(option_tcplog) = { .keyword = "option tcplog", .usage = "option tcplog", .where = IN_PROXY, .parse = parse_tcplog };

static bool parse_httplog(struct conf_line *l, void *owner)
{
	const char *format = conf_take_if(l, "clf") ? LOG_CLF_FORMAT : LOG_HTTP_FORMAT;

	((struct proxy *)owner)->set.log_format = (struct format_text){ format, l->file, l->line, "option httplog" };
	return true;
}
KEYWORD(option_httplog) = { .keyword = "option httplog", .usage = "option httplog [clf]", .where = IN_PROXY, .parse = parse_httplog };

static bool parse_httpslog(struct conf_line *l, void *owner)
{
	((struct proxy *)owner)->set.log_format = (struct format_text){ LOG_HTTPS_FORMAT, l->file, l->line, "option httpslog" };
	return true;
}
KEYWORD(option_httpslog) = { .keyword = "option httpslog", .usage = "option httpslog", .where = IN_PROXY, .parse = parse_httpslog };

#define OPTION(ident, word, field) \
	KEYWORD(option_##ident) = { .keyword = "option " word, .usage = "[no] option " word, .where = IN_FE, \
		.type = SETTING_FLAG, .offset = offsetof(struct proxy, set.field) }

OPTION(dontlognull, "dontlognull", dontlognull);
OPTION(dontlog_normal, "dontlog-normal", dontlog_normal);
OPTION(logasap, "logasap", logasap);
OPTION(log_separate_errors, "log-separate-errors", log_separate_errors);
OPTION(proxylog, "proxylog", proxylog);
