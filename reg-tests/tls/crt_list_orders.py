#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""show ssl crt-list, add ssl crt-list, del ssl crt-list: lists and directories change for all bind lines that name them, or for none; what
is refused changes nothing; a certificate that was added is replaced like any other, and goes when no list has it."""
import os
from _client import V12, V13, ask, context, shake
from _authority import Authority, read
from _usher import PROGRAM, Usher, WAIT_S, ask_cli

IS_HAPROXY = 'haproxy' in os.path.basename(PROGRAM)
a = Authority()
made = {n: a.server(n + '.example') for n in ('one', 'two', 'three', 'four', 'five')}
for n, certificate in made.items():
    with open(n + '.pem', 'w') as f:
        f.write(read(certificate.pem))
os.makedirs('dir')
for n in 'four', 'five':
    os.rename(n + '.pem', f'dir/{n}.pem')
for path, text in (('list', '# first\none.pem\n\ntwo.pem [verify none   ssl-min-ver TLSv1.2] a.two.example  !b.two.example\ntwo.pem c.two.example\n'),
                   ('other', 'one.pem !*\n')):
    with open(path, 'w') as f:
        f.write(text)
CONFIG = f'''
global
    log stderr local0 info
    nbthread 2
    stats socket "fd@${{cli}}" level admin
    stats socket "fd@${{operator}}" level operator
    stats socket "fd@${{user}}" level user
defaults
    mode http
    timeout client {WAIT_S}s
frontend web
    bind fd@${{web}} ssl crt-list list
    bind fd@${{both}} ssl crt-list other crt-list list
    bind fd@${{dir}} ssl crt dir
    bind fd@${{old}} ssl crt-list other ssl-max-ver TLSv1.2 curves P-256
    http-request return status 200 content-type text/plain string ok
'''
clients = {v: context(a.root, least=v, most=v) for v in (V12, V13)}


def cli(command, socket='cli'):
    return ask_cli(usher.address(socket), command).strip('\n')


def payload(path):
    return '<<\n' + ''.join(line + '\n' for line in read(path).split('\n') if line)


def who(where, name, version=V13):
    s = shake(usher, where, name, clients[version])
    if isinstance(s, str):
        return s
    with s:
        assert ask(s)[0] == b'HTTP/1.1 200 OK'
        return dict(x[0] for x in s.getpeercert()['subject'])['commonName'].partition('.')[0]


def lines(path):
    return cli('show ssl crt-list -n ' + path).split('\n')[1:]


FIRST = ['one.pem:2', 'two.pem:4 [verify none ssl-min-ver TLSv1.2] a.two.example !b.two.example', 'two.pem:5 c.two.example']
with Usher(CONFIG, sockets=['cli', 'operator', 'user', 'web', 'both', 'dir', 'old']) as usher:
    assert cli('show ssl crt-list', 'operator') == 'dir\nlist\nother'
    assert cli('show ssl crt-list', 'user') == cli('add ssl crt-list list one.pem', 'operator') == 'Permission denied'
    assert cli('show ssl crt-list list').split('\n') == ['# list', *(line.replace(':2', '').replace(':4', '').replace(':5', '') for line in FIRST)]
    assert lines('list') == FIRST and lines('dir') == ['dir/five.pem:0', 'dir/four.pem:0']
    assert cli('show ssl crt-list -n') and "didn't find" in cli('show ssl crt-list nobody')

    # A certificate has to be there.
    for command, why in (('list three.pem', "certificate 'three.pem' does not exist!"), ('nobody one.pem', "crt-list 'nobody' does not exist!"),
                         ('list', 'expects a filename and a certificate name'), ('', 'expects a filename and a certificate name')):
        assert why in cli('add ssl crt-list ' + command), command
    cli('new ssl cert three.pem')
    assert "certificate 'three.pem' is empty!" in cli('add ssl crt-list list three.pem')
    cli('set ssl cert three.pem ' + payload('three.pem'))
    assert 'Success!' in cli('commit ssl cert three.pem') and 'Status: Unused' in cli('show ssl cert three.pem')
    assert who('web', 'three.example') == who('both', 'three.example') == 'one'

    # What is refused changes nothing.
    for line, why in (('three.pem [nonsense]', 'nonsense'), ('three.pem [alpn', "without ']'"), ('three.pem [ciphers none-such]', 'none-such'),
                      ('three.pem [verify required]', 'ca-file'), ('three.pem x.example\nthree.pem y.example', 'only one line')):
        if not IS_HAPROXY:
            said = cli(f'add ssl crt-list list <<\n{line}\n')
            assert why in said and "Can't edit the crt-list" in said, (line, said)
    # One of the two bind lines speaks no TLS 1.3: it could not present it, and so nobody does.
    if not IS_HAPROXY:
        said = cli('add ssl crt-list other <<\nthree.pem [ssl-min-ver TLSv1.3] three.example\n')
        assert 'these versions of TLS leave none' in said, said
        assert lines('other') == ['one.pem:1 !*'] and who('both', 'three.example') == who('old', 'three.example', V12) == 'one'
    assert lines('list') == FIRST and 'Status: Unused' in cli('show ssl cert three.pem')

    # From now on everybody presents it, behind those of its list.
    assert cli('add ssl crt-list list three.pem') == "Inserting certificate 'three.pem' in crt-list 'list'..\nSuccess!"
    assert who('web', 'three.example') == who('both', 'three.example') == 'three' and who('dir', 'three.example') == 'five'
    assert lines('list') == [*FIRST, 'three.pem:6'] and 'Status: Used' in cli('show ssl cert three.pem')
    assert 'Success!' in cli('add ssl crt-list list <<\nthree.pem  [ssl-min-ver TLSv1.3]  t.example *.t.example  !u.t.example\n')
    assert lines('list')[-1] == 'three.pem:7 [ssl-min-ver TLSv1.3] t.example *.t.example !u.t.example'
    assert who('web', 't.example') == who('both', 'v.t.example') == 'three' and who('web', 'u.t.example') == 'one'
    assert 'protocol' in who('web', 't.example', V12).lower() and who('web', 'three.example', V12) == 'three'

    # It is replaced like any other.
    cli('set ssl cert three.pem ' + payload(made['four'].pem))
    assert 'Success!' in cli('commit ssl cert three.pem')
    assert who('web', 'four.example') == 'four' and who('both', 't.example') == 'four' and who('web', 'three.example') == 'one'

    # Out again.
    for command, why in (('list three.pem', 'in several entries, please specify a line number preceded by colons (6, 7)!'),
                         ('list three.pem:9', 'the line number is incorrect'), ('list three.pem:x', 'wrong line number after colons'),
                         ('list nobody', "certificate 'nobody' does not exist!"), ('nobody one.pem', "crt-list 'nobody' does not exist!"),
                         ('list one.pem', 'is used as default certificate'), ('dir dir/five.pem', 'is used as default certificate'),
                         ('list', 'expects a filename and a certificate name'), ('list dir/five.pem', "Can't delete the entry")):
        assert why in cli('del ssl crt-list ' + command), command
    assert cli('del ssl crt-list list two.pem:4') == "Entry 'two.pem' deleted in crtlist 'list'!"
    assert who('web', 'a.two.example') == who('both', 'a.two.example') == 'one' and who('web', 'c.two.example') == 'two'
    assert 'in use' in cli('del ssl cert three.pem')
    for number in 6, 7:
        cli(f'del ssl crt-list list three.pem:{number}')
    assert who('both', 't.example') == 'one' and cli('del ssl cert three.pem') == "Certificate 'three.pem' deleted!"
    assert lines('list') == [FIRST[0], FIRST[2]]

    # Directories.
    assert "is a directory" in cli('add ssl crt-list dir one.pem')
    assert 'deleted' in cli('del ssl crt-list dir dir/four.pem') and who('dir', 'four.example') == 'five'
    assert 'Success!' in cli('add ssl crt-list dir dir/four.pem') and who('dir', 'four.example') == 'four'
    # Connections and sessions of one that went go on to their end.
    s = shake(usher, 'dir', 'four.example', clients[V13])
    assert ask(s)[0] == b'HTTP/1.1 200 OK'
    cli('del ssl crt-list dir dir/four.pem')
    assert ask(s)[0] == b'HTTP/1.1 200 OK'
    s.close()
    assert who('dir', 'four.example') == 'five'
