#!/usr/bin/python3
"""Every small server of a world, in one process with sockets in many namespaces.

Reads one JSON list from a file: {"space", "kind", "address", "port", "name", "zone"}. Kinds:
  tcp   echoes each line as "<name> <client address> <line>"; a GET is answered as HTTP
  smtp  as tcp, after a greeting of its own
  udp   answers "<name> <client address> <datagram>" with plain recvfrom/sendto
  dns   authoritative for its zone; dns-tcp the same over TCP
Prints "ready" when all of them listen.
"""
import json
import pathlib
import selectors
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from lab import dns, netns

selector = selectors.DefaultSelector()


def on_udp(sock, spec):
    while True:
        try:
            data, client = sock.recvfrom(2048)
        except (BlockingIOError, ConnectionError):
            return
        if spec["kind"] == "dns":
            try:
                reply = dns.answer_to(data, spec["zone"], spec["name"], client[0])
            except (ValueError, IndexError, OverflowError):
                reply = None
        else:
            reply = f"{spec['name']} {client[0]} ".encode() + data
        if reply:
            try:
                sock.sendto(reply, client)
            except OSError:
                pass


def on_client(sock, spec, peer, pending):
    try:
        data = sock.recv(65536)
    except BlockingIOError:
        return
    except OSError:
        data = b""
    if not data:
        selector.unregister(sock)
        sock.close()
        return
    pending += data
    reply = b""
    close = False
    if pending.startswith(b"GET "):
        if b"\r\n\r\n" not in pending and b"\n\n" not in pending:
            return
        body = f"{spec['name']} {peer}\n"
        reply = f"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        close = True
    elif spec["kind"] == "dns-tcp":
        while len(pending) > 2 and len(pending) >= 2 + int.from_bytes(pending[:2], "big"):
            end = 2 + int.from_bytes(pending[:2], "big")
            try:
                answer = dns.answer_to(bytes(pending[2:end]), spec["zone"], spec["name"], peer)
            except (ValueError, IndexError, OverflowError):
                answer = None
            del pending[:end]
            reply += len(answer).to_bytes(2, "big") + answer if answer else b""
    else:
        while b"\n" in pending:
            line, _, rest = bytes(pending).partition(b"\n")
            pending[:] = rest
            reply += f"{spec['name']} {peer} ".encode() + line + b"\n"
    try:
        if reply:
            sock.setblocking(True)
            sock.settimeout(2)
            sock.sendall(reply)
            sock.setblocking(False)
    except OSError:
        close = True
    if close:
        selector.unregister(sock)
        sock.close()


def on_listener(sock, spec):
    try:
        client, peer = sock.accept()
    except OSError:
        return
    client.setblocking(False)
    if spec["kind"] == "smtp":
        client.send(f"220 {spec['name']} sees {peer[0]}\r\n".encode())
    pending = bytearray()
    selector.register(client, selectors.EVENT_READ, lambda s: on_client(s, spec, peer[0], pending))


def open_server(spec):
    stream = spec["kind"] in ("tcp", "smtp", "dns-tcp")
    six = ":" in spec["address"]
    with netns.inside(spec["space"]):
        sock = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if six:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    # IPV6_FREEBIND, IP_FREEBIND: an address may come later
    sock.setsockopt(*(socket.IPPROTO_IPV6, 78) if six else (socket.IPPROTO_IP, 15), 1)
    sock.bind((spec["address"], spec["port"]))
    sock.setblocking(False)
    if stream:
        sock.listen(64)
    handler = on_listener if stream else on_udp
    selector.register(sock, selectors.EVENT_READ, lambda s: handler(s, spec))


def main():
    for spec in json.loads(pathlib.Path(sys.argv[1]).read_text()):
        open_server(spec)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            key.data(key.fileobj)


main()
