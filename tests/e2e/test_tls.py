"""Whom `rewick record` believes to be a venue: every bad peer is refused with a reason in one line and gets no byte of
ours beyond the handshake; good ones are recorded from. Revocation is not looked at, here as there."""

import json
import re
import shutil
import ssl
import subprocess
import time

import pytest

from fake_venue import TEXT, frame
from raw_venue import RawVenue
from recorder_run import Recorder, until

pytestmark = [
    pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl command here to make certificates with"),
    pytest.mark.filterwarnings("ignore:ssl.TLSVersion"),  # old ones are what is to be refused
]

SERVER = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\n"
AUTHORITY = "basicConstraints=critical,CA:TRUE{}\nkeyUsage=critical,keyCertSign,cRLSign\n"
LOCALHOST = "subjectAltName=DNS:localhost\n"
ADDRESS = "subjectAltName=IP:127.0.0.1\n"


# ---- certificates -------------------------------------------------------------------------------


class Maker:
    """Makes certificates in a folder with the openssl command. A certificate is known by its name:
    NAME.key, NAME.pem, and NAME.chain with its issuers behind it."""

    def __init__(self, folder):
        self.folder = folder
        self.serial = 1
        for name, text in [("index.txt", ""), ("index.txt.attr", "unique_subject = no\n")]:
            (folder / name).write_text(text)
        (folder / "ca.cnf").write_text(
            f"[ca]\ndefault_ca=here\n[here]\ndatabase={folder}/index.txt\nnew_certs_dir={folder}\nserial={folder}/serial\n"
            "policy=any\nunique_subject=no\n[any]\ncommonName=optional\n[req]\ndistinguished_name=none\n[none]\n"
        )

    def run(self, *args):
        done = subprocess.run(
            ["openssl", *map(str, args)], cwd=self.folder, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, f"openssl {args}: {done.stderr}"

    def make(self, name, extensions, issuer=None, cn=None, key="ec", digest="sha256", days=(-10, 365)):
        """`issuer` None: self-signed. `days`: from and until, counted from today."""
        kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if key == "ec" else ["-newkey", f"rsa:{key}"]
        self.run(
            "req", "-new", *kind, "-nodes", "-config", "ca.cnf", "-subj", f"/CN={cn or name}",
            "-keyout", f"{name}.key", "-out", f"{name}.csr",
        )  # fmt: skip
        (self.folder / "ext").write_text(extensions)
        (self.folder / "serial").write_text(f"{self.serial:04X}\n")
        self.serial += 1
        start, end = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 86400 * d)) for d in days)
        signer = ["-selfsign", "-keyfile", f"{name}.key"]
        if issuer:
            signer = ["-cert", f"{issuer}.pem", "-keyfile", f"{issuer}.key"]
        self.run(
            "ca", "-batch", "-notext", "-config", "ca.cnf", "-in", f"{name}.csr", "-out", f"{name}.pem", *signer,
            "-startdate", start, "-enddate", end, "-md", digest, "-extfile", "ext", "-preserveDN",
        )  # fmt: skip
        above = (self.folder / f"{issuer}.chain").read_text() if issuer else ""
        (self.folder / f"{name}.chain").write_text((self.folder / f"{name}.pem").read_text() + above)
        return name

    def path(self, name):
        return str(self.folder / name)


@pytest.fixture(scope="module")
def maker(tmp_path_factory):
    made = Maker(tmp_path_factory.mktemp("certificates"))
    made.make("root", AUTHORITY.format(""))
    made.make("between", AUTHORITY.format(",pathlen:0"), "root")
    return made


def server(maker, name, low=ssl.TLSVersion.TLSv1_2, high=ssl.TLSVersion.TLSv1_3, chain="chain", ciphers="DEFAULT"):
    """A TLS server with this certificate that itself is not squeamish."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = low, high
    if name:
        context.load_cert_chain(maker.path(f"{name}.{chain}"), maker.path(f"{name}.key"))
    return context


# ---- peers --------------------------------------------------------------------------------------


def self_signed(m):
    return server(m, m.make("selfsigned", SERVER + LOCALHOST))


def unknown_root(m):
    m.make("stranger", AUTHORITY.format(""))
    return server(m, m.make("of-stranger", SERVER + LOCALHOST, "stranger"))


def same_name_as_the_root(m):
    m.make("impostor", AUTHORITY.format(""), cn="root")
    return server(m, m.make("of-impostor", SERVER + LOCALHOST, "impostor"))


def expired(m):
    return server(m, m.make("expired", SERVER + LOCALHOST, "root", days=(-20, -1)))


def not_yet_valid(m):
    return server(m, m.make("future", SERVER + LOCALHOST, "root", days=(2, 20)))


def expired_issuer(m):
    m.make("old-between", AUTHORITY.format(""), "root", days=(-20, -1))
    return server(m, m.make("of-old-between", SERVER + LOCALHOST, "old-between"))


def other_host(m):
    return server(m, m.make("other", SERVER + "subjectAltName=DNS:other.example\n", "root"))


def other_address(m):
    return server(m, m.make("other-ip", SERVER + "subjectAltName=IP:127.0.0.2\n", "root"))


def other_host_with_the_address(m):
    return server(m, m.make("other-with-ip", SERVER + "subjectAltName=DNS:other.example,IP:127.0.0.1\n", "root"))


def address_as_a_name(m):
    return server(m, m.make("ip-name", SERVER + "subjectAltName=DNS:127.0.0.1\n", "root"))


def address_in_the_common_name(m):
    return server(m, m.make("ip-cn", SERVER, "root", cn="127.0.0.1"))


def host_in_the_common_name(m):
    return server(m, m.make("cn", SERVER, "root", cn="localhost"))


def nul_in_the_name(m):
    name = b"localhost\0.other.example"
    der = bytes([0x30, len(name) + 2, 0x82, len(name)]) + name
    text = "subjectAltName=DER:" + ":".join(f"{b:02x}" for b in der) + "\n"
    return server(m, m.make("nul", SERVER + text, "root"))


def wildcard_for_all(m):
    return server(m, m.make("star", SERVER + "subjectAltName=DNS:*\n", "root"))


def wildcard_one_level_too_deep(m):
    return server(m, m.make("deep", SERVER + "subjectAltName=DNS:*.localhost\n", "root"))


def wildcard_for_part_of_a_label(m):
    return server(m, m.make("part", SERVER + "subjectAltName=DNS:l*,DNS:*host,DNS:lo*st\n", "root"))


def for_clients(m):
    return server(m, m.make("client", SERVER + LOCALHOST + "extendedKeyUsage=clientAuth\n", "root"))


def for_signing_code(m):
    return server(m, m.make("code", SERVER + LOCALHOST + "extendedKeyUsage=codeSigning\n", "root"))


def unknown_critical_extension(m):
    return server(m, m.make("critical", SERVER + LOCALHOST + "1.2.3.4.5=critical,DER:05:00\n", "root"))


def missing_intermediate(m):
    return server(m, m.make("lonely", SERVER + LOCALHOST, "between"), chain="pem")


def intermediate_that_is_no_authority(m):
    m.make("no-authority", "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyCertSign\n", "root")
    return server(m, m.make("of-no-authority", SERVER + LOCALHOST, "no-authority"))


def issued_by_a_server(m):
    m.make("a-server", SERVER + LOCALHOST, "root")
    return server(m, m.make("of-a-server", SERVER + LOCALHOST, "a-server"))


def path_too_long(m):
    m.make("further", AUTHORITY.format(""), "between")
    return server(m, m.make("of-further", SERVER + LOCALHOST, "further"))


def name_out_of_bounds(m):
    m.make("bounded", AUTHORITY.format("") + "nameConstraints=critical,permitted;DNS:example.com\n", "root")
    return server(m, m.make("of-bounded", SERVER + LOCALHOST, "bounded"))


def name_that_is_excluded(m):
    m.make("excluding", AUTHORITY.format("") + "nameConstraints=critical,excluded;DNS:localhost\n", "root")
    return server(m, m.make("of-excluding", SERVER + LOCALHOST, "excluding"))


def rsa_512(m):
    return server(m, m.make("rsa512", SERVER + LOCALHOST, "root", key="512"), high=ssl.TLSVersion.TLSv1_2)


def rsa_1024(m):
    return server(m, m.make("rsa1024", SERVER + LOCALHOST, "root", key="1024"))


def weak_key_above(m):
    m.make("weak-between", AUTHORITY.format(""), "root", key="1024")
    return server(m, m.make("of-weak", SERVER + LOCALHOST, "weak-between"))


def md5(m):
    m.make("rsa-between", AUTHORITY.format(""), "root", key="2048")
    return server(m, m.make("md5", SERVER + LOCALHOST, "rsa-between", digest="md5"))


def sha1(m):
    return server(m, m.make("sha1", SERVER + LOCALHOST, "root", digest="sha1"))


def forged_signature(m):
    """The last byte of the certificate, which is in its signature, is another."""
    name = m.make("forged", SERVER + LOCALHOST, "root")
    m.run("x509", "-in", f"{name}.pem", "-outform", "DER", "-out", "der")
    der = bytearray((m.folder / "der").read_bytes())
    der[-1] ^= 1
    (m.folder / "der").write_bytes(der)
    m.run("x509", "-inform", "DER", "-in", "der", "-out", f"{name}.pem")
    return server(m, name, chain="pem")


def good_certificate(m, **options):
    if not (m.folder / "good.pem").exists():
        m.make("good", SERVER + LOCALHOST + "extendedKeyUsage=serverAuth\n", "root")
    return server(m, "good", **options)


def tls_1_0(m):
    return good_certificate(m, low=ssl.TLSVersion.TLSv1, high=ssl.TLSVersion.TLSv1)


def tls_1_1(m):
    return good_certificate(m, low=ssl.TLSVersion.TLSv1_1, high=ssl.TLSVersion.TLSv1_1)


def no_certificate(m):
    return server(m, None, high=ssl.TLSVersion.TLSv1_2, ciphers="ADH-AES128-SHA256")


def no_encryption(m):
    return good_certificate(m, high=ssl.TLSVersion.TLSv1_2, ciphers="ECDHE-ECDSA-NULL-SHA")


# The peer, what the reason must hold, whom we want to reach.
BAD = [
    (self_signed, "self-signed", "localhost"),
    (unknown_root, "unable to get local issuer|self-signed", "localhost"),
    (same_name_as_the_root, "signature failure|self-signed|unable to get local issuer", "localhost"),
    (expired, "expired", "localhost"),
    (not_yet_valid, "not yet valid", "localhost"),
    (expired_issuer, "expired", "localhost"),
    (other_host, "[Hh]ostname mismatch", "localhost"),
    (other_address, "IP address mismatch", "127.0.0.1"),
    (other_host_with_the_address, "[Hh]ostname mismatch", "localhost"),
    (address_as_a_name, "IP address mismatch", "127.0.0.1"),
    (address_in_the_common_name, "IP address mismatch", "127.0.0.1"),
    (host_in_the_common_name, "[Hh]ostname mismatch", "localhost"),
    (nul_in_the_name, "[Hh]ostname mismatch|invalid|unsupported", "localhost"),
    (wildcard_for_all, "[Hh]ostname mismatch", "localhost"),
    (wildcard_one_level_too_deep, "[Hh]ostname mismatch", "localhost"),
    (wildcard_for_part_of_a_label, "[Hh]ostname mismatch", "localhost"),
    (for_clients, "purpose", "localhost"),
    (for_signing_code, "purpose", "localhost"),
    (unknown_critical_extension, "critical extension", "localhost"),
    (missing_intermediate, "unable to get local issuer|unable to verify", "localhost"),
    (intermediate_that_is_no_authority, "CA certificate", "localhost"),
    (issued_by_a_server, "CA certificate", "localhost"),
    (path_too_long, "path length", "localhost"),
    (name_out_of_bounds, "permitted subtree", "localhost"),
    (name_that_is_excluded, "excluded subtree", "localhost"),
    (rsa_512, "key too (small|weak)", "localhost"),
    (rsa_1024, "key too (small|weak)", "localhost"),
    (weak_key_above, "key too (small|weak)", "localhost"),
    (md5, "md too weak|signature|digest", "localhost"),
    (sha1, "md too weak|digest", "localhost"),
    (forged_signature, "signature|encoding|asn1", "localhost"),
    (tls_1_0, "protocol", "localhost"),
    (tls_1_1, "protocol", "localhost"),
    (no_certificate, "handshake failure", "localhost"),
    (no_encryption, "handshake failure", "localhost"),
]


def tls_garbage(peer):
    peer.recv()
    peer.send(b"\x16\x03\x00\x00\x05hello")  # a record of SSL 3.0 that holds no handshake
    peer.wait_end()


def plain_http(peer):
    peer.recv()
    peer.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nThis is no TLS")
    peer.wait_end()


def hangs_up(peer):
    peer.recv()


NO_TLS = [(tls_garbage, "TLS: "), (plain_http, "wrong version number .the answer is no TLS."), (hangs_up, "TLS|ended")]


# ---- the recorder -------------------------------------------------------------------------------


@pytest.fixture
def attempt(rewick, tmp_path):
    """attempt(url, ca): a recorder of that venue that trusts that certificate, gone when the test is."""
    lists = tmp_path / "instruments.json"
    lists.write_text(
        json.dumps(
            {"symbols": [{"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT"}]}
        )
    )
    text = subprocess.run([rewick, "record", "--help"], capture_output=True, text=True, check=True).stdout
    given = ["--instruments", f"binance={lists}"] if "--instruments" in text else []
    running = []

    def start(url, ca):
        args = ["--out", tmp_path / "tape", "--venue", "binance:BTC-USDT", "--url", f"binance={url}"]
        running.append(Recorder(rewick, tmp_path, None, *args, *given, "--no-candles", "--ca-file", ca))
        return running[-1]

    yield start
    for one in running:
        one.__exit__()


def reason(recorder):
    """What follows "cannot connect to URL: "."""
    found = []

    def said():
        found[:] = re.findall(r"cannot connect to \S+: (.*)\n", recorder.stderr)
        return found

    until(said, "a reason", 30, recorder)
    return found[0]


@pytest.mark.parametrize("make, expected, host", BAD, ids=lambda value: getattr(value, "__name__", ""))
def test_a_bad_peer_is_refused_with_its_reason(attempt, maker, make, expected, host):
    with RawVenue(lambda peer: (peer.upgrade(), peer.wait_end()), tls=make(maker)) as venue:
        said = reason(attempt(venue.ws_url.replace("127.0.0.1", host), maker.path("root.pem")))
        assert said.startswith("TLS: ") and re.search(expected, said), said
        until(lambda: venue.attempts > 0, "an attempt")
        assert venue.received == b""


@pytest.mark.parametrize("script, expected", NO_TLS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_peer_that_speaks_no_tls_gets_no_request(attempt, maker, script, expected):
    with RawVenue(script) as venue:
        said = reason(attempt(f"wss://localhost:{venue.port}", maker.path("root.pem")))
        assert re.search(expected, said), said
        assert venue.received[:1] == b"\x16" and b"GET" not in venue.received and b"Sec-" not in venue.received


def test_a_redirect_out_of_tls_is_not_followed(attempt, maker):
    with RawVenue(lambda peer: None) as plain:

        def script(peer):
            peer.read_request()
            peer.send(b"HTTP/1.1 301 Moved\r\nLocation: " + plain.ws_url.encode() + b"/\r\nContent-Length: 0\r\n\r\n")
            peer.wait_end()

        with RawVenue(script, tls=good_certificate(maker)) as venue:
            said = reason(attempt(f"wss://localhost:{venue.port}", maker.path("root.pem")))
            assert "301" in said, said
            time.sleep(1)
            assert plain.attempts == 0


def exact_name(m):
    return good_certificate(m)


def address(m):
    return server(m, m.make("address", SERVER + ADDRESS, "root"))


def through_an_intermediate(m):
    return server(m, m.make("of-between", SERVER + LOCALHOST, "between"))


def rsa(m):
    return server(m, m.make("rsa", SERVER + LOCALHOST, "root", key="2048"))


def only_tls_1_2(m):
    return good_certificate(m, high=ssl.TLSVersion.TLSv1_2)


def only_tls_1_3(m):
    return good_certificate(m, low=ssl.TLSVersion.TLSv1_3)


def one_name_of_many(m):
    return server(m, m.make("many", SERVER + "subjectAltName=DNS:a.example,DNS:LOCALHOST,IP:10.0.0.1\n", "root"))


GOOD = [
    (exact_name, "localhost"),
    (address, "127.0.0.1"),
    (through_an_intermediate, "localhost"),
    (rsa, "localhost"),
    (only_tls_1_2, "localhost"),
    (only_tls_1_3, "localhost"),
    (one_name_of_many, "localhost"),
]


@pytest.mark.parametrize("make, host", GOOD, ids=lambda value: getattr(value, "__name__", ""))
def test_a_good_peer_is_recorded_from(attempt, maker, make, host):
    def script(peer):
        peer.upgrade()
        peer.recv()  # the subscription
        peer.send(frame(TEXT, b'{"result":null,"id":1}'))
        peer.wait_end()

    with RawVenue(script, tls=make(maker)) as venue:
        rec = attempt(venue.ws_url.replace("127.0.0.1", host), maker.path("root.pem"))
        until(lambda: b"Sec-WebSocket-Key" in venue.received, "a request", 30, rec)
        until(lambda: "connected" in rec.stderr, "the connection", 30, rec)
        assert "TLS: " not in rec.stderr


def test_certificates_of_the_system_are_not_trusted_beside_a_given_file(attempt, maker):
    maker.make("else", AUTHORITY.format(""))
    with RawVenue(lambda peer: (peer.upgrade(), peer.wait_end()), tls=good_certificate(maker)) as venue:
        assert "TLS: " in reason(attempt(f"wss://localhost:{venue.port}", maker.path("else.pem")))
        assert venue.received == b""


def test_nothing_turns_verification_off(run, root):
    text = run("record", "--help").stdout.lower()
    assert "--ca-file" in text
    assert not re.search(r"insecure|no-verify|skip|self-?signed|allow", text)
    banned = r"LCCSCF_ALLOW|LCCSCF_SKIP|SSL_VERIFY_NONE|ALLOW_SELFSIGNED|X509_V_FLAG_NO_|getenv\("
    for path in [*root.glob("recorder/*.[ch]")]:
        assert not re.search(banned, path.read_text()), path
