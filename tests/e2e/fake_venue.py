"""A WebSocket and HTTP server that does exactly what a test says, faults included.

Plain threads and sockets, nothing but the standard library. A test gives `script(conn)`, which runs in a thread of its
own for every connection that has finished the handshake; what the client sends is collected in the background:

    with FakeVenue(lambda conn: conn.text(b'{"a":1}')) as venue:
        ... connect to venue.url ...

A script ends a connection by conn.close(), conn.fin() or conn.reset(); one that just returns leaves it open. Requests
that ask for no WebSocket go to `rest(request)`, which gives an Answer; without it they get 404. What a venue says to
them is in fake_market.py.
"""

import base64
import hashlib
import queue
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(opcode, payload=b"", fin=True):
    """The bytes of one frame as a server sends it."""
    head = bytes([(0x80 if fin else 0) | opcode])
    if len(payload) < 126:
        head += bytes([len(payload)])
    elif len(payload) < 65536:
        head += b"\x7e" + struct.pack(">H", len(payload))
    else:
        head += b"\x7f" + struct.pack(">Q", len(payload))
    return head + payload


def reset(sock):
    """RST instead of FIN."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # A thread that reads keeps the socket alive behind close(); this ends its reading, and sends nothing.
        sock.shutdown(socket.SHUT_RD)
    except OSError:
        pass
    sock.close()


# ---- HTTP ---------------------------------------------------------------------------------------


@dataclass
class Request:
    method: str
    target: str  # path and query
    at: float  # time.monotonic() of its arrival


@dataclass
class Answer:
    """An HTTP answer. `cut`: the connection ends after so many bytes of it; `endless`: the body never ends."""

    body: bytes = b""
    status: int = 200
    headers: dict = field(default_factory=dict)
    cut: int = None
    endless: bool = False

    def send(self, sock):
        if self.cut == 0:
            return
        lines = [f"HTTP/1.1 {self.status} Whatever", "Content-Type: application/json", "Connection: close"]
        if not self.endless:
            lines.append(f"Content-Length: {len(self.body)}")
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        data = "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body
        sock.sendall(data[: self.cut])
        while self.endless:
            sock.sendall(b"[" * 65536)


# ---- WebSocket ----------------------------------------------------------------------------------


class Conn:
    """One connection, from the venue's side."""

    def __init__(self, sock, target, number):
        self.sock = sock
        self.target = target  # of the request: "/stream"
        self.number = number  # from 1
        self.at = time.monotonic()
        self.messages = queue.Queue()  # what the client sent: text and binary
        self.received = []  # the same, for ever
        self.pings = 0
        self.pongs = []
        self.closed = threading.Event()  # the client has gone or said goodbye
        self.close_code = None
        self.frozen = False  # neither reads nor sends any more: as if the cable were cut
        self._lock = threading.Lock()

    # ---- sending

    def raw(self, data):
        with self._lock:
            if not self.frozen:
                self.sock.sendall(data)

    def text(self, payload):
        self.raw(frame(TEXT, payload))

    def binary(self, payload):
        self.raw(frame(BINARY, payload))

    def ping(self, payload=b""):
        self.raw(frame(PING, payload))

    def fragments(self, opcode, parts):
        """One message in so many frames."""
        for i, part in enumerate(parts):
            self.raw(frame(opcode if i == 0 else CONTINUATION, part, fin=i == len(parts) - 1))

    def trickle(self, data, pause=0.0):
        """Each byte in a packet of its own, as far as the kernel goes along with it."""
        for i in range(len(data)):
            self.raw(data[i : i + 1])
            time.sleep(pause)

    # ---- ending

    def close(self, code=1000, reason=b""):
        self.raw(frame(CLOSE, struct.pack(">H", code) + reason))
        self.closed.wait(5)
        self.fin()

    def fin(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.closed.set()

    def reset(self):
        reset(self.sock)
        self.closed.set()

    def freeze(self):
        self.frozen = True

    # ---- what comes

    def wait_message(self, timeout=20):
        return self.messages.get(timeout=timeout)

    def _exact(self, size):
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            if not more:
                raise ConnectionError("end")
            while self.frozen:
                if self.closed.wait(0.05):
                    raise ConnectionError("end")
            data += more
        return data

    def _one(self):
        first, second = self._exact(2)
        size = second & 0x7F
        if size == 126:
            size = struct.unpack(">H", self._exact(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self._exact(8))[0]
        assert second & 0x80, "a client masks its frames"
        mask = self._exact(4)
        payload = bytes(b ^ mask[i % 4] for i, b in enumerate(self._exact(size)))
        return first & 0x0F, payload

    def read_loop(self):
        try:
            while True:
                opcode, payload = self._one()
                if opcode == PING:
                    self.pings += 1
                    self.raw(frame(PONG, payload))
                elif opcode == PONG:
                    self.pongs.append(payload)
                elif opcode == CLOSE:
                    self.close_code = int.from_bytes(payload[:2], "big") if payload else None
                    self.closed.set()
                    self.raw(frame(CLOSE, payload))
                else:
                    self.received.append(payload)
                    self.messages.put(payload)
        except (OSError, ConnectionError, ValueError):
            self.closed.set()


class FakeVenue:
    """Listens on loopback until the `with` block ends.

    `refuse`: bytes to answer every handshake with, instead of upgrading. `upgrade(sock, number, answer)`: sends the
    answer to WebSocket handshake `number` (from 1) in its own way; when it gives False there is no connection.
    """

    def __init__(self, script, certificate=None, refuse=None, port=0, rest=None, upgrade=None):
        self.script = script
        self.refuse = refuse
        self.rest = rest
        self.upgrade = upgrade
        self.conns = []
        self.arrived = threading.Condition()
        self.attempts = []  # times of WebSocket handshakes
        self.requests = []  # HTTP
        self._stop = False
        self._socks = []
        self._tls = None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(*certificate)
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        self._listener.listen(256)
        self.port = self._listener.getsockname()[1]
        self.url = f"{'wss' if certificate else 'ws'}://127.0.0.1:{self.port}"
        self.rest_url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self._accept_loop, daemon=True).start()
        return self

    def __exit__(self, *unused):
        self._stop = True
        for sock in [self._listener, *self._socks]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()
        for conn in list(self.conns):
            conn.closed.set()

    def wait_conn(self, number, timeout=60):
        """The connection with this number, from 1."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.conns) >= number, timeout), (
                f"no connection {number} in {timeout} s"
            )
            return self.conns[number - 1]

    def _accept_loop(self):
        while not self._stop:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    @staticmethod
    def _read_head(sock):
        """The request line's words and the headers."""
        head = b""
        while b"\r\n\r\n" not in head:
            more = sock.recv(4096)
            if not more:
                raise ConnectionError("end")
            head += more
        lines = head.split(b"\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            headers[name.strip().lower()] = value.strip()
        return lines[0].decode().split(" "), headers

    def _answer(self, sock, words):
        request = Request(words[0], words[1], time.monotonic())
        self.requests.append(request)
        (self.rest(request) if self.rest else Answer(status=404)).send(sock)

    def _handshake(self, sock, headers):
        """True: it is a WebSocket now."""
        self.attempts.append(time.monotonic())
        accept = base64.b64encode(hashlib.sha1(headers[b"sec-websocket-key"] + GUID).digest())
        answer = (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        if self.refuse:
            sock.sendall(self.refuse)
            return False
        if self.upgrade:
            return self.upgrade(sock, len(self.attempts), answer) is not False
        sock.sendall(answer)
        return True

    def _connect(self, sock):
        """The target of the WebSocket that it has become; None: it has not, and is done with."""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        words, headers = self._read_head(sock)
        if b"sec-websocket-key" in headers:
            return words[1] if self._handshake(sock, headers) else None
        self._answer(sock, words)
        return None

    def _serve(self, sock):
        target = None
        try:
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
            self._socks.append(sock)
            target = self._connect(sock)
        except (OSError, KeyError, ConnectionError):
            pass
        if target is None:
            try:
                sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            sock.close()
            return
        with self.arrived:
            conn = Conn(sock, target, len(self.conns) + 1)
            self.conns.append(conn)
            self.arrived.notify_all()
        threading.Thread(target=conn.read_loop, daemon=True).start()
        try:
            self.script(conn)
        except (OSError, queue.Empty):
            pass  # the client went away under the script
