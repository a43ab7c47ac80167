/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP leaves proxies of tcp mode, with a word about what is theirs and none about what defaults gave them; rules that run
 * earlier than those before them; who may begin from a defaults section with rules.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "conf/diag.h"
#include "proxy/mode_advice.h"

int mode_advice_test(void);

static struct rule *some[2];

static int start(void **state)
{
	(void)state;
	diag_state.quiet = true;
	strbuf_clear(&diag_state.text);
	return 0;
}

static bool said(const char *what)
{
	bool found = diag_state.text.ptr && strstr(diag_state.text.ptr, what);

	strbuf_clear(&diag_state.text);
	return found;
}

static bool said_nothing(void)
{
	return diag_state.text.len == 0;
}

static struct proxy of(unsigned caps, const char *name, const struct proxy *defaults)
{
	struct proxy px = { .caps = caps, .defaults = defaults, .file = "file", .line = 7 };

	if (defaults)
		px.set = defaults->set;
	px.name = (char *)name;
	return px;
}

static struct ruleset rules(size_t n)
{
	return (struct ruleset){ .rules = some, .n = n };
}

static void http_leaves_tcp_proxies(void **state)
{
	struct proxy fe = of(PROXY_FE, "f", NULL), both = of(PROXY_FE | PROXY_BE, "l", NULL);

	(void)state;
	fe.set.req_http = rules(1);
	fe.set.req_cont = rules(1);
	mode_leave_http_out(&fe);
	assert_int_equal(fe.set.req_http.n, 0);
	assert_int_equal(fe.set.req_cont.n, 1);
	assert_true(said("'http-request' rules ignored for frontend 'f' as they require HTTP mode."));
	mode_leave_http_out(&fe);
	assert_true(said_nothing());
	both.set.http_pretend_keepalive = both.set.http_ignore_probes = true;
	mode_leave_http_out(&both);
	assert_false(both.set.http_pretend_keepalive || both.set.http_ignore_probes);
	assert_true(said("'option http-pretend-keepalive' ignored for proxy 'l' as it requires HTTP mode."));
}

static void an_option_of_the_other_side_is_not_spoken_of(void **state)
{
	struct proxy be = of(PROXY_BE, "b", NULL);

	(void)state;
	be.set.http_ignore_probes = true;
	be.set.monitor_uri = (char *)"/";
	mode_leave_http_out(&be);
	assert_true(said_nothing());
	assert_false(be.set.http_ignore_probes);
}

static void http_proxies_and_those_not_started_keep_all(void **state)
{
	struct proxy px[] = { of(PROXY_FE, "f", NULL), of(PROXY_FE, "f", NULL), of(PROXY_FE, "f", NULL) };

	(void)state;
	px[0].set.mode = MODE_HTTP;
	px[1].set.disabled = true;
	px[2].internal = true;
	for (int i = 0; i < 3; i++) {
		px[i].set.req_http = rules(1);
		mode_leave_http_out(&px[i]);
		assert_int_equal(px[i].set.req_http.n, 1);
		assert_true(said_nothing());
	}
}

static void inherited_rules_go_without_a_word(void **state)
{
	struct proxy d = of(0, "d", NULL);

	(void)state;
	d.set.res_http = rules(1);
	struct proxy fe = of(PROXY_FE, "f", &d);
	mode_leave_http_out(&fe);
	assert_int_equal(fe.set.res_http.n, 0);
	assert_true(said_nothing());
	fe.set.res_http = rules(2);
	mode_leave_http_out(&fe);
	assert_true(said("'http-response' rules ignored for frontend 'f'"));
}

static void the_first_later_stage_is_named(void **state)
{
	struct conf_line l = { .file = "file", .line = 9 };
	struct proxy px = of(PROXY_FE, "f", NULL);

	(void)state;
	px.set.req_cont = rules(1);
	mode_warn_order(&l, &px, STAGE_TCP_CONTENT);
	mode_warn_order(&l, &px, STAGE_USE_BACKEND);
	assert_true(said_nothing());
	mode_warn_order(&l, &px, STAGE_TCP_CONNECTION);
	assert_true(said("[file:9] : a 'tcp-request' rule placed after a 'tcp-request content' rule will still be processed before."));
	px.use_backend.n = 1;
	px.redirects = rules(1);
	mode_warn_order(&l, &px, STAGE_HTTP_REQUEST);
	assert_true(said("a 'http-request' rule placed after a 'redirect' rule"));
	struct proxy later = of(PROXY_FE, "g", &px);
	later.use_backend.n = later.redirects.n = 0;
	mode_warn_order(&l, &later, STAGE_TCP_CONNECTION);
	assert_true(said_nothing());
}

static bool may(struct proxy *d, unsigned caps)
{
	struct conf_line l = { .file = "file", .line = 9, .words = (char *[]){ "frontend", NULL }, .count = 1 };

	return mode_may_inherit(&l, d, caps);
}

static void rules_of_defaults_serve_one_side(void **state)
{
	struct proxy d = of(0, "d", NULL);

	(void)state;
	assert_true(may(&d, PROXY_FE) && may(&d, PROXY_BE) && may(&d, PROXY_FE | PROXY_BE));
	d.used_by = 0;
	d.set.req_http = rules(1);
	assert_true(may(&d, PROXY_FE) && may(&d, PROXY_FE));
	assert_false(may(&d, PROXY_BE));
	d.used_by = 0;
	assert_true(may(&d, PROXY_BE));
	assert_false(may(&d, PROXY_FE));
	d.used_by = 0;
	assert_false(may(&d, PROXY_FE | PROXY_BE));
}

static void rules_of_defaults_may_belong_to_one_side(void **state)
{
	struct proxy d = of(0, "d", NULL), e = of(0, "e", NULL);

	(void)state;
	d.set.res_cont = rules(1);
	assert_false(may(&d, PROXY_FE));
	e.set.req_conn = rules(1);
	assert_false(may(&e, PROXY_BE));
	d.used_by = e.used_by = 0;
	assert_true(may(&d, PROXY_BE) && may(&e, PROXY_FE));
}

int mode_advice_test(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(http_leaves_tcp_proxies, start),
		cmocka_unit_test_setup(an_option_of_the_other_side_is_not_spoken_of, start),
		cmocka_unit_test_setup(http_proxies_and_those_not_started_keep_all, start),
		cmocka_unit_test_setup(inherited_rules_go_without_a_word, start),
		cmocka_unit_test_setup(the_first_later_stage_is_named, start),
		cmocka_unit_test_setup(rules_of_defaults_serve_one_side, start),
		cmocka_unit_test_setup(rules_of_defaults_may_belong_to_one_side, start),
	};

	return cmocka_run_group_tests_name("mode_advice", tests, NULL, NULL);
}
