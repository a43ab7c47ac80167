# SPDX-License-Identifier: Apache-2.0
"""default-path: where the relative paths of configuration files begin, for patterns and error pages; file by file, with
the directory of the start restored behind each. Beside HAProxy where it is installed."""
import os
import shutil
import subprocess

HAPROXY = shutil.which('haproxy')
PAGE = 'HTTP/1.1 503 Closed\r\nContent-Length: 0\r\n\r\n'
for name in ('here.lst', 'etc/conf.lst', 'other/origin.lst'):
    os.makedirs(os.path.dirname(name) or '.', exist_ok=True)
    with open(name, 'w') as f:
        f.write('192.0.2.1\n')
with open('etc/503.http', 'w') as f:
    f.write(PAGE)


def frontend(port, lists, more=''):
    return (f'frontend f{port}\n mode http\n timeout client 1s\n bind 127.0.0.1:{port}\n{more}' +
            ''.join(f' acl a{i} src -f {name}\n' for i, name in enumerate(lists)))


def check(program, files, good, *said):
    names = []
    for name, text in files:
        with open(name, 'w') as f:
            f.write(text)
        names += ['-f', name]
    p = subprocess.run([program, '-c', *names], capture_output=True, text=True)
    assert (p.returncode == 0) == good, (program, files, p.stderr)
    for text in said:
        assert text in p.stderr, (text, p.stderr)


def both(files, good):
    for program in [os.environ['HAPROXY_PROGRAM']] + ([HAPROXY] if HAPROXY else []):
        check(program, files, good)


both([('a.cfg', frontend(1, ['here.lst']))], True)
both([('etc/a.cfg', 'global\n default-path config\n' + frontend(1, ['conf.lst'], ' errorfile 503 503.http\n'))], True)
both([('etc/a.cfg', 'global\n default-path config\n' + frontend(1, ['here.lst']))], False)
both([('a.cfg', 'global\n default-path config\n' + frontend(1, ['here.lst']))], True)
both([('etc/a.cfg', 'global\n default-path parent\n' + frontend(1, ['here.lst', 'other/origin.lst']))], True)
both([('etc/a.cfg', 'global\n default-path origin other\n' + frontend(1, ['origin.lst']))], True)
both([('etc/a.cfg', 'global\n default-path origin other\n default-path current\n' + frontend(1, ['here.lst']))], True)
# The policy goes on with the files behind, each from its own place; files are named from where the process was started.
both([('etc/a.cfg', 'global\n default-path config\n' + frontend(1, ['conf.lst'])), ('b.cfg', frontend(2, ['here.lst']))], True)
both([('etc/a.cfg', 'global\n default-path config\n' + frontend(1, ['conf.lst'])), ('b.cfg', frontend(2, [], ' errorfile 503 503.http\n'))], False)
both([('etc/a.cfg', 'global\n default-path origin nowhere\n' + frontend(1, []))], False)
check(os.environ['HAPROXY_PROGRAM'], [('a.cfg', 'global\n default-path origin\n default-path elsewhere\n default-path origin nowhere\n')], False,
      "[a.cfg:2] : 'default-path' at 'origin': expected a directory, but the line ends",
      "[a.cfg:3] : 'default-path' at 'elsewhere': expected 'current', 'config', 'parent' or 'origin'",
      "[a.cfg:4] : 'default-path' at 'nowhere': cannot enter that directory: No such file or directory")
