"""A device of another computer: the server, its clients, and those it must not serve."""

import re
import socket
import struct
import subprocess
import sys
import threading

import numpy as np
import pytest

from sangi.runtime.devices.accelerator import Accelerator
from sangi.runtime.devices.device import Counters
from sangi.runtime.devices.numpy import NumpyDevice
from sangi.runtime.devices.tcp import TcpDevice, parse_address
from sangi.runtime.devices.wire import MAGIC, Kind, Wire
from sangi.runtime.errors import DeviceError, UsageError
from sangi.runtime.host import execute
from sangi.runtime.server import Server, main
from sangi.runtime.store import save_program

TOKEN = "a token, 算木"


class Watched(NumpyDevice):
    """The reference, which says how far it was asked to go ahead, and can be made to fail."""

    def __init__(self, program):
        super().__init__(program)
        self.ahead = []
        self.failing = None

    def run(self, frames, ahead=None):
        self.ahead.append(ahead)
        for number, result in enumerate(super().run(frames, ahead)):
            if number == self.failing:
                raise DeviceError("the cable is loose")
            yield result

    def counters(self):
        return Counters(super().counters().frames, 1 << 40, 3, 9, 8)


@pytest.fixture
def device(program):
    return Watched(program)


@pytest.fixture
def port(program, device):
    server = Server(program, device, TOKEN, port=0)
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield server.port
    server.close()
    thread.join(5)
    assert not thread.is_alive()


@pytest.fixture
def images():
    return np.random.default_rng(8).integers(0, 256, (150, 6, 6, 2), dtype=np.uint8)


def client_of(program, port, **options):
    return TcpDevice(program, "127.0.0.1", port, TOKEN, **options)


@pytest.mark.parametrize("ahead", [None, 1, 7, 100])
def test_results_are_those_of_the_device(program, device, port, images, ahead):
    want = execute(program, images)["scores"]
    with Accelerator(program, client_of(program, port)) as accelerator:
        for _ in range(2):
            results = [each["scores"] for each in accelerator.map(images, ahead=ahead)]
            np.testing.assert_array_equal(np.stack(results), want)
        counters = accelerator.counters()
    assert counters == Counters(300, 1 << 40, 3, 9, 8)
    assert device.ahead == [ahead or 64] * 2


def test_an_abandoned_run_leaves_nothing_behind(program, port, images):
    with Accelerator(program, client_of(program, port)) as accelerator:
        for start in (0, 3, 9):
            run = accelerator.map(images[start:])
            want = execute(program, images[start : start + 1])["scores"][0]
            np.testing.assert_array_equal(next(run)["scores"], want)
            run.close()


def test_clients_follow_each_other_and_never_meet(program, port, images):
    first = client_of(program, port)
    with pytest.raises(DeviceError, match="reports: another client uses the device"):
        client_of(program, port)
    first.close()
    with Accelerator(program, client_of(program, port)) as accelerator:
        accelerator.infer(images[:2])


def test_a_failing_device_is_reported_and_used_again(program, device, port, images):
    device.failing = 5
    with Accelerator(program, client_of(program, port)) as accelerator:
        results = []
        message = "reports: the cable is loose .after 69 frames sent and 5 results received"
        with pytest.raises(DeviceError, match=message):
            for result in accelerator.map(images):
                results.append(result)
        assert len(results) == 5
        device.failing = None
        got = accelerator.infer(images[:3])["scores"]
    np.testing.assert_array_equal(got, execute(program, images[:3])["scores"])


def test_only_who_knows_the_token_is_served(program, ten, device, port):
    with pytest.raises(DeviceError, match="the token must be the server's, and is not"):
        TcpDevice(program, "127.0.0.1", port, "another")
    message = f"must have the digest {ten.digest[:16]}, not {program.digest[:16]}"
    with pytest.raises(DeviceError, match=message):
        client_of(ten, port)
    assert device.ahead == []


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack("<BI", Kind.RUN, 4) + bytes(4),
        struct.pack("<BI", Kind.PROOF, 1 << 31),
        struct.pack("<BI", Kind.PROOF, 64) + bytes(64),
        struct.pack("<BI", Kind.PROOF, 0),
        struct.pack("<BI", Kind.PROOF, 7)
        + b"\xff" * 7
        + struct.pack("<BI", Kind.RUN, 4)
        + bytes(4),
    ],
)
def test_nonsense_is_not_served(program, device, port, images, sent):
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.settimeout(5)
        received = b""
        try:
            connection.sendall(sent)
            # The server may have hung up by now.
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(1000):
                received += piece
        except TimeoutError:
            raise
        except OSError:
            pass
    assert len(received) < 200
    assert program.digest.encode() not in received
    assert device.ahead == []
    with Accelerator(program, client_of(program, port)) as accelerator:
        accelerator.infer(images[:1])


def pretender(answer):
    """A listener that is no server: gives its port; ``answer(wire)`` is what it does."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        with connection, listener:
            answer(Wire(connection))

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


def test_a_server_must_know_the_token_as_well(program):
    def answer(wire):
        wire.send(Kind.HELLO, MAGIC + b"\2" + bytes(32))
        wire.expect(Kind.PROOF)
        wire.send(Kind.PROOF, bytes(32))

    with pytest.raises(DeviceError, match="the server must know the token, and does not"):
        client_of(program, pretender(answer))


@pytest.mark.parametrize(
    "hello, message",
    [
        (b"other" + bytes(33), "must be a server of sangi, and is not"),
        (MAGIC + b"\3" + bytes(32), "the server must have version 2, not 3"),
        (MAGIC, "must be a server of sangi, and is not"),
    ],
)
def test_other_servers_are_refused(program, hello, message):
    with pytest.raises(DeviceError, match=message):
        client_of(program, pretender(lambda wire: wire.send(Kind.HELLO, hello)))


def test_a_silent_server_is_reported(program, port, images, monkeypatch):
    stop = threading.Event()
    monkeypatch.setattr(Watched, "run", lambda self, frames, ahead: iter([stop.wait(5)][:0]))
    client = client_of(program, port, timeout=0.1)
    with Accelerator(program, client) as accelerator:
        message = "within 0.1 s, and did not after 3 frames sent and 0 results received"
        with pytest.raises(DeviceError, match=message):
            accelerator.infer(images[:3])
        stop.set()


def test_addresses(program, tmp_path):
    (tmp_path / "token").write_text("secret\n")
    assert parse_address("board:99?token=x-_9") == ("board", 99, "x-_9")
    assert parse_address(f"[::1]?token-file={tmp_path}/token") == ("::1", 7420, "secret")
    for address, message in (
        ("", "must be tcp:HOST:PORT"),
        ("host:99999?token=x", "the port must be a number up to 65535"),
        ("host", "needs .token=TOKEN or .token-file=FILE"),
        ("host?token=", "needs .token=TOKEN"),
        ("host?key=x", "knows the options token and token-file, not key"),
        (f"host?token-file={tmp_path}/none", "cannot be read"),
    ):
        with pytest.raises(DeviceError, match=message):
            parse_address(address)
    save_program(program, tmp_path / "program.sangi")
    with pytest.raises(DeviceError, match="must listen at port 1, and does not"):
        Accelerator.open("tcp:127.0.0.1:1?token=x", tmp_path)


def test_the_server_as_a_program(program, images, tmp_path):
    save_program(program, tmp_path / "program.sangi")
    file = tmp_path / "token"
    command = [sys.executable, "-m", "sangi.runtime.server", str(tmp_path), "--device", "numpy:"]
    for more in ([], ["--token-file", str(file)]):
        arguments = [*command, "--listen", "127.0.0.1:0", *more]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as server:
            said = server.stdout.readline()
            port = re.search(r"at 127\.0\.0\.1 port (\d+)", said)[1]
            token = re.search(r"token (\S+)", said)
            assert (token is None) == bool(more)
            query = f"token-file={file}" if more else f"token={token[1]}"
            with Accelerator.open(f"tcp:127.0.0.1:{port}?{query}", tmp_path) as accelerator:
                got = accelerator.infer(images)["scores"]
            server.terminate()
        np.testing.assert_array_equal(got, execute(program, images)["scores"])
    assert file.stat().st_mode & 0o077 == 0


def test_what_cannot_be_served(program, device, port, tmp_path, capsys):
    save_program(program, tmp_path / "program.sangi")
    with pytest.raises(UsageError, match="the token must not be empty"):
        Server(program, device, "", port=0)
    for arguments, code, message in (
        (["--listen", "7420"], 2, "--listen must be HOST:PORT, not '7420'"),
        (["--token-file", str(tmp_path)], 2, "cannot be used"),
        (["--listen", f"127.0.0.1:{port}"], 1, f"cannot listen at 127.0.0.1 port {port}"),
    ):
        assert main([str(tmp_path), "--device", "numpy:", *arguments]) == code
        assert message in capsys.readouterr().err
