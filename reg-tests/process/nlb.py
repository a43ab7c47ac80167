# SPDX-License-Identifier: Apache-2.0
"""examples/nlb-kubernetes.yaml fits examples/nlb.cfg: ports, paths and times agree, and its preStop command makes a master
and its worker drain and end."""
import os
import re
import subprocess

from _usher import WAIT_S, Usher

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'examples')
config = open(os.path.join(EXAMPLES, 'nlb.cfg')).read()
yaml = open(os.path.join(EXAMPLES, 'nlb-kubernetes.yaml')).read()
SECONDS = {'s': 1, 'm': 60}


def time_of(keyword):
    number, unit = re.search(rf'^\s+{keyword} +(\d+)([sm])\b', config, re.M).groups()
    return int(number) * SECONDS[unit]


def number_of(key):
    return int(re.search(rf'{key}[:=] *"?(\d+)', yaml)[1])


for keyword in ('timeout client', 'timeout http-keep-alive', 'clitcpka-idle'):
    assert time_of(keyword) < 350, keyword
assert time_of('clitcpka-idle') <= 120
assert number_of('healthcheck-interval') * (number_of('unhealthy-threshold') + 1) < time_of('drain-announce')
grace = number_of('terminationGracePeriodSeconds')
assert time_of('drain-announce') + time_of('hard-stop-after') < grace <= number_of('deregistration_delay.timeout_seconds')
for port in set(re.findall(r'(?:[pP]ort|healthcheck-port): "?(80\d\d)', yaml)):
    assert f'bind :{port} ' in config, port
for path in set(re.findall(r'path: (/(?:health|alive))', yaml)):
    assert re.search(rf'(monitor-uri|path) {path}\b', config), path
assert 'proxy_protocol_v2.enabled=true,preserve_client_ip.enabled=false' in yaml

for old, new in (('bind :8080', 'bind "fd@${nlb}"'), ('bind :8081', 'bind "fd@${checks}"'), ('/run/usher.sock', 'unix@usher.sock'),
                 ('optional 10.0.0.0/16', 'optional 127.0.0.1'),
                 ('drain-announce 30s', 'drain-announce 10ms'), ('close-spread-time 20s', 'close-spread-time 10ms')):
    assert old in config, old
    config = config.replace(old, new)
before_stop = re.search(r'command: \["/bin/sh", "-c", "(kill .*?);', yaml)[1]
with Usher(config, sockets=['nlb', 'checks'], args=['-W']) as usher:
    with usher.connect('checks') as s: # it accepts, so the master has its worker
        s.sendall(b'GET /alive HTTP/1.0\r\n\r\n')
        assert s.recv(4096).startswith(b'HTTP/1.1 200')
    while 'Loading success' not in usher.log():
        pass
    subprocess.run(['/bin/sh', '-c', before_stop.replace(' 1', f' {usher.process.pid}')], check=True)
    assert usher.process.wait(WAIT_S) == 0
