/* SPDX-License-Identifier: Apache-2.0
 *
 * txn.client and core.client(): who the client is (addr, port), who connected (peer, peer_port), what its PROXY header said (proxy,
 * nil without one) and how it speaks TLS with us (tls, nil without). Values are as they came: a name from a header may be any bytes. One thread.
 */
#include "script.h"

#include "conn/tls.h"
#include "proxy/pp_view.h"

static void push_ip(lua_State *L, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	if (a->family == AF_UNSPEC)
		lua_pushnil(L);
	else
		lua_pushlstring(L, text, addr_format_ip(a, text));
}

static void push_port(lua_State *L, const struct addr *a)
{
	if (addr_is_inet(a))
		lua_pushinteger(L, a->port);
	else
		lua_pushnil(L);
}

static int client_index(lua_State *L)
{
	struct script_frame *f = script_frame_of(L, 1, SCRIPT_CLIENT);
	const struct session *s = f->ev->session;
	struct slice name = script_slice(L, 2);

	if (slice_is(name, "addr"))
		push_ip(L, &s->src);
	else if (slice_is(name, "port"))
		push_port(L, &s->src);
	else if (slice_is(name, "peer"))
		push_ip(L, &s->peer);
	else if (slice_is(name, "peer_port"))
		push_port(L, &s->peer);
	else if (slice_is(name, "proxy") && s->pp)
		script_handle_push(L, f, SCRIPT_HEADER, 0);
	else if (slice_is(name, "tls") && tls_of(&s->client))
		script_handle_push(L, f, SCRIPT_TLS, 0);
	else if (slice_is(name, "secure"))
		lua_pushboolean(L, pp_view_client_is_secure(s));
	else
		lua_pushnil(L);
	return 1;
}

/* ---- the PROXY header ---- */

static int push_tlv(lua_State *L, const struct pp_info *pp, uint8_t type, unsigned nth)
{
	struct slice value;

	if (pp_tlv_find(slice_make(pp->tlvs, pp->tlvs_len), type, nth, &value))
		script_push_slice(L, value);
	else
		lua_pushnil(L);
	return 1;
}

static int header_tlv(lua_State *L)
{
	const struct pp_info *pp = script_frame_of(L, 1, SCRIPT_HEADER)->ev->session->pp;
	int type = lua_isinteger(L, 2) ? (int)luaL_checkinteger(L, 2) : pp_type_parse(script_slice(L, 2));
	lua_Integer nth = luaL_optinteger(L, 3, 1);

	luaL_argcheck(L, type >= 0 && type <= UINT8_MAX, 2, "a TLV's type is a number from 0 to 255, or a name such as AUTHORITY");
	luaL_argcheck(L, nth >= 1 && nth <= UINT16_MAX, 3, "TLVs of a type are counted from 1");
	return push_tlv(L, pp, (uint8_t)type, (unsigned)nth - 1);
}

static int header_index(lua_State *L)
{
	struct script_frame *f = script_frame_of(L, 1, SCRIPT_HEADER);
	const struct pp_info *pp = f->ev->session->pp;
	struct slice name = script_slice(L, 2);
	struct pp_ssl ssl;

	if (slice_is(name, "tlv"))
		lua_pushcfunction(L, header_tlv);
	else if (slice_is(name, "version"))
		lua_pushinteger(L, pp->version);
	else if (slice_is(name, "command"))
		lua_pushstring(L, pp->command == PP_LOCAL ? "LOCAL" : "PROXY");
	else if (slice_is(name, "authority"))
		return push_tlv(L, pp, PP_TYPE_AUTHORITY, 0);
	else if (slice_is(name, "unique_id"))
		return push_tlv(L, pp, PP_TYPE_UNIQUE_ID, 0);
	else if (slice_is(name, "tls") && pp_view_ssl(f->ev->session, &ssl))
		script_handle_push(L, f, SCRIPT_HEADER_TLS, 0);
	else
		lua_pushnil(L);
	return 1;
}

/* core.client(): of what runs; for converters, which get no TXN. nil where nothing runs for a client. */
int script_client(lua_State *L)
{
	struct script_frame *f = script_state_of(L)->frame;

	if (f && f->ev && f->ev->session)
		script_handle_push(L, f, SCRIPT_CLIENT, 0);
	else
		lua_pushnil(L);
	return 1;
}

void script_open_client(lua_State *L)
{
	static const luaL_Reg none[] = { { NULL, NULL } };

	script_class(L, SCRIPT_CLIENT, none, client_index);
	script_class(L, SCRIPT_HEADER, none, header_index);
	lua_pop(L, 2);
}
