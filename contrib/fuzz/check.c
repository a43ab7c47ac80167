/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of what servers and agents answer to checks. The first byte chooses the check, the rest is the answer, looked
 * at as it comes and again when it is whole, and fetches ask for all there is to it. Asserted beyond "no bad memory": no look asks for more when there is none,
 * what it says is text, and an agent's line leaves its server with a weight and an admin state that exist.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "conf/diag.h"
#include "conf/reader.h"
#include "core/clock.h"
#include "core/thread.h"
#include "conn/buf.h"
#include "proxy/agent.h"
#include "proxy/notice.h"
#include "proxy/queue.h"
#include "rule/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SERVER "\n server s 127.0.0.1:1 check weight 10 maxconn 5\n"
static const char config[] =
	"backend b0\n option redis-check" SERVER "backend b1\n option smtpchk" SERVER "backend b2\n option mysql-check" SERVER
	"backend b3\n option mysql-check user x" SERVER "backend b4\n option pgsql-check user x" SERVER
	"backend b5\n option ldap-check" SERVER "backend b6\n option ssl-hello-chk" SERVER "backend b7\n option httpchk" SERVER
	"backend b8\n option httpchk GET / HTTP/1.1\n http-check expect ! rstring ^a+b" SERVER
	"backend b9\n option httpchk\n http-check expect hdr name -m beg x- value -m sub y\n http-check disable-on-404" SERVER
	"backend b10\n option httpchk\n http-check expect string ok" SERVER
	"backend b11\n option tcp-check\n tcp-check expect rstring ^a.*b$\n tcp-check expect rbinary ^61\n"
	" tcp-check expect ! binary 00ff\n tcp-check expect string-lf %[int(5)]" SERVER
	"backend b12" SERVER;
#define KINDS 13
static struct check *checks[KINDS];
static struct format *answers; /* everything rules may ask of an answer */

static void hush(const struct proxy *px, enum log_level level, struct slice text) { (void)px, (void)level, (void)text; }

static void start(void)
{
	static bool started;
	struct proxy *px;
	int n = 0;

	if (started)
		return;
	started = true;
	registries_open();
	threads_init(1);
	clock_update();
	notice_hook = hush;
	diag_state.quiet = true;
	ASSERT(conf_read_text("fuzz", config, sizeof(config) - 1) && proxies_resolve());
	TAILQ_FOREACH(px, &proxies, link)
		checks[n++] = TAILQ_FIRST(&px->servers)->check;
	ASSERT(n == KINDS);
	struct strbuf err = STRBUF_EMPTY;
	answers = format_compile("%[status] %[res.ver] %[res.hdr(x-a)] %[res.hdrs] %[res.hdrs_bin,hex] %[res.cook(a)] %[res.fhdr_cnt] "
		"%[res.hdr_ip(x-a,1)] %[res.body] %[res.body_size] %[res.len] %[res.payload(0,0)] %[res.payload_lv(0,2)] %[method] %[req.len]",
		PHASE_ANY, NULL, &err);
	ASSERT(answers != NULL);
	strbuf_free(&err);
	/* The last is an agent. */
	struct server *srv = checks[KINDS - 1]->srv;
	checks[KINDS - 1]->talk = agent_talk();
	checks[KINDS - 1]->report = agent_report;
	srv->agent = checks[KINDS - 1];
}

static void check_text(const struct check_report *r)
{
	ASSERT(memchr(r->info, '\0', sizeof(r->info)) != NULL && r->status < CHECK_STATUS_COUNT);
}

/* Rules ask for all there is to an answer. */
static void ask(struct check *c, const uint8_t *data, size_t len)
{
	struct strbuf out = STRBUF_EMPTY;
	struct eval ev;

	c->run->in = buf_get_small();
	ASSERT(c->run->in != NULL);
	buf_append(c->run->in, data, len);
	ev = checkseq_eval(c);
	format_write(answers, &ev, &out);
	strbuf_free(&out);
	c->run->answer = NULL;
	buf_put(&c->run->in);
}

/* One step looks at the first len bytes. */
static void look(struct check *c, const struct checkseq_step *step, const uint8_t *data, size_t len, bool last)
{
	struct check_report r = { 0 };
	char *copy = malloc(len ? len : 1);

	ASSERT(copy != NULL);
	if (len)
		memcpy(copy, data, len);
	enum checkseq_look said = step->expect.look(step, c, slice_make(copy, len), last, &r);
	ASSERT(!last || said != CHECKSEQ_MORE);
	check_text(&r);
	if (c->report == agent_report && said != CHECKSEQ_MORE) {
		const struct server *srv = c->srv;
		c->report(c, &r);
		ASSERT(srv->weight >= 0 && srv->weight <= 256 && srv->admin <= 3 && srv->maxconn >= 0 && srv->maxconn <= INT32_MAX);
		check_text(&srv->last_agent);
	}
	free(copy);
	c->run->answer = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	start();
	if (size < 1)
		return 0;
	struct check *c = checks[*data++ % KINDS];
	size--;
	c->run = checkseq_begin();
	ASSERT(c->run != NULL);
	for (c->run->at = 0; c->run->at < c->talk->n; c->run->at++) {
		const struct checkseq_step *step = c->talk->steps[c->run->at];
		struct strbuf out = STRBUF_EMPTY;
		if (step->kind == CHECKSEQ_SEND)
			ASSERT(step->compose(step, c, &out));
		strbuf_free(&out);
		if (step->kind != CHECKSEQ_EXPECT)
			continue;
		ask(c, data, size);
		for (size_t len = 1; len < size; len += 1 + len / 2)
			look(c, step, data, len, false);
		look(c, step, data, size, true);
	}
	checkseq_end(&c->run);
	return 0;
}
