# SPDX-License-Identifier: MIT
"""Threads, interrupts, and what is left behind by a thousand networks."""
import gc
import multiprocessing
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import soma

X = np.random.default_rng(1).normal(size=(512, 8)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int64)


def made(units=32, device="cpu"):
    network = soma.Network(f"dense {units} relu; dense 2 softmax", device=device)
    network.compile("sgd")
    return network


def test_other_threads_run_while_a_network_trains():
    network = made(256)
    counted = [0]
    done = threading.Event()

    def count():
        while not done.is_set():
            counted[0] += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    begin = time.monotonic()
    network.fit(X, Y, epochs=10**6, verbose=0,
                callbacks=[soma.LambdaCallback(on_epoch_end=lambda epoch, logs: time.monotonic() - begin > 0.5)])
    done.set()
    thread.join()
    assert counted[0] > 20


def test_networks_in_threads_learn_what_they_learn_alone():
    alone = made()
    alone.fit(X, Y, epochs=5, verbose=0)
    networks = [made(device=soma.Device("cpu", threads=1)) if i % 2 else made() for i in range(6)]
    threads = [threading.Thread(target=network.fit, args=(X, Y), kwargs={"epochs": 5, "verbose": 0}) for network in networks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for network in networks:
        np.testing.assert_array_equal(network.weights["dense_1.weight"], alone.weights["dense_1.weight"])


def test_one_network_in_several_threads_works_for_one_after_the_other():
    network = made()
    expected = network.predict(X)
    wrong = []

    def use():
        for _ in range(50):
            if not np.array_equal(network.predict(X), expected):
                wrong.append(1)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_callback_may_use_its_network():
    network = made()
    seen = []
    network.fit(X, Y, epochs=2, verbose=0,
                callbacks=[soma.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(network.weights["dense_2.bias"].sum()))])
    assert len(seen) == 2


INTERRUPTED = """
import os, signal, threading, numpy as np, soma
x = np.random.default_rng(1).normal(size=(2000, 16)).astype(np.float32)
network = soma.Network("dense 32 relu; dense 2 softmax", device="cpu", seed=1)
network.compile(soma.Adam(0.01))
trained = threading.Event()
threading.Thread(target=lambda: trained.wait() and os.kill(os.getpid(), signal.SIGINT), daemon=True).start()  # while the library trains
watch = soma.LambdaCallback(on_epoch_end=lambda epoch, logs: trained.set() if epoch == 4 else None)
try:
    network.fit(x, x[:, 0] > 0, epochs=10**6, verbose=0, callbacks=[watch])
except KeyboardInterrupt:
    good = all(np.isfinite(w).all() for w in network.weights.values())
    print("interrupted", good, network.evaluate(x, x[:, 0] > 0)["accuracy"] > 0.9)
"""


def test_ctrl_c_ends_training_after_the_batch_and_leaves_good_weights():
    result = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=240)  # which a training without an end would reach
    assert result.stdout == "interrupted True True\n", result.stderr


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory is read from /proc")
def test_a_thousand_networks_leave_nothing_behind(tmp_path):
    def use():
        network = made()
        network.fit(X, Y, epochs=1, batch_size=256, verbose=0)
        network.predict(X)
        network.save(tmp_path / "m.safetensors")
        soma.load(tmp_path / "m.safetensors", device="cpu").predict(X[:3])
        soma.array(X[:, ::2])
        np.from_dlpack(soma.array(X[::2]))
        for wrong in (lambda: network.predict(X[:, :3]), lambda: soma.Network("dense x").build((2,)), lambda: soma.array(["a"]),
                      lambda: network.set_weights({"dense_1.bias": [1.0]}), lambda: network.fit(X, Y[:3], verbose=0)):
            with pytest.raises((soma.Error, TypeError, ValueError)):
                wrong()

    for _ in range(200):
        use()
    gc.collect()
    before, threads = resident(), threading.active_count()
    for _ in range(1000):
        use()
    gc.collect()
    assert resident() - before < 8 << 20  # a network alone takes more than 8 KiB
    assert threading.active_count() == threads
    assert len(os.listdir("/proc/self/fd")) < 50


def in_child(results):
    network = made()
    network.fit(X, Y, verbose=0)
    results.put(float(network.predict(X).sum()))


def test_a_forked_child_opens_a_device_of_its_own():
    made().predict(X)
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    child = context.Process(target=in_child, args=(results,))
    child.start()
    assert results.get(timeout=60) == pytest.approx(len(X), rel=1e-3)
    child.join()
    assert child.exitcode == 0
