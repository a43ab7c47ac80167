#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""testssl.sh (Debian package testssl.sh) looks at usher with its defaults, once with an RSA and once with an ECDSA key: nothing it
finds may be worse than LOW. Some four minutes; not a part of `make check`.

    contrib/interop/testssl.py [--haproxy] [rsa] [ecdsa]        USHER=./usher; --haproxy looks at haproxy instead
"""
import json, os, shutil, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "reg-tests", "process")]
from run import COMMON, TMP, USHER, at, free_port, running, write  # noqa: E402
from _authority import Authority  # noqa: E402

HOST, KEYS = "127.0.0.1", {"rsa": "rsa", "ecdsa": "ec"}
FINE = "OK", "INFO", "LOW", "DEBUG"
# What is said of the certificate for this test (its authority has no page where it lists what it revoked), and of testssl's own openssl.
NOT_OURS = "cert_revocation", "cert_chain_of_trust", "engine_problem"


def look(program, kind):
    port, found = free_port(HOST), os.path.join(TMP, kind + ".json")
    site = Authority(os.path.join(TMP, kind)).server("localhost", HOST, key=KEYS[kind], days=(-1, 80))
    text = COMMON.replace("mode tcp", "mode http") + (
        "frontend f\n    bind %s ssl crt %s\n    "
        "    http-request return status 200 content-type text/plain string ok hdr strict-transport-security max-age=31536000"
        " hdr x-frame-options DENY hdr x-content-type-options nosniff\n" % (at(HOST, port), site.pem))
    with running([program, "-db", "-f", write(kind + ".cfg", text)], HOST, port) as p:
        subprocess.run(["testssl", "--quiet", "--color", "0", "--warnings", "off", "--ip", "one", "--openssl", shutil.which("openssl"),
                        "--jsonfile", found, "https://localhost:%d" % port], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        assert p.poll() is None, "it ended"
    rows = [r for r in json.load(open(found)) if r["id"] not in NOT_OURS]
    assert any(r["id"] == "TLS1_3" and "offered" in r["finding"] for r in rows), "testssl found no TLS: %s" % rows
    return [r for r in rows if r["severity"] not in FINE], [r for r in rows if r["severity"] == "LOW"]


def main():
    wanted = [w for w in sys.argv[1:] if not w.startswith("-")] or list(KEYS)
    if not shutil.which("testssl"):
        print("skipped  testssl is not installed (package testssl.sh)\ntestssl: 0 passed, 0 failed, %d skipped" % len(wanted))
        return 0
    failed = 0
    for kind in wanted:
        worse, low = look("haproxy" if "--haproxy" in sys.argv else USHER, kind)
        failed += bool(worse)
        print("%s  with a key of %s" % ("failed " if worse else "passed ", kind))
        for r in worse + low:
            print("    %-8s %s: %s" % (r["severity"], r["id"], r["finding"]))
        sys.stdout.flush()
    shutil.rmtree(TMP)
    print("testssl: %d passed, %d failed, 0 skipped" % (len(wanted) - failed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
