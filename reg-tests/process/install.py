# SPDX-License-Identifier: Apache-2.0
"""make install: the program, its manual page, which knows every option, its service for systemd; and the master's sign of life."""
import os
import re
import shutil
import socket
import subprocess

from _usher import PROGRAM, WAIT_S, Usher

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
HERE = os.getcwd()


def run(*words, **options):
    r = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    return r.returncode, r.stdout


status, out = run('make', '-s', '-C', ROOT, 'install-files', f'PROGRAM={PROGRAM}', 'PREFIX=/opt/usher', f'DESTDIR={HERE}/to',
                  env={k: v for k, v in os.environ.items() if k not in ('MAKEFLAGS', 'MAKELEVEL', 'MFLAGS')})
assert status == 0, out
base = 'to/opt/usher'
assert run(f'{base}/sbin/usher', '-v')[0] == 0
assert os.path.exists(f'{base}/share/doc/usher/configuration.md') and os.path.exists(f'{base}/share/doc/usher/examples/nlb.cfg')

page = open(f'{base}/share/man/man1/usher.1').read()
usage = run(PROGRAM, '-h')[1]
options = set(re.findall(r'(?:^  |  )-(\w+|-)(?=[ ,\[])', usage, re.M)) | set(re.findall(r', -(\w+) ', usage))
assert {'f', '-', 'c', 'Ws', 'sf', 'vv', 'cc', 'dK', 'dM', 'dD', 'x', 'd', 'db', 'N', 'L'} <= options, options
known = set(re.findall(r'\bFl (\w+|-)', ' '.join(re.findall(r'^\.It (.*)', page, re.M))))
assert options == known, (options - known, known - options)
if shutil.which('man'):
    said = subprocess.run(['man', '--warnings', '-E', 'UTF-8', '-l', f'{base}/share/man/man1/usher.1'], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert said.returncode == 0 and said.stderr == '' and 'health answers turn to no' in re.sub(r'\s+', ' ', said.stdout), said
if shutil.which('mandoc'):
    status, out = run('mandoc', '-Tlint', '-Wwarning', f'{base}/share/man/man1/usher.1')
    assert status == 0, out

unit = f'{base}/lib/systemd/system/usher.service'
text = open(unit).read()
assert 'ExecStart=/opt/usher/sbin/usher -Ws ' in text and '@' not in re.sub(r'@(system-service|privileged|resources)\b', '', text)
if shutil.which('systemd-analyze'):
    with open('usher.service', 'w') as f: # where the program is now
        f.write(text.replace('/opt/usher', f'{HERE}/{base}'))
    status, out = run('systemd-analyze', 'verify', '--man=no', './usher.service')
    assert status == 0 and 'usher.service' not in out, out
    # Green is below 5; what can be had without shutting the ports out is below 2.
    status, out = run('systemd-analyze', 'security', '--offline=true', '--threshold=20', './usher.service')
    assert status == 0, out

notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind('notify.sock')
notify.settimeout(WAIT_S)
CONFIG = '''
listen l
    bind "fd@${fe}"
    timeout client 10s
    tcp-request content use-service whoami
'''
with Usher(CONFIG, ['fe'], args=['-Ws'], env={'NOTIFY_SOCKET': os.path.abspath('notify.sock'), 'WATCHDOG_USEC': '20000'}):
    said = b''
    while said.count(b'WATCHDOG=1') < 3 or b'READY=1' not in said:
        said += notify.recv(4096)
