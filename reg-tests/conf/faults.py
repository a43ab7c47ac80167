# SPDX-License-Identifier: Apache-2.0
"""Every fault of a file shows in one run, with its line, its word, what was expected and the nearest keyword."""
from _conf import LISTENS, check

out = check('''global
 nbthread 2 3
 nbthread abc
 nbthrad 2
 bind :80
 no nbthread 2
 wurfl-data-file x
 maxconn
 hard-stop-after 1x
 hard-stop-after 30d
 tune.bufsize 100
frontned x
 mode tcp
frontend f
 bind 127.0.0.1:1
 timeout clinet 1s
 server s 127.0.0.1:1
 compression algo gzip
resolvers r
 nameserver a 1.2.3.4:53
 whatever
backend b
 frobnicate
''', 1)
for line, said in [
    (2, "'nbthread' at '3': this word is one too many"), (3, "'nbthread' at 'abc': expected a number"),
    (4, "unknown keyword 'nbthrad' in a 'global' section; did you mean 'nbthread'?"),
    (5, "'bind' is not allowed in a 'global' section, it belongs in 'frontend' or 'listen'"),
    (6, "'no nbthread': 'no' cannot stand before"), (7, "'wurfl-data-file' is a HAProxy keyword that usher does not have yet"),
    (8, "'maxconn': expected a number, but the line ends"), (9, "at '1x': expected the time, a time such as"), (10, "at '30d': the time is too long"),
    (11, "at '100': the size is too small"), (12, "unknown keyword 'frontned' in a 'global' section; did you mean 'frontend'?"),
    (16, "did you mean 'timeout client'?"), (17, "'server' is not allowed in a 'frontend' section, it belongs in 'listen' or 'backend'"),
    (18, "'compression' is a HAProxy keyword that usher does not have yet"), (19, "'resolvers': this is a section of HAProxy that usher does not have yet"),
    (23, "unknown keyword 'frobnicate' in a 'backend' section"),
]:
    assert f'[t.cfg:{line}] : ' in out and said in out.split(f'[t.cfg:{line}] : ', 1)[1].split('\n')[0], f'{line}: {said}\n{out}'
for line in (20, 21):
    assert f'[t.cfg:{line}]' not in out, out
assert 'Fatal errors' in out

# What HAProxy itself has given up, what it has in a place where usher has it elsewhere only, and words within a line.
check('global\n nbproc 1\n' + LISTENS, 1, "t.cfg:2.*'nbproc' is gone since HAProxy 2.5: threads do its work, see 'nbthread'")
out = check('listen l\n bind 127.0.0.1:1\n clitimeout 5s\n reqidel x\n rspadd x\n source 0.0.0.0\n option forceclose\n reqx\n'
            ' server s 127.0.0.1:1 weight 1 ws auto\n server t 127.0.0.1:1 weigth 1\n default-server socks4 1.1.1.1:1\n', 1)
for line, said in [(3, "'clitimeout' is gone since HAProxy 2.1: use 'timeout client'"), (4, "'reqidel' is gone since HAProxy 2.1: use 'http-request'"),
                   (5, "'rspadd' is gone since HAProxy 2.1"), (6, "'source' is a HAProxy keyword that usher does not have yet"),
                   (7, "'option forceclose' is gone"), (8, "unknown keyword 'reqx'"), (9, "'server' at 'ws': 'ws' is a HAProxy keyword"),
                   (10, "'server' at 'weigth': unknown keyword 'weigth' in a 'server' line; did you mean 'weight'?"),
                   (11, "'default-server' at 'socks4': 'socks4' is a HAProxy keyword")]:
    assert f'[t.cfg:{line}] : {said}' in out, f'{line}: {said}\n{out}'

# A refusal says what to use instead, once a line. Every word of a line is looked at, and an ACL that is wrong is one fault.
out = check('global\n wurfl-data-file /x\nfrontend f\n mode http\n bind 127.0.0.1:1 maxcon 5 namespace blue\n acl a path_bag /x\n acl b hdr_bge(host) x\n'
            ' http-request deny if a b\n http-request set-src src if { src_conn_rate }\n http-request accept\n http-request lua.x\n'
            ' http-request use-service prometheus-exportr\n log-format "%[src_conn_rate] %[src_conn_cnt]"\nbackend b\n server s 300.0.0.1:1 weigth 1 check cheek socks4 resolvers x\n', 1)
for line, said in [(2, "'wurfl-data-file' is a HAProxy keyword that usher does not have yet"),
                   (5, "'bind' at 'namespace': 'namespace' is a HAProxy keyword that usher does not have yet"), (5, "'bind' at 'maxcon': unknown keyword 'maxcon' in a 'bind' line; did you mean 'maxconn'?"),
                   (6, "'acl' at 'path_bag': unknown criterion 'path_bag'; did you mean 'path_beg'?"), (7, "'acl' at 'hdr_bge(host)': unknown criterion 'hdr_bge'; did you mean 'hdr_beg'?"),
                   (9, "'http-request' at 'src_conn_rate': fetch 'src_conn_rate' is one of HAProxy's that usher does not have yet: "),
                   (10, "'http-request' at 'accept': action 'accept' may not stand in http-request rules; it has its place in tcp-request connection, "),
                   (11, "'http-request' at 'lua.x': action 'lua.x' is registered by no script that was loaded before (lua-load)"),
                   (12, "'http-request' at 'prometheus-exportr': there is no service of this name; did you mean 'prometheus-exporter'?"),
                   (13, "at offset 15: fetch 'src_conn_rate' is one of HAProxy's"), (15, "'server' at '300.0.0.1:1': "),
                   (15, "'server' at 'weigth': "), (15, "'server' at 'cheek': unknown keyword 'cheek' in a 'server' line; did you mean 'check'?"), (15, "'socks4' is a HAProxy keyword that usher does not have yet"),
                   (15, "'resolvers' is a HAProxy keyword that usher does not have yet: names are looked up")]:
    assert f'[t.cfg:{line}] : ' in out and any(said in part.split('[ALERT]')[0] for part in out.split(f'[t.cfg:{line}] : ')[1:]), f'{line}: {said}\n{out}'
assert '[t.cfg:8]' not in out, out

# A page that other words set up is no service for a rule.
check('frontend f\n mode http\n bind 127.0.0.1:1\n http-request use-service stats-page\n', 1,
      "t.cfg:4.*service 'stats-page' stands behind words of its own: stats enable")

# Names and numbers that are taken or missing, each on the line and word that says it.
out = check('frontend f\n bind 127.0.0.1:1 id 5\n bind 127.0.0.1:2 id 5\n bind 300.0.0.1:80 maxconn 5\n default_backend rome\n'
            ' use_backend rooms iff TRUE\nbackend rooms\n server a 127.0.0.1:1\n server a 127.0.0.1:2\n', 1)
for line, said in [(3, "'bind' at '5': the id 5 is that of the 'bind' line at t.cfg:2"), (4, "'bind' at '300.0.0.1:80': "),
                   (6, "'use_backend' at 'iff': 'if' or 'unless' is expected, not 'iff'"), (9, "'server' at 'a': a server of this name stands at t.cfg:8")]:
    assert f'[t.cfg:{line}] : {said}' in out, f'{line}: {said}\n{out}'
check('frontend f\n bind 127.0.0.1:1\n default_backend rome\nbackend room\n', 1, r"t.cfg:3. : unable to find required default_backend: 'rome' \(did you mean 'room'")

out = check('backend b\n' + ''.join(f' server s{i} 127.0.0.1:1 id {i + 1}\n' for i in range(40)) + ' server x 127.0.0.1:1 id 7\n server s39 127.0.0.1:1\n', 1)
assert "[t.cfg:42] : server 'x' has the number 7, as server 's6' at t.cfg:8 has" in out, out
assert "[t.cfg:43] : 'server' at 's39': a server of this name stands at t.cfg:41" in out, out

# A keyword of the other side is passed over with a warning, as in HAProxy; -dW makes that count.
misplaced = 'frontend f\n bind 127.0.0.1:1\n timeout client 1s\n timeout server 1s\n'
check(misplaced, 0, r"WARNING.*t.cfg:4.*'timeout server' is passed over")
check(misplaced, 1, 'zero-warning', args=['-dW'])
check('global\n zero-warning\n' + misplaced, 1, 'zero-warning')
check('frontend f\n bind 127.0.0.1:1\n', 0, "WARNING.*no 'timeout client'")
check('backend b\n server s 127.0.0.1:1\n' + LISTENS, 0, "WARNING.*no 'timeout connect', 'timeout server'")
check('frontend f\n timeout client 1s\n' + LISTENS, 0, "WARNING.*no 'bind'")
check('listen l\n disabled\n', 2, 'nothing listens', '!WARNING')
check('defaults\n option tcplog\n log-format x\n' + LISTENS, 0, "WARNING.*t.cfg:3.*'log-format' overrides previous 'option tcplog'")
check(LISTENS + 'backend b\n option tcplog\n', 0, "WARNING.*'option tcplog' directive is ignored in backends")
check('global\n chroot /a\n chroot /b\n' + LISTENS, 0, "NOTICE.*'chroot' was given already at t.cfg:2", args=['-dW'])
