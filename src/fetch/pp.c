/* SPDX-License-Identifier: Apache-2.0
 *
 * What the client's PROXY header said beside the addresses. Values are as they were sent: who
 * writes them to a log or a header escapes them. One thread.
 */
#include "proxy/pp_view.h"
#include "rule/fetch.h"

static struct slice tlvs_of(const struct eval *ev)
{
	return ev->session ? pp_view_tlvs(ev->session) : SLICE("");
}

static enum eval_result text_of(const struct eval *ev, uint8_t type, unsigned nth, struct value *out)
{
	struct slice value;

	if (!pp_tlv_find(tlvs_of(ev), type, nth, &value))
		return EVAL_NONE;
	*out = value_str(value);
	return EVAL_OK;
}

static enum eval_result fc_rcvd_proxy_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	*out = value_bool(ev->session && ev->session->pp);
	return ev->session ? EVAL_OK : EVAL_NONE;
}

static enum eval_result fc_pp_authority_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	return text_of(ev, PP_TYPE_AUTHORITY, 0, out);
}

static enum eval_result fc_pp_unique_id_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	return text_of(ev, PP_TYPE_UNIQUE_ID, 0, out);
}

/* The type's number goes to v[0].num; of several TLVs of the type the second argument names one, from 1. */
static bool fc_pp_tlv_check(struct args *a, struct strbuf *err)
{
	a->v[0].num = pp_type_parse(a->v[0].str);
	if (a->v[0].num < 0) {
		strbuf_addf(err, "'%.*s' is no TLV type: expected a number from 0 to 255 (0x.. in hexadecimal) or a name such as AUTHORITY",
			SLICE_FMT(a->v[0].str));
		return false;
	}
	if (a->v[1].type == ARG_NONE)
		a->v[1].num = 1;
	if (a->v[1].num < 1 || a->v[1].num > UINT16_MAX) {
		strbuf_add_str(err, "the second argument counts TLVs of this type from 1");
		return false;
	}
	return true;
}

/* What belongs inside the SSL TLV is looked for there. */
static bool in_ssl(uint8_t type)
{
	return type > PP_TYPE_SSL && type <= PP_TYPE_SSL_KEY_ALG;
}

static enum eval_result fc_pp_tlv_get(const struct args *a, struct eval *ev, struct value *out)
{
	uint8_t type = (uint8_t)a->v[0].num;
	unsigned nth = (unsigned)a->v[1].num - 1;
	struct slice value;
	struct pp_ssl ssl;

	if (in_ssl(type) && ev->session && pp_view_ssl(ev->session, &ssl) && pp_tlv_find(ssl.subs, type, nth, &value)) {
		*out = value_str(value);
		return EVAL_OK;
	}
	return text_of(ev, type, nth, out);
}

static enum eval_result pp_aws_vpce_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct slice value, id;

	(void)a;
	for (unsigned nth = 0; pp_tlv_find(tlvs_of(ev), PP_TYPE_AWS, nth, &value); nth++) {
		if (pp_aws_vpce(value, &id)) {
			*out = value_str(id);
			return EVAL_OK;
		}
	}
	return EVAL_NONE;
}

static enum eval_result pp_azure_linkid_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct slice value;
	uint32_t id;

	(void)a;
	for (unsigned nth = 0; pp_tlv_find(tlvs_of(ev), PP_TYPE_AZURE, nth, &value); nth++) {
		if (pp_azure_linkid(value, &id)) {
			*out = value_int(id);
			return EVAL_OK;
		}
	}
	return EVAL_NONE;
}

/* As decimal text: an id may be beyond what a signed integer holds. */
static enum eval_result pp_gcp_psc_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct strbuf text;
	struct slice value;
	uint64_t id;
	char mem[24];

	(void)a;
	if (!pp_tlv_find(tlvs_of(ev), PP_TYPE_GCP, 0, &value) || !pp_gcp_psc(value, &id))
		return EVAL_NONE;
	strbuf_init_fixed(&text, mem, sizeof(mem));
	strbuf_add_u64(&text, id);
	*out = value_str(arena_copy(ev->arena, strbuf_slice(&text)));
	return out->bytes.ptr ? EVAL_OK : EVAL_NONE;
}

#define HEADER_PHASES (PHASE_SESSION | PHASE_CHECK)

FETCH(fc_rcvd_proxy) = { .keyword = "fc_rcvd_proxy", .usage = "fc_rcvd_proxy", .type = VALUE_BOOL, .phases = HEADER_PHASES,
	.get = fc_rcvd_proxy_get };
FETCH(fc_pp_authority) = { .keyword = "fc_pp_authority", .usage = "fc_pp_authority", .type = VALUE_STR, .phases = HEADER_PHASES,
	.get = fc_pp_authority_get };
FETCH(fc_pp_unique_id) = { .keyword = "fc_pp_unique_id", .usage = "fc_pp_unique_id", .type = VALUE_STR, .phases = HEADER_PHASES,
	.get = fc_pp_unique_id_get };
FETCH(fc_pp_tlv) = { .keyword = "fc_pp_tlv", .usage = "fc_pp_tlv(<type>[,<nth>])", .args = "s;i", .type = VALUE_STR,
	.phases = PHASE_SESSION & ~PHASE_FE_CONN, .check = fc_pp_tlv_check, .get = fc_pp_tlv_get };
FETCH(pp_aws_vpce) = { .keyword = "pp_aws_vpce", .usage = "pp_aws_vpce", .type = VALUE_STR, .phases = HEADER_PHASES,
	.get = pp_aws_vpce_get };
FETCH(pp_azure_linkid) = { .keyword = "pp_azure_linkid", .usage = "pp_azure_linkid", .type = VALUE_INT, .phases = HEADER_PHASES,
	.get = pp_azure_linkid_get };
FETCH(pp_gcp_psc) = { .keyword = "pp_gcp_psc", .usage = "pp_gcp_psc", .type = VALUE_STR, .phases = HEADER_PHASES,
	.get = pp_gcp_psc_get };
