/* SPDX-License-Identifier: Apache-2.0
 *
 * Agents: one line of words. Each word is an order of its own; an agent that cannot be reached or
 * says nothing leaves everything as it was. One thread per agent.
 */
#include "proxy/agent.h"

#include <stdio.h>
#include "base/assert.h"
#include "conn/buf.h"
#include "proxy/balance.h"
#include "proxy/check_place.h"
#include "rule/boot.h"

static enum checkseq_look refuse(struct check_report *r, enum check_status status, const char *why)
{
	r->status = status;
	snprintf(r->info, sizeof(r->info), "%s", why);
	return CHECKSEQ_BROKEN;
}

/* A line without its end is not obeyed: "maxconn:3" may have been going to be 30. */
static enum checkseq_look look(const struct checkseq_step *step, struct check *c, struct slice got, bool last,
	struct check_report *r)
{
	size_t len = 0, words = 0;

	(void)step, (void)c;
	while (len < got.len && got.ptr[len] != '\n' && got.ptr[len] != '\r')
		len++;
	if (len == got.len && !last)
		return CHECKSEQ_MORE;
	if (got.len == 0)
		return refuse(r, CHECK_STATUS_L7RSP, "Empty answer from agent");
	if (len == got.len)
		return refuse(r, CHECK_STATUS_L7TOUT, "Ignoring incomplete line from agent");
	if (memchr(got.ptr, '\0', len))
		return refuse(r, CHECK_STATUS_L7RSP, "Ignoring a line from agent that is no text");
	/* Of a reason what does not fit is left out, of orders nothing. */
	while (words < len && got.ptr[words] != '#')
		words++;
	if (words >= sizeof(r->info))
		return refuse(r, CHECK_STATUS_L7RSP, "Ignoring a line from agent that is too long");
	/* An answer is no verdict: agent_report() reads it. */
	r->status = CHECK_STATUS_CHECKED;
	checkseq_tell(r, got);
	return CHECKSEQ_ENOUGH;
}

/* What it is told may change while it runs. */
static bool compose_order(const struct checkseq_step *step, struct check *c, struct strbuf *out)
{
	const char *send = check_place_get(c->srv, true).send;

	(void)step;
	if (send)
		strbuf_add_str(out, send);
	return true;
}

/* All agents are spoken to alike. */
static struct checkseq *talk;

static void forget_talk(void *unused)
{
	(void)unused;
	talk = NULL;
}

const struct checkseq *agent_talk(void)
{
	if (talk)
		return talk;
	struct checkseq *seq = checkseq_new();

	talk = seq;
	boot_defer(forget_talk, NULL);
	checkseq_add(seq, CHECKSEQ_CONNECT);
	checkseq_add_send(seq, compose_order, NULL);
	checkseq_add_expect(seq, look, NULL)->expect.tells = true;
	return seq;
}

uint32_t agent_interval_ms(const struct check *c)
{
	return c->srv->set.agent_inter_ms ? c->srv->set.agent_inter_ms : c->srv->set.inter_ms;
}

/* "75%" of the configured weight. False: it is none. */
static bool take_weight(struct server *srv, struct slice word)
{
	int64_t n;

	if (!slice_ends(word, SLICE("%")))
		return false;
	word.len--;
	if (!slice_to_i64(word, &n) || n < 0 || n > 25600)
		return false;
	n = server_weight_of(srv, n);
	if (balance_takes_weight(srv, n) && n != __atomic_load_n(&srv->weight, __ATOMIC_RELAXED))
		health_set_weight(srv, (int)n);
	return true;
}

/* "maxconn:30" */
static bool take_maxconn(struct server *srv, struct slice word)
{
	int64_t n;

	if (!slice_eq_nocase(slice_make(word.ptr, word.len < 8 ? word.len : 8), SLICE("maxconn:")) || !slice_to_i64(slice_from(word, sizeof("maxconn:") - 1), &n) || n < 0 ||
	    n > INT32_MAX)
		return false;
	if (n != __atomic_load_n(&srv->maxconn, __ATOMIC_RELAXED))
		server_set_maxconn(srv, n);
	return true;
}

static bool take_admin(struct server *srv, struct slice word)
{
	static const struct { const char *word; unsigned admin; } words[] = {
		{ "ready", 0 }, { "drain", SERVER_DRAIN }, { "maint", SERVER_MAINT },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (slice_eq_nocase(word, slice_of(words[i].word))) {
			health_set_admin(srv, words[i].admin);
			return true;
		}
	}
	return false;
}

static enum health_agent state_of(struct slice word)
{
	if (slice_eq_nocase(word, SLICE("up")))
		return AGENT_UP;
	return slice_eq_nocase(word, SLICE("down")) || slice_eq_nocase(word, SLICE("stopped")) || slice_eq_nocase(word, SLICE("fail")) ?
		AGENT_DOWN : AGENT_NONE;
}

static bool next_word(struct slice *rest, struct slice *word)
{
	static const char blanks[] = " \t,";
	size_t len = 0;

	while (rest->len && memchr(blanks, rest->ptr[0], sizeof(blanks) - 1))
		*rest = slice_from(*rest, 1);
	while (len < rest->len && !memchr(blanks, rest->ptr[len], sizeof(blanks) - 1))
		len++;
	*word = slice_make(rest->ptr, len);
	*rest = slice_from(*rest, len);
	return len > 0;
}

/* Every word in its turn. What it says of the state, and how that is reported. A reason is the last thing in a line: what
 * stands behind a '#', or begins with a word that is no order, once the state is known. */
static enum health_agent take_words(struct server *srv, struct slice line, struct check_report *r)
{
	enum health_agent said = AGENT_NONE;
	struct slice word, why = SLICE(""), state_word = SLICE("");
	char info[CHECK_INFO_MAX] = "";
	ptrdiff_t hash = slice_find_byte(line, '#');

	if (hash >= 0) {
		why = slice_from(line, (size_t)hash + 1);
		line.len = (size_t)hash;
	}
	while (next_word(&line, &word)) {
		enum health_agent state = state_of(word);
		if (state != AGENT_NONE) {
			said = state;
			state_word = word;
		} else if (take_weight(srv, word) || take_admin(srv, word) || take_maxconn(srv, word)) {
			continue;
		} else if (said != AGENT_NONE) {
			why = slice_make(word.ptr, (size_t)(line.ptr + line.len - word.ptr));
			break;
		} else {
			snprintf(info, sizeof(info), "agent reports an error : %.*s", SLICE_FMT(word));
			break;
		}
	}
	if (said != AGENT_NONE) {
		const char *open = why.len ? " (" : "", *close = why.len ? ")" : "";
		snprintf(info, sizeof(info), "via agent : %.*s%s%.*s%s", SLICE_FMT(state_word), open, SLICE_FMT(why), close);
		r->status = said == AGENT_UP ? CHECK_STATUS_L7OK : CHECK_STATUS_L7STS;
	}
	memcpy(r->info, info, sizeof(info));
	return said;
}

void agent_report(struct check *c, const struct check_report *r)
{
	struct check_report told = *r;
	enum health_agent said = AGENT_NONE;
	char line[CHECK_INFO_MAX];

	if (r->status == CHECK_STATUS_CHECKED) {
		memcpy(line, r->info, sizeof(line));
		said = take_words(c->srv, slice_of(line), &told);
	}
	health_agent(c->srv, said, &told);
}
