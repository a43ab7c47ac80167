# SPDX-License-Identifier: Apache-2.0
"""What configurations about the PROXY protocol are refused for, with line and word; and what -dD alone says."""
import os
import subprocess

PROGRAM = os.environ['HAPROXY_PROGRAM']


def check(text, *args):
    with open('c.cfg', 'w') as f:
        f.write(text)
    run = subprocess.run([PROGRAM, *args, '-c', '-f', 'c.cfg'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, timeout=20)
    return run.returncode, run.stdout


PROXY = 'defaults\n mode tcp\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n'
with open('bad.lst', 'w') as f:
    f.write('10.0.0.0/8\n10.0.0.0/99\nlb.example.org # a name\n')

FAULTS = {
    # text behind the defaults: what must be said
    'listen a\n bind :0 accept-proxy proxy-policy optional\n': '[c.cfg:7]',
    'proxy-policy edge\n require all\nlisten a\n bind 127.0.0.1:1 proxy-policy edgy\n': "no proxy-policy 'edgy' (did you mean 'edge'?)",
    'listen a\n bind 127.0.0.1:1 proxy-policy optional\n tcp-request connection expect-proxy layer4\n': 'contradict',
    'listen a\n bind 127.0.0.1:1\n tcp-request connection expect-proxy layer5\n': "expected 'layer4'",
    'listen a\n bind 127.0.0.1:1\n tcp-request connection expect-netscaler-cip layer4\n': "'expect-netscaler-cip' is one of HAProxy's",
    'listen a\n bind 127.0.0.1:1\n tcp-request content expect-proxy layer4\n': "'expect-proxy' may not stand in tcp-request content rules; it has its place in tcp-request connection",
    'listen a\n bind 127.0.0.1:1 accept-netscaler-cip 1\n': "'accept-netscaler-cip' is a HAProxy keyword",
    'proxy-policy optional\n require all\n': 'built in',
    'proxy-policy a\n require all\nproxy-policy a\n require all\n': 'stands at c.cfg:6 already',
    'proxy-policy a\n require\n': 'expected an address, a network',
    'proxy-policy a\n require lb.example.org\n': 'DNS names as prefixes are not here yet',
    'proxy-policy a\n require 10.0.0.1/33\n': "'10.0.0.1/33' is not an address or network",
    'proxy-policy a\n require -f none.lst\n': "cannot read 'none.lst'",
    'proxy-policy a\n require -f bad.lst\n': "bad.lst:2: '10.0.0.0/99'",
    'proxy-policy a\n require -f bad.lst 10.0.0.1\n': 'bad.lst:3: ',
    'proxy-policy a\n requires all\n': "did you mean 'require'?",
    'proxy-policy a\n version v3\n': "expected 'v1', 'v2' or 'any'",
    'proxy-policy a\n header-timeout 0\n': 'header-timeout',
    'proxy-policy a\n max-header 70000\n': 'max-header',
    'proxy-policy a\n depth 5 trust all\n': 'depth',
    'proxy-policy a\n depth 3 trust all\n': "'depth 3' needs a 'depth 2 trust' before it",
    'proxy-policy a\n depth 2 all\n': "expected 'trust'",
    'proxy-policy a\n depth 2 trust all\n depth 2 trust all\n': 'level 2 stands at line 7 already',
    'backend a\n server s 127.0.0.1:1 send-proxy-v2 proxy-v2-options ssl,cert-sn\n': "unknown option 'cert-sn'; expected 'ssl', 'cert-cn'",
    'backend a\n server s 127.0.0.1:1 send-proxy-v2 proxy-v2-options crc32\n': "unknown option 'crc32'",
    'backend a\n server s 127.0.0.1:1 proxy-v2-pass 0xEA,300\n': "'300' is no TLV type",
    'backend a\n server s 127.0.0.1:1 proxy-v2-drop NAME\n': "'NAME' is no TLV type",
    'backend a\n server s 127.0.0.1:1 set-proxy-v2-tlv-fmt(256) x\n': "'256' is no TLV type",
    'backend a\n server s 127.0.0.1:1 set-proxy-v2-tlv-fmt(CRC32C) x\n': 'its value cannot be given',
    'backend a\n server s 127.0.0.1:1 set-proxy-v2-tlv-fmt(0xE1) %[nothing]\n': "unknown fetch 'nothing'",
    'backend a\n server s 127.0.0.1:1 add-proxy-v2-tlv-fmt(0xE1)\n': 'expected a format',
    'frontend a\n bind 127.0.0.1:1\n tcp-request content reject if { fc_pp_tlv(300) -m found }\n': "'300' is no TLV type",
    'frontend a\n bind 127.0.0.1:1\n tcp-request content reject if { fc_pp_tlv(1,0) -m found }\n': 'from 1',
}
for text, said in FAULTS.items():
    status, out = check(PROXY + text)
    assert status == 1 and said in out, (text, said, out)

# The example of the documentation, and every word where it may stand.
WHOLE = PROXY + '''proxy-policy edge
    require  10.0.0.0/16 2001:db8::/32
    raw      10.244.0.0/16 unix
    optional 192.168.7.0/24
    ignore   172.16.0.0/12
    reject   all
    version  v2
    header-timeout 5s
    max-header 4096
    depth 2 trust 10.0.0.0/16
    no shadow
    shadow
    health-reply
listen a
    bind 127.0.0.1:1 proxy-policy edge
    default-server send-proxy-v2 proxy-v2-options crc32c,authority,unique-id proxy-v2-pass all
    server s 127.0.0.1:1 no-send-proxy-v2 send-proxy proxy-v2-drop 0xEA,AWS,2 check check-send-proxy port 2
'''
status, out = check(WHOLE, '-dW')
assert status == 0, out

# Headers from everybody on a public address: said at diagnostic level alone, so that -dW never stops such a start.
for address, public in (('203.0.113.1', True), ('', True), ('10.1.2.3', False), ('127.0.0.1', False), ('[fd00::1]', False)):
    text = PROXY + f'listen a\n bind {address}:1 proxy-policy optional\n server s 127.0.0.1:1\n'
    status, out = check(text, '-dW')
    assert status == 0 and 'anybody' not in out, out
    status, out = check(text, '-dD')
    assert ('takes a PROXY header from everybody' in out) == public, (address, out)

# What goes wrong behind an NLB is said at this level too, once, and not where it is right.
NLB = """global
    drain-announce 30s
defaults
    mode http
    timeout connect 1s
    timeout client 400s
    timeout server 1s
    timeout http-keep-alive 500s
    timeout tunnel 1h
proxy-policy nlb
    require 10.0.0.0/16
    health-reply
frontend door
    bind :1 proxy-policy nlb
    default_backend b
frontend health
    bind :2
    monitor-uri /health
backend b
    server s 127.0.0.1:1
"""
COMPLAINTS = {
    "'timeout client' of 400 s": ('timeout client 400s', 'timeout client 300s'),
    "'timeout http-keep-alive' of 500 s": ('alive 500s', 'alive 350s'),
    "'timeout tunnel' of 3600 s": ('timeout tunnel 1h', 'option clitcpka\n    clitcpka-idle 60s'),
    "'monitor-uri' on a port without PROXY headers": ('bind :2', 'bind :2 proxy-policy nlb'),
    "believes whoever reaches": ('', ''),
    "'drain-announce' is not set": ('', ''),
}
status, out = check(NLB, '-dW')
assert status == 0 and 'DIAG' not in out and 'WARN' not in out, out
status, out = check(NLB, '-dD')
for said, (wrong, right) in COMPLAINTS.items():
    assert out.count(said) == (wrong != ''), (said, out)
    if wrong:
        changed = check(NLB.replace(wrong, right), '-dD')[1]
        assert said not in changed, (said, changed)
assert out.count('DIAG') == 4, out
_, out = check(NLB.replace('bind :1 proxy-policy nlb', 'bind :1 accept-proxy'), '-dD')
assert out.count("believes whoever reaches") == 1, out
_, out = check(NLB.replace('drain-announce 30s', ''), '-dD')
assert out.count("'drain-announce' is not set") == 1, out
_, out = check(NLB.replace('bind :1 proxy', 'bind 127.0.0.1:1 proxy'), '-dD')
assert 'DIAG' not in out, out
