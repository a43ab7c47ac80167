/* SPDX-License-Identifier: Apache-2.0
 *
 * The runner of health checks' talks: takes one step after the other until it has to wait, wants
 * a connection, or has a verdict. It never dials, closes or sets timers: check.c does, which knows
 * nothing of what is said. One thread per check.
 */
#include "proxy/checkseq.h"

#include <errno.h>
#include <stdio.h>
#include "base/assert.h"
#include "conn/buf.h"
#include "base/pool.h"
#include "proxy/check.h"
#include "rule/boot.h"
#include "rule/format.h"
#include "rule/vars.h"

const struct checkseq checkseq_layer4;

POOL_DEFINE(run, struct checkseq_run);

/* ---- start-up ---- */

struct checkseq *checkseq_new(void)
{
	return boot_alloc(sizeof(struct checkseq));
}

struct checkseq_step *checkseq_add(struct checkseq *seq, enum checkseq_kind kind)
{
	struct checkseq_step *step = boot_alloc(sizeof(*step));

	seq->steps = boot_grow(seq->steps, seq->n, sizeof(struct checkseq_step *));
	seq->steps[seq->n++] = step;
	step->kind = kind;
	step->number = seq->numbered ? (unsigned)seq->n : 0;
	step->expect.min_recv = -1;
	return step;
}

struct checkseq_step *checkseq_add_send(struct checkseq *seq,
	bool (*compose)(const struct checkseq_step *, struct check *, struct strbuf *), void *arg)
{
	struct checkseq_step *step = checkseq_add(seq, CHECKSEQ_SEND);

	step->compose = compose;
	step->arg = arg;
	return step;
}

struct checkseq_step *checkseq_add_expect(struct checkseq *seq, enum checkseq_look (*look)(const struct checkseq_step *,
	struct check *, struct slice, bool, struct check_report *), void *arg)
{
	struct checkseq_step *step = checkseq_add(seq, CHECKSEQ_EXPECT);

	step->expect.look = look;
	step->arg = arg;
	return step;
}

static const struct checkseq *built_in(struct proxy *be)
{
	return be->set.check_built_in;
}

void checkseq_use(void *proxy, struct checkseq *seq)
{
	struct proxy *px = proxy;

	px->set.check_built_in = seq;
	px->set.check_talk = built_in;
	px->set.check_rules_used = 0;
	px->set.check_runs = false;
}

bool checkseq_compose_bytes(const struct checkseq_step *step, struct check *c, struct strbuf *out)
{
	(void)c;
	strbuf_add_slice(out, *(const struct slice *)step->arg);
	return true;
}

const struct checkseq_step *checkseq_first_connect(const struct checkseq *seq)
{
	for (size_t i = 0; i < seq->n; i++) {
		if (seq->steps[i]->kind == CHECKSEQ_CONNECT)
			return seq->steps[i];
		if (seq->steps[i]->kind == CHECKSEQ_SEND || seq->steps[i]->kind == CHECKSEQ_EXPECT)
			break;
	}
	return NULL;
}

bool checkseq_speaks_tls(const struct checkseq *seq)
{
	for (size_t i = 0; i < seq->n; i++)
		if (seq->steps[i]->kind == CHECKSEQ_CONNECT && seq->steps[i]->connect.tls)
			return true;
	return false;
}

const struct checkseq_step *checkseq_last_act(const struct checkseq *seq)
{
	for (size_t i = seq->n; i > 0; i--)
		if (seq->steps[i - 1]->kind != CHECKSEQ_COMMENT && seq->steps[i - 1]->kind != CHECKSEQ_ACTION)
			return seq->steps[i - 1];
	return NULL;
}

/* ---- a round ---- */

struct checkseq_run *checkseq_begin(void)
{
	struct checkseq_run *run = run_alloc();

	if (run)
		*run = (struct checkseq_run){ .magic = CHECKSEQ_RUN_MAGIC };
	return run;
}

void checkseq_end(struct checkseq_run **run)
{
	struct checkseq_run *r = *run;

	if (r == NULL)
		return;
	CHECK_OBJ(r, CHECKSEQ_RUN_MAGIC);
	strbuf_free(&r->out);
	buf_put(&r->in);
	arena_free(&r->arena);
	var_store_free(&r->vars_check);
	var_store_free(&r->vars_sess);
	r->magic = 0;
	run_free(run);
}

void checkseq_tell(struct check_report *r, struct slice text)
{
	size_t len = 0;

	while (len < text.len && len < sizeof(r->info) - 1 && text.ptr[len] != '\r' && text.ptr[len] != '\n' && text.ptr[len])
		len++;
	if (len)
		memcpy(r->info, text.ptr, len);
	r->info[len] = '\0';
}

struct eval checkseq_eval(struct check *c)
{
	struct checkseq_run *run = c->run;

	return (struct eval){ .check = c, .arena = &run->arena, .phase = PHASE_CHECK, .response = true, .final = true,
		.vars = { [VAR_CHECK] = &run->vars_check, [VAR_SESS] = &run->vars_sess } };
}

static const struct checkseq_step *step_at(const struct check *c)
{
	return c->run->at < c->talk->n ? c->talk->steps[c->run->at] : NULL;
}

static void next(struct checkseq_run *run)
{
	run->at++;
	run->begun = false;
}

/* The comment of the step, or of the comment rule before it. */
static const char *comment_of(const struct check *c)
{
	const struct checkseq_step *step = step_at(c);

	if (step && step->comment)
		return step->comment;
	const struct checkseq_step *before = step && c->run->at ? c->talk->steps[c->run->at - 1] : NULL;
	return before && before->kind == CHECKSEQ_COMMENT ? before->comment : NULL;
}

static void add_comment(const struct check *c, struct strbuf *info)
{
	const char *comment = comment_of(c);

	if (comment)
		strbuf_addf(info, c->talk->numbered ? " comment: '%s'" : " comment: %s", comment);
}

void checkseq_failed(const struct check *c, enum check_status status, const char *why, struct check_report *r)
{
	const struct checkseq_step *step = c->run ? step_at(c) : NULL;
	struct strbuf info;

	*r = (struct check_report){ .status = status };
	strbuf_init_fixed(&info, r->info, sizeof(r->info));
	if (why)
		strbuf_add_str(&info, why);
	if (c->step == CHECK_CONNECTING && c->talk->numbered && (step == NULL || step->kind != CHECKSEQ_CONNECT)) {
		strbuf_add_str(&info, " at initial connection step of tcp-check");
		return;
	}
	if (step == NULL)
		return;
	if (step->words && step->number)
		strbuf_addf(&info, " at step %u of tcp-check (%s)", step->number, step->words);
	add_comment(c, &info);
}

void checkseq_timed_out(const struct check *c, struct check_report *r)
{
	const struct checkseq_step *step = c->run ? step_at(c) : NULL;
	enum check_status status = CHECK_STATUS_L7TOUT;

	if (c->step == CHECK_CONNECTING)
		status = c->conn.tls ? CHECK_STATUS_L6TOUT : CHECK_STATUS_L4TOUT;
	else if (step->kind == CHECKSEQ_RUN)
		status = CHECK_STATUS_PROCTOUT;
	else if (step->kind == CHECKSEQ_EXPECT && step->expect.timeout != CHECK_STATUS_UNKNOWN)
		status = step->expect.timeout;
	checkseq_failed(c, status, NULL, r);
}

/* What was heard belongs to what was said before. */
static void forget_input(struct checkseq_run *run)
{
	buf_put(&run->in);
	run->answer = NULL;
	run->heard = false;
}

void checkseq_connected(struct check *c)
{
	struct checkseq_run *run = c->run;
	const struct checkseq_step *step = step_at(c);

	run->ended = run->said = false;
	forget_input(run);
	if (step && step->kind == CHECKSEQ_CONNECT)
		next(run);
}

static enum checkseq_result broken(struct check *c, struct check_report *r)
{
	checkseq_failed(c, CHECK_STATUS_SOCKERR, strerror(c->conn.error), r);
	return CHECKSEQ_DONE;
}

/* WAIT, DONE with a failure, or (true in *sent) go on. */
static enum checkseq_result send_step(struct check *c, const struct checkseq_step *step, bool *sent, struct check_report *r)
{
	struct checkseq_run *run = c->run;

	*sent = false;
	if (!run->begun) {
		strbuf_clear(&run->out);
		run->out_at = 0;
		if (!step->compose(step, c, &run->out)) {
			checkseq_failed(c, CHECK_STATUS_SOCKERR, run->out.len ? run->out.ptr : NULL, r);
			return CHECKSEQ_DONE;
		}
		if (!step->keeps_input)
			forget_input(run);
		run->begun = true;
	}
	size_t n = 0;
	if (run->out.len > run->out_at) {
		struct iovec iov = { .iov_base = run->out.ptr + run->out_at, .iov_len = run->out.len - run->out_at };
		if (!c->conn.can_write)
			return CHECKSEQ_WAIT;
		c->spoke = run->said = true;
		switch (c->conn.transport->sendv(&c->conn, &iov, 1, false, &n)) {
		case IO_DONE:
			break;
		case IO_AGAIN:
			run->out_at += n;
			return CHECKSEQ_WAIT;
		default:
			return broken(c, r);
		}
	}
	*sent = true;
	return CHECKSEQ_WAIT;
}

/* Reads what is there. False: the connection broke. */
static bool hear(struct check *c)
{
	struct checkseq_run *run = c->run;
	size_t got;

	while (c->conn.can_read && !run->ended) {
		if (run->in == NULL && (run->in = buf_get_small()) == NULL) {
			c->conn.error = ENOMEM;
			return false;
		}
		if (buf_room(run->in) == 0)
			return true;
		switch (c->conn.transport->recv(&c->conn, run->in->data + run->in->tail, buf_room(run->in), &got)) {
		case IO_DONE:
			run->in->tail += (uint32_t)got;
			run->heard = true;
			run->ended = c->conn.eof;
			break;
		case IO_EOF:
			run->ended = true;
			break;
		case IO_AGAIN:
			return true;
		default:
			return false;
		}
	}
	return true;
}

static void write_info(const struct format *f, struct check *c, struct check_report *r)
{
	struct eval ev = checkseq_eval(c);
	struct strbuf info;

	strbuf_init_fixed(&info, r->info, sizeof(r->info));
	format_write(f, &ev, &info);
}

/* What the step says of a look's outcome. */
static void judge(struct check *c, const struct checkseq_step *step, enum checkseq_look look, bool good,
	struct check_report *r)
{
	const struct checkseq_expect *e = &step->expect;
	enum check_status want = good ? e->ok : e->error, usual = good ? CHECK_STATUS_L7OK : CHECK_STATUS_L7RSP;
	const struct format *words = good ? e->on_success : e->on_error;
	struct eval ev = checkseq_eval(c);
	struct value code;

	if (want != CHECK_STATUS_UNKNOWN && look != CHECKSEQ_ENOUGH)
		r->status = want;
	else if (r->status == CHECK_STATUS_UNKNOWN)
		r->status = usual;
	if (e->status_code && expr_eval_as(e->status_code, VALUE_INT, &ev, &code) == EVAL_OK)
		r->code = (int)code.num;
	if (words)
		write_info(words, c, r);
	if (good && !words && !e->tells)
		r->info[0] = '\0';
	if (!good && comment_of(c)) {
		struct strbuf info;
		size_t len = strlen(r->info);
		strbuf_init_fixed(&info, r->info + len, sizeof(r->info) - len);
		add_comment(c, &info);
	}
}

/* WAIT, DONE with a failure, or (true in *passed) go on. */
static enum checkseq_result expect_step(struct check *c, const struct checkseq_step *step, bool *passed, struct check_report *r)
{
	struct checkseq_run *run = c->run;
	const struct checkseq_expect *e = &step->expect;

	*passed = false;
	if (!hear(c))
		return broken(c, r);
	bool last = run->ended || (run->in && buf_room(run->in) == 0);
	struct slice got = buf_slice(run->in);
	if (!last && (got.len == 0 || (e->min_recv > 0 && (int64_t)got.len < e->min_recv)))
		return CHECKSEQ_WAIT;
	struct check_report said = { 0 };
	enum checkseq_look look = e->look(step, c, got, last || e->min_recv >= 0, &said);
	if (look == CHECKSEQ_MORE)
		return CHECKSEQ_WAIT;
	*passed = look == CHECKSEQ_ENOUGH || (look != CHECKSEQ_BROKEN && (look == CHECKSEQ_MATCH) != e->inverse);
	if (!*passed && got.len == 0 && said.info[0] == '\0')
		checkseq_tell(&said, SLICE("connection closed without an answer"));
	judge(c, step, look, *passed, &said);
	if (*passed) {
		if (!run->has_last || !run->told)
			run->last = said;
		run->has_last = true;
		run->told |= e->tells;
		return CHECKSEQ_WAIT;
	}
	*r = said;
	return CHECKSEQ_DONE;
}

static enum checkseq_result passed(struct check *c, struct check_report *r)
{
	const struct checkseq *talk = c->talk;
	struct checkseq_run *run = c->run;

	*r = (struct check_report){ .status = CHECK_STATUS_L4OK };
	if (run->has_last)
		*r = run->last;
	else if (c->conn.tls)
		r->status = run->said ? CHECK_STATUS_L7OK : CHECK_STATUS_L6OK;
	else if (c->spoke && talk->n)
		r->status = CHECK_STATUS_L7OK;
	if (talk->passed && r->info[0] == '\0')
		snprintf(r->info, sizeof(r->info), "%s", talk->passed);
	return CHECKSEQ_DONE;
}

enum checkseq_result checkseq_go_on(struct check *c, struct check_report *r)
{
	struct checkseq_run *run = c->run;
	enum checkseq_result result;
	bool done;

	CHECK_OBJ(run, CHECKSEQ_RUN_MAGIC);
	for (;;) {
		const struct checkseq_step *step = step_at(c);
		/* A list that does not say where to connect begins with the server. */
		if (!conn_is_open(&c->conn) && (step == NULL || step->kind == CHECKSEQ_SEND || step->kind == CHECKSEQ_EXPECT))
			return CHECKSEQ_DIAL;
		if (step == NULL)
			return passed(c, r);
		switch (step->kind) {
		case CHECKSEQ_COMMENT:
			break;
		case CHECKSEQ_CONNECT:
			return CHECKSEQ_DIAL;
		case CHECKSEQ_RUN:
			return CHECKSEQ_START;
		case CHECKSEQ_SEND:
			result = send_step(c, step, &done, r);
			if (!done)
				return result;
			break;
		case CHECKSEQ_EXPECT:
			result = expect_step(c, step, &done, r);
			if (!done)
				return result;
			break;
		case CHECKSEQ_ACTION: {
			struct eval ev = checkseq_eval(c);
			struct rule_cursor cursor = RULE_CURSOR_START;
			ruleset_run(&step->rules, &cursor, &ev);
			break;
		}
		}
		next(run);
	}
}
