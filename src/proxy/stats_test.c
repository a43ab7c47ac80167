/* SPDX-License-Identifier: Apache-2.0
 *
 * Statistics: the columns' names and order, the three formats, the walk's order and filters, what
 * averages and highest values say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "core/clock.h"
#include "proxy/check.h"
#include "proxy/stats.h"

int stats_test(void);

static const char header[] =
	"# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,act,bck,"
	"chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,tracked,type,rate,rate_lim,rate_max,check_status,"
	"check_code,check_duration,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,hanafail,req_rate,req_rate_max,"
	"req_tot,cli_abrt,srv_abrt,comp_in,comp_out,comp_byp,comp_rsp,lastsess,last_chk,last_agt,qtime,ctime,rtime,ttime,"
	"agent_status,agent_code,agent_duration,check_desc,agent_desc,check_rise,check_fall,check_health,agent_rise,agent_fall,"
	"agent_health,addr,cookie,mode,algo,conn_rate,conn_rate_max,conn_tot,intercepted,dcon,dses,wrew,connect,reuse,"
	"cache_lookups,cache_hits,srv_icur,src_ilim,qtime_max,ctime_max,rtime_max,ttime_max,eint,idle_conn_cur,safe_conn_cur,"
	"used_conn_cur,need_conn_est,uweight,agg_server_status,agg_server_check_status,agg_check_status,-,ssl_sess,"
	"ssl_reused_sess,ssl_failed_handshake,h2_headers_rcvd,h2_data_rcvd,h2_settings_rcvd,h2_rst_stream_rcvd,h2_goaway_rcvd,"
	"h2_detected_conn_protocol_errors,h2_detected_strm_protocol_errors,h2_rst_stream_resp,h2_goaway_resp,"
	"h2_open_connections,h2_backend_open_streams,h2_total_connections,h2_backend_total_streams,h1_open_connections,"
	"h1_open_streams,h1_total_connections,h1_total_streams,h1_bytes_in,h1_bytes_out,h1_spliced_bytes_in,"
	"h1_spliced_bytes_out,\n";

static void test_header(void **state)
{
	struct strbuf out = STRBUF_EMPTY;

	(void)state;
	stats_csv_header(&out);
	assert_string_equal(out.ptr, header);
	/* Typed output counts without the column "-". */
	assert_int_equal(STAT_lastsess, 55);
	assert_int_equal(STAT_uweight, 99);
	assert_int_equal(STAT_ssl_sess, 103);
	strbuf_free(&out);
}

static void put(struct stats_row *row, enum stats_column c, union stats_datum v)
{
	row->has[c] = 1;
	row->values[c] = v;
}

static void test_formats(void **state)
{
	struct strbuf out = STRBUF_EMPTY;
	struct stats_row row = { .kind = STATS_SERVER, .iid = 3, .sid = 7 };

	(void)state;
	put(&row, STAT_pxname, (union stats_datum){ .s = "a" });
	put(&row, STAT_last_chk, (union stats_datum){ .s = "said \"no\", \\ and\nleft" });
	put(&row, STAT_lastsess, (union stats_datum){ .i = -1 });
	put(&row, STAT_bin, (union stats_datum){ .u = UINT64_MAX });
	stats_csv_row(&out, &row);
	assert_true(slice_starts(strbuf_slice(&out), SLICE("a,,,,,,,,18446744073709551615,,")));
	assert_true(slice_find(strbuf_slice(&out), SLICE(",-1,\"said \"\"no\"\", \\ and\nleft\",,")) > 0);
	/* As many commas as the header has. */
	size_t commas = 0, wanted = 0;
	for (size_t i = slice_find(strbuf_slice(&out), SLICE("left\"")); i < out.len; i++)
		commas += out.ptr[i] == ',';
	for (const char *c = strstr(header, "last_chk,"); *c; c++)
		wanted += *c == ',';
	assert_int_equal(commas, wanted);
	strbuf_clear(&out);
	row.has[STAT_last_chk] = 0;
	stats_typed_row(&out, &row, false);
	assert_string_equal(out.ptr, "S.3.7.0.pxname.1:KNS:str:a\nS.3.7.8.bin.1:MCP:u64:18446744073709551615\nS.3.7.55.lastsess.1:MAP:s32:-1\n");
	strbuf_clear(&out);
	row.has[STAT_bin] = 0;
	row.has[STAT_lastsess] = 0;
	row.values[STAT_pxname].s = "q\"\\\t";
	stats_typed_row(&out, &row, true);
	assert_string_equal(out.ptr, "S.3.7.0.pxname.1:KNS:str:q\"\\\t:\"name of the proxy\"\n");
	strbuf_clear(&out);
	stats_json_row(&out, &row);
	assert_string_equal(out.ptr, "[{\"objType\":\"Server\",\"proxyId\":3,\"id\":7,\"field\":{\"pos\":0,\"name\":\"pxname\"},\"processNum\":1,"
		"\"tags\":{\"origin\":\"Key\",\"nature\":\"Name\",\"scope\":\"Service\"},\"value\":{\"type\":\"str\",\"value\":\"q\\\"\\\\\\u0009\"}}]");
	strbuf_free(&out);
}

/* Every nature is made of letters that the formats know. */
static void test_natures(void **state)
{
	struct strbuf out = STRBUF_EMPTY;

	(void)state;
	for (int i = 0; i < STATS_COLUMN_COUNT; i++) {
		struct stats_value v = { .type = STATS_U32, .u = 1 };
		stats_json_field(&out, i, &stats_columns[i], &v);
	}
	assert_int_equal(slice_find(strbuf_slice(&out), SLICE("Unknown")), -1);
	strbuf_free(&out);
}

/* ---- the walk ---- */

static void rows(struct stats_walk w, struct strbuf *out)
{
	struct stats_row row;

	strbuf_clear(out);
	while (stats_next(&w, &row))
		strbuf_addf(out, "%s/%s ", row.values[STAT_pxname].s, row.values[STAT_svname].s);
}

static void test_walk(void **state)
{
	struct strbuf out = STRBUF_EMPTY;
	struct bind_settings set = { .maxconn = 5 };
	struct endpoint e = { .kind = ENDPOINT_INET };
	struct stats_row row;

	(void)state;
	TAILQ_INIT(&proxies); /* other tests left theirs */
	rows((struct stats_walk){ 0 }, &out);
	assert_int_equal(out.len, 0);
	struct proxy *fe = proxy_new("fe", PROXY_FE, NULL, "test", 1);
	struct proxy *be = proxy_new("be", PROXY_BE, NULL, "test", 2);
	struct proxy *li = proxy_new("li", PROXY_FE | PROXY_BE, NULL, "test", 3);
	proxy_new_internal("GLOBAL", "test", 4);
	proxy_new("off", PROXY_FE, NULL, "test", 5)->set.disabled = true;
	fe->set.socket_stats = true;
	listener_new(fe, &e, &set, "test", 1);
	set.name = "second";
	listener_new(fe, &e, &set, "test", 1);
	listener_new(li, &e, &set, "test", 3);
	struct server *one = server_new(be, "one", "test", 2), *two = server_new(be, "two", "test", 2);
	two->admin = SERVER_MAINT;
	rows((struct stats_walk){ 0 }, &out);
	assert_string_equal(out.ptr, "fe/FRONTEND fe/sock-1 fe/second be/one be/two be/BACKEND li/FRONTEND li/BACKEND ");
	rows((struct stats_walk){ .want = STATS_WANT_BACKENDS }, &out);
	assert_string_equal(out.ptr, "be/BACKEND li/BACKEND ");
	rows((struct stats_walk){ .want = STATS_WANT_FRONTENDS | STATS_WANT_LISTENERS, .iid = fe->id }, &out);
	assert_string_equal(out.ptr, "fe/FRONTEND fe/sock-1 fe/second ");
	rows((struct stats_walk){ .iid = be->id, .sid = two->id }, &out);
	assert_string_equal(out.ptr, "be/two be/BACKEND ");
	rows((struct stats_walk){ .iid = be->id, .no_maint = true }, &out);
	assert_string_equal(out.ptr, "be/one be/BACKEND ");
	one->up = false;
	rows((struct stats_walk){ .iid = be->id, .up = true }, &out);
	assert_string_equal(out.ptr, "be/BACKEND ");

	struct stats_walk w = { .iid = be->id, .want = STATS_WANT_SERVERS };
	counters_time(&one->counters, 10, 20, 0, 300);
	counters_time(&one->counters, 0, 40, 0, 100);
	assert_true(stats_next(&w, &row));
	assert_int_equal(row.values[STAT_qtime].u, 5);
	assert_int_equal(row.values[STAT_ctime].u, 30);
	assert_int_equal(row.values[STAT_ttime].u, 200);
	assert_int_equal(row.values[STAT_qtime_max].u, 10);
	assert_int_equal(row.values[STAT_ctime_max].u, 40);
	assert_int_equal(row.values[STAT_ttime_max].u, 300);
	assert_int_equal(row.values[STAT_lastsess].i, -1);
	assert_false(row.has[STAT_addr]);
	for (int i = 0; i < 10 * TIMED_MAX; i++)
		counters_time(&one->counters, 0, 7, 0, 7);
	w = (struct stats_walk){ .iid = be->id, .want = STATS_WANT_SERVERS, .private = true };
	assert_true(stats_next(&w, &row));
	assert_int_equal(row.values[STAT_ctime].u, 7);
	assert_int_equal(row.values[STAT_ctime_max].u, 40);
	assert_true(row.has[STAT_addr]);
	/* A check and an agent that are under way. */
	struct check runs = { .step = CHECK_TALKING }, rests = { .step = CHECK_IDLE };
	one->set.check = true;
	one->check = &runs;
	one->agent = &rests;
	one->last_check = (struct check_report){ .status = CHECK_STATUS_L7OK, .code = 200, .info = "fine" };
	w = (struct stats_walk){ .iid = be->id, .want = STATS_WANT_SERVERS };
	assert_true(stats_next(&w, &row));
	assert_string_equal(row.values[STAT_check_status].s, "* L7OK");
	assert_string_equal(row.values[STAT_agent_status].s, "UNK");
	assert_string_equal(row.values[STAT_last_chk].s, "fine");
	assert_int_equal(row.values[STAT_check_code].u, 200);
	one->check = one->agent = NULL;
	/* One object alone has the row that the walk gives it. */
	struct stats_row alone;
	w = (struct stats_walk){ .private = true };
	for (int i = 0; stats_next(&w, &row); i++) {
		if (row.kind == STATS_FRONTEND)
			stats_of_frontend(row.iid == fe->id ? fe : li, &alone);
		else if (row.kind == STATS_LISTENER)
			stats_of_listener(i == 1 ? TAILQ_FIRST(&fe->listeners) : TAILQ_LAST(&fe->listeners, listener_list), true, &alone);
		else if (row.kind == STATS_SERVER)
			stats_of_server(row.sid == one->id ? one : two, true, &alone);
		else
			stats_of_backend(row.iid == be->id ? be : li, true, &alone);
		assert_string_equal(alone.values[STAT_svname].s, row.values[STAT_svname].s);
		assert_memory_equal(alone.has, row.has, sizeof(row.has));
		assert_int_equal(alone.values[STAT_weight].u, row.values[STAT_weight].u);
		assert_int_equal(alone.values[STAT_iid].u, row.values[STAT_iid].u);
	}
	strbuf_free(&out);
}

int stats_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header), cmocka_unit_test(test_formats), cmocka_unit_test(test_natures),
		cmocka_unit_test(test_walk),
	};

	clock_update();
	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
