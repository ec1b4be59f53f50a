"""What every device's face offers beside ``infer``: map, async, self test."""

import asyncio
import threading
import time

import numpy as np
import pytest

from sangi.runtime.devices.accelerator import Accelerator
from sangi.runtime.errors import BuildError, DataError, MismatchError, UsageError
from sangi.runtime.golden import GOLDEN_FILE, Golden, save_golden
from sangi.runtime.host import execute
from sangi.runtime.store import save_program


@pytest.fixture
def images():
    return np.random.default_rng(3).integers(0, 256, (9, 6, 6, 2), dtype=np.uint8)


@pytest.fixture
def accelerator(program, tmp_path):
    save_program(program, tmp_path / "program.sangi")
    with Accelerator.open("numpy:", tmp_path) as accelerator:
        yield accelerator


def scores(results):
    return np.stack([result["scores"] for result in results])


@pytest.mark.parametrize("ahead", [None, 1, 4, 1000])
def test_map_takes_no_more_than_it_may(program, accelerator, images, ahead):
    taken = []

    def camera():
        for image in images:
            taken.append(image)
            yield image

    results = []
    for result in accelerator.map(camera(), ahead=ahead):
        assert ahead is None or len(taken) <= len(results) + ahead
        results.append(result)
    np.testing.assert_array_equal(scores(results), execute(program, images)["scores"])


def test_map_is_checked(accelerator, images):
    with pytest.raises(UsageError, match="ahead must be at least 1, not 0"):
        accelerator.map(images, ahead=0)
    with pytest.raises(DataError, match="images must have one shape and dtype, not"):
        list(accelerator.map([images[0], images[0, :5]]))
    assert list(accelerator.map([])) == []


def test_async_gives_the_same_while_the_loop_runs(program, accelerator, images):
    async def camera():
        for image in images:
            await asyncio.sleep(0.001)
            yield image

    async def main():
        turns = 0

        async def turn():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        other = asyncio.create_task(turn())
        whole = await accelerator.infer_async(images)
        awaited = [each async for each in accelerator.map_async(camera(), ahead=1)]
        fetched = [each async for each in accelerator.map_async(iter(images))]
        other.cancel()
        assert turns > len(images)
        return whole["scores"], scores(awaited), scores(fetched)

    want = execute(program, images)["scores"]
    for got in asyncio.run(main()):
        np.testing.assert_array_equal(got, want)


def test_async_ends_when_it_is_cancelled(accelerator, images):
    closed = []

    async def camera():
        try:
            yield images[0]
            await asyncio.sleep(3600)
        finally:
            closed.append(True)

    async def main():
        async for _ in accelerator.map_async(camera(), ahead=1):
            pass

    before = threading.active_count()
    start = time.monotonic()
    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(asyncio.wait_for(main(), 0.2))
    assert time.monotonic() - start < 5
    assert closed == [True]
    assert threading.active_count() == before


def test_async_passes_errors_on(accelerator, images):
    async def camera():
        yield images[0]
        raise RuntimeError("the cable is loose")

    async def main():
        return [each async for each in accelerator.map_async(camera(), ahead=1)]

    with pytest.raises(RuntimeError, match="the cable is loose"):
        asyncio.run(main())


def golden_of(program, images):
    frames = images.astype(program.types["x"].dtype)
    tensors = program.run(frames)
    outputs = tuple(tensors[output.tensor] for output in program.outputs)
    return Golden(program.digest, (frames,), outputs)


@pytest.mark.parametrize("folder", ["", "driver"])
def test_the_self_test_runs_golden_frames(program, accelerator, images, tmp_path, folder):
    (tmp_path / folder).mkdir(exist_ok=True)
    save_golden(golden_of(program, images), tmp_path / folder / GOLDEN_FILE)
    assert accelerator.self_test() == len(images)


def test_the_self_test_finds_one_wrong_element(program, accelerator, images, tmp_path):
    golden = golden_of(program, images)
    right = int(golden.outputs[0][7, 1])
    golden.outputs[0][7, 1] += 1
    save_golden(golden, tmp_path / GOLDEN_FILE)
    message = f"output 'scores' of golden frame 7 must be {right + 1} at element 1, not {right}"
    with pytest.raises(MismatchError, match=message):
        accelerator.self_test()


def test_golden_vectors_that_cannot_be_used(program, accelerator, images, tmp_path):
    with pytest.raises(BuildError, match="golden vectors must be in"):
        accelerator.self_test()
    with pytest.raises(BuildError, match="a self test needs a build"):
        Accelerator(program, accelerator._device).self_test()
    path = tmp_path / GOLDEN_FILE
    path.write_text("nothing")
    with pytest.raises(BuildError, match="must be readable"):
        accelerator.self_test()
    golden = golden_of(program, images)
    save_golden(Golden("0" * 64, golden.inputs, golden.outputs), path)
    message = f"must have the digest {program.digest[:16]}, not 0000000000000000"
    with pytest.raises(BuildError, match=message):
        accelerator.self_test()
    save_golden(Golden(program.digest, (), ()), path)
    with pytest.raises(BuildError, match="must have inputs and outputs"):
        accelerator.self_test()
