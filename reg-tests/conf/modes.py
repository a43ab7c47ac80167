# SPDX-License-Identifier: Apache-2.0
"""HTTP in tcp mode is passed over with a warning, frontends and backends must understand each other, rules that run earlier
than those before them, and what may stand in defaults sections."""
from _conf import check

TIMES = ' timeout client 1s\n timeout server 1s\n timeout connect 1s\n'
HTTP, TCP = ' mode http\n' + TIMES, ' mode tcp\n' + TIMES


def frontend(*lines, name='f', start='', port=1):
    return f'frontend {name}{start}\n bind 127.0.0.1:{port}\n' + ''.join(f' {line}\n' for line in lines)


def backend(*lines, name='b', start=''):
    return f'backend {name}{start}\n server s 127.0.0.1:1\n' + ''.join(f' {line}\n' for line in lines)


# What speaks of HTTP in a tcp proxy does nothing, and says so.
for line in ['http-request deny', 'http-response deny', 'http-after-response set-header a b', 'redirect prefix /']:
    said = f"WARNING.*'{line.split()[0]}' rules ignored for {{}} as they require HTTP mode"
    check('defaults\n' + TCP + frontend(line), 0, said.format("frontend 'f'"))
    check('defaults\n' + TCP + backend(line) + frontend('default_backend b'), 0, said.format("backend 'b'"))
    check('defaults\n' + TCP + 'listen l\n bind 127.0.0.1:1\n ' + line + '\n', 0, said.format("proxy 'l'"))
    check('defaults\n' + HTTP + frontend(line), 0, '!WARNING')
    check('defaults\n' + TCP + frontend('disabled', line) + frontend(name='g'), 0, '!WARNING')
for option, fe, be in [('forwardfor', 1, 1), ('originalto', 1, 1), ('http-buffer-request', 1, 1), ('http-ignore-probes', 1, 0),
                       ('http-use-proxy-header', 1, 0), ('http-pretend-keepalive', 0, 1)]:
    said = f"'option {option}' ignored for %s as it requires HTTP mode"
    out = check(f'defaults\n option {option}\n' + TCP + backend() + frontend('default_backend b'), 0)
    assert (said % "frontend 'f'" in out) == bool(fe) and (said % "backend 'b'" in out) == bool(be), out
    check(f'defaults\n option {option}\n' + HTTP + frontend(), 0, '!WARNING')
check('defaults\n' + TCP + frontend('monitor-uri /x'), 0, "monitor-uri will be ignored for frontend 'f'")
check('defaults\n' + TCP + frontend('stats enable'), 0, "'stats' statement ignored for frontend 'f'")
check('defaults\n' + TCP + frontend('capture cookie c len 3'), 0, "'capture' statement ignored for frontend 'f'")
check('defaults d\n' + TCP + ' http-request deny\n' + frontend(start=' from d'), 0, '!WARNING')
# Lines about requests are those of connections there.
for option in ['httplog', 'httplog clf', 'httpslog']:
    said = f"WARNING.*'option {option.split()[0]}' not usable with %s 'f' .needs 'mode http'.. Falling back to 'option tcplog'."
    log = f'log 127.0.0.1:1 local0\n option {option}'
    check('defaults\n' + TCP + frontend(log), 0, said % 'frontend')
    check(f'defaults\n {log}\n' + TCP + 'listen f\n bind 127.0.0.1:1\n', 0, said % 'proxy')
    check('defaults\n' + HTTP + frontend(log), 0, '!WARNING')
    check('defaults\n' + TCP + frontend('disabled', log, name='f') + frontend(name='g'), 0, '!WARNING')
    check(f'defaults\n {log}\n' + TCP + frontend('option tcplog'), 0, '!WARNING')
# Captures of fields do not: a backend may make its connections HTTP.
check('defaults\n' + TCP + frontend('capture request header host len 3'), 0, '!WARNING')

# Who speaks to whom.
for line, how in [('default_backend b', 'as its default backend'), ('use_backend b if TRUE', "in a 'use_backend' rule")]:
    check('defaults\n' + HTTP + frontend(line) + backend('mode tcp'), 1,
          rf"t.cfg:8.*http frontend 'f' \(t.cfg:6\) tries to use incompatible tcp backend 'b' \(t.cfg:9\) {how}")
    check('defaults\n' + TCP + frontend(line) + backend('mode http'), 0, '!WARNING')
    check('defaults\n' + HTTP + f'listen b\n bind 127.0.0.1:1\n {line}\n', 1, "loop detected, it names itself " + how)
check('defaults\n' + HTTP + frontend('use_backend %[path]') + backend('mode tcp'), 0, '!WARNING')

# The order in which rules run.
STAGES = [('tcp-request connection accept', 'tcp-request', ''), ('tcp-request session accept', 'tcp-request', "a 'tcp-request session'"),
          ('tcp-request content accept', 'tcp-request', "a 'tcp-request content'"), ('monitor fail if FALSE', 'monitor fail', "a 'monitor fail'"),
          ('http-request allow', 'http-request', "an 'http-request'"), ('redirect prefix / if FALSE', 'redirect', "a 'redirect'"),
          ('use_backend b', 'use_backend', "a 'use_backend'")]
for i, (first, _, before) in enumerate(STAGES):
    for j, (second, now, _) in enumerate(STAGES):
        said = f"'{now}' rule placed after {before} rule will still be processed before" if j < i else '!placed after'
        check('defaults\n' + HTTP + frontend(first, second) + backend(), 0, said)
check('defaults d\n' + HTTP + ' http-request allow\n' + frontend('tcp-request content accept', start=' from d'), 0, '!placed after')

# Defaults sections with rules.
for line in ['http-request deny', 'http-response deny', 'http-after-response set-header a b', 'tcp-request connection accept',
             'tcp-request session accept', 'tcp-request content accept', 'tcp-response content accept', 'acl a src 127.0.0.1']:
    check('defaults\n' + HTTP + f' {line}\n' + frontend(), 1, 'in a defaults section this may stand only when that has a name')
for line in ['http-request deny', 'http-response deny', 'http-after-response set-header a b', 'tcp-request content accept']:
    section = 'defaults d\n' + HTTP + f' {line}\n'
    other = 'defaults e\n' + HTTP
    check(section + frontend(start=' from d') + frontend(start=' from d', name='g', port=2), 0, '!WARNING')
    check(section + other + backend(start=' from d') + frontend('default_backend b'), 0, '!WARNING')
    check(section + frontend() + backend(), 1, 't.cfg:9.*frontends and backends cannot inherit from the same defaults section')
    check(section + backend() + frontend(), 1, 'frontends and backends cannot inherit from the same defaults section')
    check(section + 'listen l\n bind 127.0.0.1:1\n', 1, 'a listen section cannot inherit')
section = 'defaults d\n' + HTTP + ' tcp-response content accept\n'
check(section + frontend(start=' from d'), 1, "a frontend section cannot inherit.*'tcp-response content'")
section = 'defaults d\n' + HTTP + ' tcp-request session accept\n'
check(section + backend(), 1, "a backend section cannot inherit.*'tcp-request connection' or 'tcp-request session'")
# Its ACLs are its own, and what others add to theirs is seen by nobody else.
section = 'defaults d\n' + HTTP + ' acl a src 127.0.0.1\n http-request deny if a\n'
check(section + frontend('acl b src 127.0.0.2', 'http-request deny if b', start=' from d'), 0, '!WARNING')
check(section + frontend('http-request deny if a', start=' from d'), 1, "no ACL is called 'a'")
check(section + frontend('acl b src 127.0.0.2', start=' from d') + frontend('http-request deny if b', name='g', start=' from d', port=2), 1,
      "no ACL is called 'b'")
check(section + 'defaults e from d\n http-request deny if a\n' + frontend(start=' from e'), 1, "no ACL is called 'a'")

# Captures of what a client sent.
for mode in (TCP, HTTP):
    for line, warns in [('capture path', 1), ('capture req.payload(0,3),lower', 1), ('capture src', 0), ('capture var(txn.x)', 0)]:
        said = ("" if warns else "!") + "a 'tcp-request capture' rule explicitly depending on request contents without any"
        check('defaults\n' + mode + frontend(f'tcp-request content {line} len 5'), 0, said)
        check('defaults\n' + mode + frontend('tcp-request inspect-delay 1s', f'tcp-request content {line} len 5'), 0, '!WARNING')
check('defaults\n' + TCP + frontend('default_backend b') + backend('tcp-request content capture src id 0'), 1,
      "backend 'b' has no frontend capability")
