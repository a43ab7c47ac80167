# SPDX-License-Identifier: Apache-2.0
"""tcp-request and tcp-response rules: when each set runs, verdicts, inspect delays, variables that pass between them."""
# tsan
from _usher import Origin, Usher, read_all

hello = Origin(lambda s: s.sendall(b'hello'))
config = f'''
defaults
    mode tcp
    timeout connect 10s
    timeout client 20s
    timeout server 20s
frontend connection
    bind "fd@${{connection}}"
    tcp-request connection accept if {{ always_false }}
    tcp-request connection reject if {{ src 127.0.0.0/8 }} {{ src_port gt 0 }}
    default_backend hello
frontend session
    bind "fd@${{session}}"
    tcp-request connection set-var(sess.n) int(1)
    tcp-request session set-var(sess.n) var(sess.n),add(1)
    tcp-request session reject if {{ var(sess.n) -m int 2 }}
    default_backend hello
frontend content
    bind "fd@${{content}}"
    tcp-request content accept if {{ src 192.0.2.1 }}
    tcp-request content reject unless {{ src 192.0.2.1 }}
    default_backend hello
frontend first_ends
    bind "fd@${{first_ends}}"
    tcp-request content accept
    tcp-request content reject
    default_backend hello
frontend delay
    bind "fd@${{delay}}"
    tcp-request inspect-delay 100ms
    tcp-request content set-var(txn.at_end) bool(true) if {{ wait_end }}
    tcp-request content accept if {{ var(txn.at_end) -m bool }}
    tcp-request content reject
    default_backend hello
frontend backends_rules
    bind "fd@${{backends_rules}}"
    tcp-request content set-var(txn.mark) str(from-frontend)
    default_backend ruled
backend ruled
    tcp-request content reject if {{ var(txn.mark) -m str from-frontend }}
    server s 127.0.0.1:{hello.port}
frontend response
    bind "fd@${{response}}"
    default_backend response
backend response
    tcp-response inspect-delay 10s
    tcp-response content accept if {{ always_false }}
    tcp-response content reject if {{ always_true }}
    server s 127.0.0.1:{hello.port}
frontend response_ok
    bind "fd@${{response_ok}}"
    default_backend response_ok
backend response_ok
    tcp-response content accept
    tcp-response content close
    server s 127.0.0.1:{hello.port}
backend hello
    server s 127.0.0.1:{hello.port}
frontend unset
    bind "fd@${{unset}}"
    tcp-request content set-var-fmt(txn.x) "%[str(a)]b"
    tcp-request content reject unless {{ var(txn.x) -m str ab }}
    tcp-request content unset-var(txn.x)
    tcp-request content reject if {{ var(txn.x) -m found }}
    default_backend hello
'''
names = ['connection', 'session', 'content', 'first_ends', 'delay', 'backends_rules', 'response', 'response_ok', 'unset']

with Usher(config, sockets=names) as usher:
    def ask(name):
        with usher.connect(name) as c:
            try:
                return read_all(c)
            except ConnectionResetError:
                return b''

    want = {'first_ends': b'hello', 'delay': b'hello', 'response_ok': b'hello', 'unset': b'hello'}
    for name in names:
        got = ask(name)
        assert got == want.get(name, b''), f'{name}: {got}'
