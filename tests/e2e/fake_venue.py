"""A WebSocket server that does exactly what a test says, faults included.

Plain threads and sockets, nothing but the standard library. A test gives `script(conn)`, which runs in a thread of its
own for every connection that has finished the handshake; what the client sends is collected in the background:

    with FakeVenue(lambda conn: conn.text(b'{"a":1}')) as venue:
        ... connect to venue.url ...

A script ends a connection by conn.close(), conn.fin() or conn.reset(); one that just returns leaves it open.
"""

import base64
import hashlib
import queue
import socket
import ssl
import struct
import threading

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


class Conn:
    """One connection, from the venue's side."""

    def __init__(self, sock, target, number):
        self.sock = sock
        self.target = target  # of the request: "/stream"
        self.number = number  # from 1
        self.messages = queue.Queue()  # what the client sent: text and binary
        self.received = []  # the same, for ever
        self.pings = 0
        self.pongs = []
        self.closed = threading.Event()  # the client has gone or said goodbye
        self.close_code = None
        self._lock = threading.Lock()

    # ---- sending

    def raw(self, data):
        with self._lock:
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

    def reset(self):
        """RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # A thread that reads keeps the socket alive behind close(); this ends its reading, and sends nothing.
        self.sock.shutdown(socket.SHUT_RD)
        self.sock.close()

    # ---- what comes

    def wait_message(self, timeout=20):
        return self.messages.get(timeout=timeout)

    def _exact(self, size):
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            if not more:
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
    """Listens on loopback until the `with` block ends."""

    def __init__(self, script, certificate=None, refuse=None, port=0):
        self.script = script
        self.refuse = refuse  # bytes to answer the handshake with, instead of upgrading
        self.conns = []
        self.arrived = threading.Condition()
        self.attempts = 0
        self._stop = False
        self._tls = None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(*certificate)
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        self._listener.listen(64)
        self.port = self._listener.getsockname()[1]
        self.url = f"{'wss' if certificate else 'ws'}://127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self._accept_loop, daemon=True).start()
        return self

    def __exit__(self, *unused):
        self._stop = True
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        for conn in list(self.conns):
            try:
                conn.sock.close()
            except OSError:
                pass

    def wait_conn(self, number, timeout=30):
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

    def _handshake(self, sock):
        request = b""
        while b"\r\n\r\n" not in request:
            more = sock.recv(4096)
            if not more:
                raise ConnectionError("end")
            request += more
        lines = request.split(b"\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            headers[name.strip().lower()] = value.strip()
        accept = base64.b64encode(hashlib.sha1(headers[b"sec-websocket-key"] + GUID).digest())
        if self.refuse:
            sock.sendall(self.refuse)
            raise ConnectionError("refused")
        sock.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        return lines[0].split(b" ")[1].decode()

    def _serve(self, sock):
        self.attempts += 1
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
            target = self._handshake(sock)
        except (OSError, KeyError, ConnectionError):
            sock.close()
            return
        with self.arrived:
            conn = Conn(sock, target, len(self.conns) + 1)
            self.conns.append(conn)
            self.arrived.notify_all()
        threading.Thread(target=conn.read_loop, daemon=True).start()
        try:
            self.script(conn)
        except OSError:
            pass  # the client went away under the script
