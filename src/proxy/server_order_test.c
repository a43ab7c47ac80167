/* SPDX-License-Identifier: Apache-2.0
 *
 * Orders that add and remove servers, on one thread: what is proved where, what keeps a server, and that one which a stream
 * knows stays in memory for as long. The words of a server line are leaves; reg-tests/command/dynamic_servers.py has them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "core/clock.h"
#include "core/epoch.h"
#include "core/thread.h"
#include "proxy/balance.h"
#include "proxy/check.h"
#include "proxy/notice.h"
#include "proxy/queue.h"
#include "proxy/server_gone.h"
#include "proxy/server_order.h"
#include "proxy/stream.h"

int server_order_test(void);

static struct proxy *be;
static struct server *told_without; /* whom the balancer has seen last as the backend's last server */
static int woken;

static void hush(const struct proxy *px, enum log_level level, struct slice text) { (void)px, (void)level, (void)text; }

static void note(struct proxy *px)
{
	told_without = TAILQ_LAST(&px->servers, server_list);
}

static bool fixed(const struct proxy *px)
{
	return px->set.retries == 77;
}

static const struct balance noting = { .keyword = "noting", .server_changed = note, .weights_fixed = fixed };

static void wake(void *owner)
{
	assert_ptr_equal(owner, &woken);
	woken++;
}

static int begin(void **state)
{
	(void)state;
	notice_hook = hush;
	be = proxy_new("orders", PROXY_BE, NULL, "test", 1);
	be->set.balance = &noting;
	be->check_talk = &checkseq_layer4;
	health_init(server_new(be, "first", "test", 2));
	queues_open(be);
	balance_update(be);
	return 0;
}

static int end(void **state)
{
	(void)state;
	/* What is still on its way to the end gets there. */
	clock_now_ms += 5000;
	timer_wheel_run(&loop_self->wheel, clock_now_ms);
	for (int i = 0; i < 20; i++)
		loop_turn(loop_self, 0);
	proxy_unlist(be);
	notice_hook = NULL;
	epoch_collect(true);
	return 0;
}

static int open_thread(void **state)
{
	(void)state;
	threads_init(1);
	clock_update();
	return 0;
}

static int close_thread(void **state)
{
	(void)state;
	loop_free(&thread_loops[0]);
	return 0;
}

static struct server *read_words(const char *name, const char *address, const char *why_not)
{
	struct strbuf why = STRBUF_EMPTY;
	struct server *srv = server_order_read(be, slice_of(name), &address, address != NULL, &why);

	if (why_not)
		assert_string_equal(why.ptr, why_not);
	assert_true(srv == NULL || why.len == 0);
	strbuf_free(&why);
	return srv;
}

/* Waits for the answer. */
static void assert_answer(struct server_order *o, const char *answer)
{
	int before = woken;

	assert_non_null(o);
	while (!o->done)
		loop_turn(loop_self, 0);
	assert_int_equal(woken, before + 1);
	assert_string_equal(o->answer.ptr, answer);
	server_order_drop(&o);
	assert_null(o);
}

static struct server *add(const char *name, int64_t id)
{
	struct server *srv = read_words(name, "127.0.0.1:80", NULL);

	assert_non_null(srv);
	srv->set.id = id;
	assert_answer(server_order_add(srv, wake, &woken), "New server registered.");
	return srv;
}

static void words(void **state)
{
	(void)state;
	assert_null(read_words("a", NULL, "'server' expects <name> and <addr>[:<port>] as arguments."));
	assert_null(read_words("", "127.0.0.1:1", "'server' expects <name> and <addr>[:<port>] as arguments."));
	assert_null(read_words("a b", "127.0.0.1:1", "character ' ' is not permitted in server name 'a b'."));
	assert_null(read_words("a", "localhost:1", "not an IP address in address 'localhost'"));
	be->set.retries = 77;
	assert_null(read_words("a", "127.0.0.1:1", "Backend must use a dynamic load balancing to support dynamic servers."));
	be->set.retries = 3;
	struct server *srv = read_words("a", "unix@/run/a.sock", NULL);
	assert_non_null(srv);
	assert_null(server_find(be, SLICE("a")));
	server_gone_free(&srv);
	assert_null(srv);
}

static void numbers_and_names(void **state)
{
	struct server *a = add("a", 0), *b = add("b", 7), *c = add("c", 0), *twin = read_words("a", "127.0.0.1:1", NULL),
		*same = read_words("d", "127.0.0.1:1", NULL);

	(void)state;
	assert_int_equal(a->id, 2);
	assert_int_equal(b->id, 7);
	assert_int_equal(c->id, 3);
	assert_ptr_equal(told_without, c);
	assert_true(a->added && !a->usable && a->admin == SERVER_MAINT && a->checks_off && a->agent_off);
	assert_answer(server_order_add(twin, wake, &woken), "Already exists a server with the same name in backend.");
	same->set.id = 7;
	assert_answer(server_order_add(same, wake, &woken), "'id' : custom id 7 already used ('server b').");
	assert_int_equal(be->server_count, 4);
	/* Nobody waits for the answer any more. */
	struct server_order *o = server_order_remove(c, wake, &woken);
	int before = woken;
	server_order_drop(&o);
	while (server_find(be, SLICE("c")))
		loop_turn(loop_self, 0);
	loop_turn(loop_self, 0);
	assert_int_equal(woken, before);
	assert_ptr_equal(told_without, b);
}

static void what_keeps_a_server(void **state)
{
	static const char referenced[] = "This server cannot be removed at runtime due to other configuration elements pointing to it.";
	static const char busy[] = "Server still has connections attached to it, cannot remove it.";
	struct server *a = add("a", 0), *first = server_find(be, SLICE("first"));

	(void)state;
	assert_answer(server_order_remove(first, wake, &woken), "Only servers in maintenance mode can be deleted.");
	first->referenced = true;
	assert_answer(server_order_remove(first, wake, &woken), referenced);
	assert_true(queue_slot_take(a));
	assert_answer(server_order_remove(a, wake, &woken), busy);
	queue_slot_free(a);
	gauge_try_inc(&a->queue_len, 0);
	assert_answer(server_order_remove(a, wake, &woken), busy);
	gauge_dec(&a->queue_len);
	struct server_order *one = server_order_remove(a, wake, &woken), *two = server_order_remove(a, wake, &woken);
	while (!two->done)
		loop_turn(loop_self, 0);
	assert_string_equal(one->answer.ptr, "Server deleted.");
	assert_string_equal(two->answer.ptr, "No such server.");
	server_order_drop(&one);
	server_order_drop(&two);
}

/* As long as a stream avoids it, it is there. */
static void known_by_a_stream(void **state)
{
	static struct stream st;
	static struct session ses;
	struct server *a = add("a", 0);

	(void)state;
	LIST_INIT(&ses.links);
	ses.stream = &st;
	st.avoid = a;
	LIST_INSERT_HEAD(&sessions_here, &ses, link);
	assert_answer(server_order_remove(a, wake, &woken), "Server deleted.");
	for (int i = 0; i < 100; i++) {
		clock_now_ms += 600;
		timer_wheel_run(&loop_self->wheel, clock_now_ms);
		loop_turn(loop_self, 0);
		assert_int_equal(a->magic, SERVER_MAGIC);
		assert_int_equal(a->unknown_rounds, 0);
	}
	LIST_REMOVE(&ses, link);
}

int server_order_test(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(words, begin, end),
		cmocka_unit_test_setup_teardown(numbers_and_names, begin, end),
		cmocka_unit_test_setup_teardown(what_keeps_a_server, begin, end),
		cmocka_unit_test_setup_teardown(known_by_a_stream, begin, end) };

	return cmocka_run_group_tests_name("server_order", tests, open_thread, close_thread);
}
