# SPDX-License-Identifier: Apache-2.0
"""Large maps: a dump that goes on while entries come and go, a payload of thousands of lines, a version that is filled and
committed, and requests that change the map and ask it meanwhile. Faults of files name their lines. A new process knows what
the file says, and nothing else."""
# tsan
import os
import re
import socket
import subprocess
import threading

from _usher import PROGRAM, WAIT_S, Usher, ask_cli, read_all, read_head

LINES = 30000
with open('big.map', 'w') as f:
    for i in range(LINES):
        f.write(f'key{i} value{i}\n')

CONFIG = '''
global
    nbthread 3
    stats socket "fd@${cli}" level admin
    stats timeout 30s
defaults
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 5s
frontend fe
    bind "fd@${fe}"
    http-request set-map(big.map) %[req.hdr(k)] %[req.hdr(v)] if { req.hdr(v) -m found }
    http-request return status 200 hdr v %[req.hdr(k),map(big.map,none)] hdr head %[req.hdr(k),map_beg(big.map,none)]
'''


def entries(text):
    return [tuple(line.split(' ', 2)) for line in text.splitlines() if line]


class Asker:
    """A client that keeps its connection and asks for keys."""

    def __init__(self, usher):
        self.socket = usher.connect('fe')
        self.file = self.socket.makefile('rb')

    def ask(self, key, value=None):
        extra = '' if value is None else f'v: {value}\r\n'
        self.socket.sendall(f'GET / HTTP/1.1\r\nhost: x\r\nk: {key}\r\n{extra}\r\n'.encode())
        head = read_head(self.file)
        assert head and head.startswith(b'HTTP/1.1 200'), head
        return re.search(rb'\r\nv: (.*?)\r\n', head).group(1).decode(), re.search(rb'\r\nhead: (.*?)\r\n', head).group(1).decode()


with Usher(CONFIG, sockets=['fe', 'cli']) as usher:
    cli = usher.address('cli')
    client = Asker(usher)
    assert client.ask('key29999') == ('value29999', 'value29999')
    assert client.ask('key29999x') == ('none', 'value29999')

    # Whole and in order, however often the reader pauses; what is added and removed meanwhile does no harm.
    with usher.connect('cli') as slow:
        slow.sendall(b'show map big.map\n')
        begun = slow.recv(20000)
        assert client.ask('during', 'the dump') == ('the dump', 'the dump')
        # Whether the dump has come as far as these is the kernel's business.
        assert ask_cli(cli, 'del map big.map key29998') == '\n'
        assert ask_cli(cli, 'set map big.map key29997 changed') == '\n'
        whole = entries((begun + read_all(slow)).decode())
    assert [e[1] for e in whole if e[1] not in ('key29998', 'during')] == [f'key{i}' for i in range(LINES) if i != 29998]
    whole = entries(ask_cli(cli, 'show map big.map'))
    assert [e[1] for e in whole] == [f'key{i}' for i in range(LINES) if i != 29998] + ['during']
    assert whole[29997][2] == 'changed'
    assert len({e[0] for e in whole}) == LINES
    assert re.fullmatch('0x[0-9a-f]{12}', whole[0][0])

    # By reference.
    assert ask_cli(cli, f'set map big.map #{whole[7][0]} seven', f'del map big.map #{whole[8][0]}') == '\n\n'
    assert client.ask('key7')[0] == 'seven' and client.ask('key8')[0] == 'none'
    assert 'Key not found.' in ask_cli(cli, f'del map big.map #{whole[8][0]}')

    # Another version, filled by payloads; until it is committed nobody sees it.
    assert ask_cli(cli, 'prepare map big.map') == 'New version created: 1\n\n'
    for part in range(3):
        with usher.connect('cli') as s:
            s.sendall(b'add map @1 big.map <<\n' + b''.join(b'key%d version one of %d\n' % (i, i)
                                                             for i in range(part, LINES, 3)) + b'\n')
            assert read_all(s) == b'\n'
    assert client.ask('key5')[0] == 'value5'
    count = ask_cli(cli, 'show map')
    assert f'curr_ver=0 next_ver=1 entry_cnt={2 * LINES - 1}\n' in count, count
    assert ask_cli(cli, 'commit map @1 big.map') == '\n'
    assert client.ask('key5')[0] == 'version one of 5' and client.ask('during')[0] == 'none'
    assert f'curr_ver=1 next_ver=1 entry_cnt={LINES}\n' in ask_cli(cli, 'show map')

    # The first line that cannot be added ends a payload.
    with usher.connect('cli') as s:
        s.sendall(b'add map big.map <<\nfirst 1\nsecond\nthird 3\n\n')
        assert read_all(s) == b"Missing value for key 'second'.\n\n"
    assert client.ask('first')[0] == '1' and client.ask('third')[0] == 'none'

    # Three clients change the map and look at it while operators clear and fill it.
    stop = threading.Event()
    wrong = []

    def work(number):
        own = Asker(usher)
        i = 0
        while not stop.is_set():
            i += 1
            key = f'w{number}-{i % 50}'
            value, _ = own.ask(key, f'{key}={i}') if i % 2 else own.ask(key)
            if value != 'none' and not value.startswith(key + '='):
                wrong.append((key, value))
        own.socket.close()

    workers = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    for w in workers:
        w.start()
    for i in range(40):
        assert ask_cli(cli, f'add map big.map o{i} {i}') == '\n'
        assert ask_cli(cli, f'get map big.map o{i}').startswith('type=str, case=sensitive, found=yes')
        ask_cli(cli, f'del map big.map w1-{i}')
        if i % 10 == 9:
            assert ask_cli(cli, 'clear map big.map') == '\n'
        assert entries(ask_cli(cli, 'show map big.map')) is not None
    stop.set()
    for w in workers:
        w.join()
    assert not wrong, wrong[:5]

with Usher(CONFIG, sockets=['fe', 'cli']) as usher:
    assert Asker(usher).ask('key5')[0] == 'value5'

# Through a master: the payload goes along, and it may be larger than what a socket takes at once.
with Usher(CONFIG, sockets=['fe', 'cli'], args=['-W', '-S', 'unix@m.sock']) as usher:
    client = Asker(usher)
    assert client.ask('key5')[0] == 'value5'
    big = ''.join(f'm{i} {"x" * 60}{i}\n' for i in range(12000))
    assert ask_cli('m.sock', '@1 add map big.map <<\n' + big) == '\n'
    assert client.ask('m11999')[0] == 'x' * 60 + '11999'
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(WAIT_S)
        s.connect('m.sock')
        s.sendall(b'prompt\n@1 add map big.map <<END\na 1\nb\n\nc 3\nEND\nquit\n')
        assert read_all(s).decode().endswith("Missing value for key 'b'.\n\nmaster> ")
    assert client.ask('a')[0] == '1' and client.ask('c')[0] == 'none'

# ---- faults ----
for name, text in [('nets.map', '10.0.0.0/8 1\nten 2\n10.0.0.0/33 3\n'), ('numbers.map', 'a 1\nb two\n'),
                   ('nets.lst', '10.0.0.1\n\n# c\nx\n'), ('regs.lst', 'a(\n')]:
    open(name, 'w').write(text)
FAULTS = [
    ('http-request set-header x %[src,map_ip(nets.map)]', "file 'nets.map' line 2: 'ten': an address or network is expected (host names are not resolved) (so are lines 3)"),
    ('http-request set-header x %[path,map_str_int(numbers.map)]', "file 'numbers.map' line 2: 'two' is no integer"),
    ('http-request set-header x %[path,map_str_ip(numbers.map,1.2.3.4)]', "file 'numbers.map' line 1: '1' is no address"),
    ('http-request set-header x %[path,map(missing.map)]', "cannot read patterns from 'missing.map': No such file"),
    ('http-request set-header x %[path,map(virt@any)]', "lists without a file are newer HAProxy's"),
    ('acl a src -f nets.lst', "file 'nets.lst' line 4: 'x': an address or network"),
    ('acl a path -m reg -f regs.lst', "file 'regs.lst' line 1: 'a(': regular expression"),
    ('acl a path -f numbers.map -M -f numbers.map', "can only be read in one way"),
    ('acl a path -u 5 x\n acl b path -u 5 y', "another ACL has the number 5"),
    ('acl a path -f nets.lst -m beg', "-m must stand before the first file"),
    ('http-request set-map(nobody.map) a b', "no ACL and no map is loaded from file 'nobody.map'"),
    ('http-request del-acl(nobody.lst) a', "no ACL and no map is loaded from file 'nobody.lst'"),
    ('http-request add-acl() a', "the name of a file is missing between the parentheses"),
    ('http-request set-map(numbers.map) a', "expected a value"),
    ('http-after-response add-acl(numbers.map) a', "may not stand in"),
    ('tcp-request content set-map(numbers.map) a b', "may not stand in"),
]
for line, said in FAULTS:
    with open('bad.cfg', 'w') as f:
        f.write(f'defaults\n mode http\n timeout client 1s\n timeout connect 1s\n timeout server 1s\nfrontend f\n bind 127.0.0.1:1\n {line}\n')
    run = subprocess.run([PROGRAM, '-c', '-f', 'bad.cfg'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, env=dict(os.environ))
    assert run.returncode == 1 and said in run.stdout and '[bad.cfg:' in run.stdout, f'{line}\n{run.stdout}'
