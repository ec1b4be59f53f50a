"""A server that lets other computers use a device of this one.

    python3 -m sangi.runtime.server BUILD --device pynq: --listen 0.0.0.0:7420

It prints a token, which clients give: ``tcp:HOST:7420?token=TOKEN``. Without ``--listen`` only
programs of this computer reach it (through an SSH tunnel also those of others). One client is
served at a time.
"""

from __future__ import annotations

import argparse
import contextlib
import secrets
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

from .devices.accelerator import open_program
from .devices.codes import FrameCodec
from .devices.device import Device, Frame
from .devices.tcp import AHEAD_FIELD, COUNTERS, PORT
from .devices.wire import Kind, Wire, verify
from .errors import DeviceError, SangiError, UsageError
from .program import Program

PROOF_SECONDS = 10.0
"""Time for a client to prove that it knows the token."""

SMALL = 4096
"""Longest message of a client that has not proved anything yet, in bytes."""


class Server:
    """Serves a device over TCP until it is closed.

    Parameters
    ----------
    program : Program
    device : Device
        Not closed here.
    token : str
        What clients must know; not empty.
    host, port : str, int
        Where to listen; port 0 takes any.

    Attributes
    ----------
    port : int
        Where it listens.

    Raises
    ------
    DeviceError
        If it cannot listen there.
    UsageError
        If the token is empty.
    """

    def __init__(
        self,
        program: Program,
        device: Device,
        token: str,
        host: str = "127.0.0.1",
        port: int = PORT,
    ) -> None:
        if not token:
            raise UsageError("the token must not be empty")
        self._program = program
        self._device = device
        self._token = token
        self._codec = FrameCodec(program)
        self._busy = threading.Lock()
        try:
            self._socket = socket.create_server(
                (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
            )
        except OSError as error:
            raise DeviceError(f"the server cannot listen at {host} port {port}: {error}") from error
        self.port: int = self._socket.getsockname()[1]

    def serve(self) -> None:
        """Serve until ``close`` is called."""
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self._meet, args=(connection,), daemon=True).start()

    def close(self) -> None:
        """Listen no more; a client that is being served is not disturbed."""
        with contextlib.suppress(OSError):  # some systems wake ``accept`` only by closing
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _meet(self, connection: socket.socket) -> None:
        """Let a client in, if it may and nobody else is there."""
        # A client that goes, or that was none, ends in one of these errors.
        with (
            contextlib.closing(Wire(connection, SMALL)) as wire,
            contextlib.suppress(DeviceError, OSError),
        ):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire.set_timeout(PROOF_SECONDS)
            if not verify(wire, self._token):
                return
            if not self._busy.acquire(timeout=1):  # the one before may be leaving
                wire.send(Kind.ERROR, b"another client uses the device")
                return
            try:
                self._serve(wire)
            finally:
                self._busy.release()

    def _serve(self, wire: Wire) -> None:
        wire.limit = max(SMALL, self._codec.input_bytes)
        wire.set_timeout(None)
        wire.send(Kind.HELLO, self._program.digest.encode())
        while True:
            message = wire.receive()
            try:
                if message.kind is Kind.COUNTERS:
                    counters = self._device.counters()
                    wire.send(Kind.COUNTERS, COUNTERS.pack(*astuple(counters)))
                elif message.kind is Kind.RUN and len(message.content) == AHEAD_FIELD.size:
                    self._run(wire, *AHEAD_FIELD.unpack(message.content))
                else:
                    raise DeviceError(f"RUN or COUNTERS must come, not {message.kind.name}")
            except SangiError as error:
                wire.send(Kind.ERROR, str(error).encode())
                wire.set_timeout(PROOF_SECONDS)
                while True:  # what is still coming must not break the connection before it is read
                    wire.receive()

    def _run(self, wire: Wire, ahead: int) -> None:
        """Run a client's frames; it keeps ``ahead`` of them on their way."""
        results = self._device.run(self._frames(wire), max(1, ahead))
        for result in results:
            wire.send(Kind.RESULT, self._codec.encode_output(result))
        wire.send(Kind.DONE)

    def _frames(self, wire: Wire) -> Iterator[Frame]:
        while True:
            message = wire.receive()
            if message.kind is Kind.END:
                return
            if message.kind is not Kind.FRAME:
                raise DeviceError(f"FRAME or END must come, not {message.kind.name}")
            yield self._codec.decode_input(message.content)


def main(arguments: list[str] | None = None) -> int:
    """Run the server; return the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m sangi.runtime.server", description=__doc__)
    parser.add_argument("build", type=Path, help="the build, or its driver/ on a board")
    parser.add_argument("--device", required=True, metavar="URL", help="for example pynq:")
    parser.add_argument(
        "--listen", default=f"127.0.0.1:{PORT}", metavar="HOST:PORT", help="%(default)s"
    )
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE", help="holds the token; drawn where it is missing"
    )
    options = parser.parse_args(arguments)
    try:
        host, port = _place(options.listen)
        token = _token(options.token_file)
        program, device = open_program(options.device, options.build)
        try:
            server = Server(program, device, token, host, port)
            try:
                hint = "" if options.token_file else f", token {token}"
                print(f"{options.device} at {host} port {server.port}{hint}", flush=True)
                server.serve()
            finally:
                server.close()
        finally:
            device.close()
    except SangiError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


def _place(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise UsageError(f"--listen must be HOST:PORT, not {listen!r}")
    return host.strip("[]"), int(port)


def _token(path: Path | None) -> str:
    """Return the token of a file, or a new one, which is written there."""
    token = secrets.token_urlsafe(18)
    if path is None:
        return token
    try:
        if path.exists():
            return path.read_text(encoding="utf-8").strip()
        path.touch(mode=0o600)
        path.write_text(token + "\n", encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--token-file {path} cannot be used: {error}") from error
    return token


if __name__ == "__main__":
    sys.exit(main())
