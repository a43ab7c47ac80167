/* SPDX-License-Identifier: Apache-2.0
 *
 * Criteria that stand for a fetch and a match method (path_beg = path -m beg), and the ACLs that
 * need no declaration (manual 7.4). Tables only; a row whose fetch is missing fails by that name.
 */
#include "rule/acl.h"

#include "base/assert.h"
#include "base/units.h"

static const struct acl_word words[] = {
	{ "base", "base", "str" },
	{ "base_beg", "base", "beg" },
	{ "base_dir", "base", "dir" },
	{ "base_dom", "base", "dom" },
	{ "base_end", "base", "end" },
	{ "base_len", "base", "len" },
	{ "base_reg", "base", "reg" },
	{ "base_sub", "base", "sub" },
	{ "cook", "req.cook", "str" },
	{ "cook_beg", "req.cook", "beg" },
	{ "cook_dir", "req.cook", "dir" },
	{ "cook_dom", "req.cook", "dom" },
	{ "cook_end", "req.cook", "end" },
	{ "cook_len", "req.cook", "len" },
	{ "cook_reg", "req.cook", "reg" },
	{ "cook_sub", "req.cook", "sub" },
	{ "hdr", "req.hdr", "str" },
	{ "hdr_beg", "req.hdr", "beg" },
	{ "hdr_dir", "req.hdr", "dir" },
	{ "hdr_dom", "req.hdr", "dom" },
	{ "hdr_end", "req.hdr", "end" },
	{ "hdr_len", "req.hdr", "len" },
	{ "hdr_reg", "req.hdr", "reg" },
	{ "hdr_sub", "req.hdr", "sub" },
	{ "http_auth_group", "http_auth_group", "str" },
	{ "method", "method", "str" },
	{ "path", "path", "str" },
	{ "path_beg", "path", "beg" },
	{ "path_dir", "path", "dir" },
	{ "path_dom", "path", "dom" },
	{ "path_end", "path", "end" },
	{ "path_len", "path", "len" },
	{ "path_reg", "path", "reg" },
	{ "path_sub", "path", "sub" },
	{ "payload", "req.payload", "bin" },
	{ "payload_lv", "req.payload_lv", "bin" },
	{ "req.ssl_ver", "req.ssl_ver", "dotted" },
	{ "req_rdp_cookie", "req.rdp_cookie", "str" },
	{ "req_rdp_cookie_cnt", "req.rdp_cookie_cnt", "int" },
	{ "req_ssl_sni", "req.ssl_sni", "str" },
	{ "req_ssl_ver", "req.ssl_ver", "dotted" },
	{ "req_ver", "req.ver", "str" },
	{ "resp_ver", "res.ver", "str" },
	{ "scook", "res.cook", "str" },
	{ "scook_beg", "res.cook", "beg" },
	{ "scook_dir", "res.cook", "dir" },
	{ "scook_dom", "res.cook", "dom" },
	{ "scook_end", "res.cook", "end" },
	{ "scook_len", "res.cook", "len" },
	{ "scook_reg", "res.cook", "reg" },
	{ "scook_sub", "res.cook", "sub" },
	{ "shdr", "res.hdr", "str" },
	{ "shdr_beg", "res.hdr", "beg" },
	{ "shdr_dir", "res.hdr", "dir" },
	{ "shdr_dom", "res.hdr", "dom" },
	{ "shdr_end", "res.hdr", "end" },
	{ "shdr_len", "res.hdr", "len" },
	{ "shdr_reg", "res.hdr", "reg" },
	{ "shdr_sub", "res.hdr", "sub" },
	{ "ssl_fc_sni_end", "ssl_fc_sni", "end" },
	{ "ssl_fc_sni_reg", "ssl_fc_sni", "reg" },
	{ "url", "url", "str" },
	{ "url_beg", "url", "beg" },
	{ "url_dir", "url", "dir" },
	{ "url_dom", "url", "dom" },
	{ "url_end", "url", "end" },
	{ "url_len", "url", "len" },
	{ "url_reg", "url", "reg" },
	{ "url_sub", "url", "sub" },
	{ "urlp", "urlp", "str" },
	{ "urlp_beg", "urlp", "beg" },
	{ "urlp_dir", "urlp", "dir" },
	{ "urlp_dom", "urlp", "dom" },
	{ "urlp_end", "urlp", "end" },
	{ "urlp_len", "urlp", "len" },
	{ "urlp_reg", "urlp", "reg" },
	{ "urlp_sub", "urlp", "sub" },
};

static const struct acl_predefined predefined[] = {
	{ "FALSE", "always_false" },
	{ "HTTP", "req.proto_http" },
	{ "HTTP_1.0", "req.ver 1.0" },
	{ "HTTP_1.1", "req.ver 1.1" },
	{ "HTTP_2.0", "req.ver 2.0" },
	{ "HTTP_3.0", "req.ver 3.0" },
	{ "HTTP_CONTENT", "req.hdr_val(content-length) gt 0" },
	{ "HTTP_URL_ABS", "url_reg ^[^/:]*://" },
	{ "HTTP_URL_SLASH", "url_beg /" },
	{ "HTTP_URL_STAR", "url *" },
	{ "LOCALHOST", "src 127.0.0.1/8 ::1" },
	{ "METH_CONNECT", "method CONNECT" },
	{ "METH_DELETE", "method DELETE" },
	{ "METH_GET", "method GET HEAD" },
	{ "METH_HEAD", "method HEAD" },
	{ "METH_OPTIONS", "method OPTIONS" },
	{ "METH_POST", "method POST" },
	{ "METH_PUT", "method PUT" },
	{ "METH_TRACE", "method TRACE" },
	{ "RDP_COOKIE", "req.rdp_cookie_cnt gt 0" },
	{ "REQ_CONTENT", "req.len gt 0" },
	{ "TRUE", "always_true" },
	{ "WAIT_END", "wait_end" },
};

const struct acl_word *acl_word_find(struct slice name)
{
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (slice_is(name, words[i].word))
			return &words[i];
	return NULL;
}

const char *acl_word_nearest(struct slice name)
{
	const char *names[COUNT_OF(words)];

	for (size_t i = 0; i < COUNT_OF(words); i++)
		names[i] = words[i].word;
	return nearest_word(name, names, COUNT_OF(words));
}

const struct acl_predefined *acl_predefined_find(struct slice name)
{
	for (size_t i = 0; i < COUNT_OF(predefined); i++)
		if (slice_is(name, predefined[i].name))
			return &predefined[i];
	return NULL;
}

const struct acl_predefined *acl_predefined_at(size_t i) { return i < COUNT_OF(predefined) ? &predefined[i] : NULL; }
