# SPDX-License-Identifier: MIT
"""Training by several ranks, which are threads here: the same weights on all, those that one makes, and how errors end all."""
import threading

import numpy as np
import pytest

import soma

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(50, 4)).astype(np.float32)
Y = (X[:, 0] > X[:, 1]).astype(np.int64)


class Team:
    """What the ranks share: places for what each adds, and a barrier."""

    def __init__(self, ranks):
        self.ranks, self.barrier, self.places = ranks, threading.Barrier(ranks, timeout=60), [None] * ranks
        self.progressed, self.most, self.reasons = 0, 0, []


class Member(soma.Communicator):
    def __init__(self, team, rank):
        self.team, self.rank, self.ranks, self.begun, self.fails_at = team, rank, team.ranks, 0, None

    def start_sum(self, values):
        if self.begun == self.fails_at:
            raise ArithmeticError("this rank can't add")
        assert values.format == "f" and not values.readonly
        self.begun += 1
        self.team.most = max(self.team.most, self.begun)
        return np.frombuffer(values, np.float32)

    def wait(self, begun):
        self.begun -= 1
        self.team.places[self.rank] = begun
        self.team.barrier.wait()
        total = sum(self.team.places[1:], self.team.places[0])
        self.team.barrier.wait()
        begun[:] = total

    def broadcast(self, values, root):
        if self.rank == root:
            self.team.places[0] = bytes(values)
        self.team.barrier.wait()
        if self.rank != root:
            values[:] = self.team.places[0]
        self.team.barrier.wait()

    def abort(self, message):
        self.team.reasons.append(message)
        self.team.barrier.abort()

    def progress(self):
        self.team.progressed += 1


def train(ranks, prepare=lambda member: None, **how):
    """The networks of all ranks, and what each raised."""
    team, networks, errors = Team(ranks), [None] * ranks, [None] * ranks

    def run(rank):
        network = networks[rank] = soma.Network("dense 8 tanh; batchnorm; dense 2 softmax", device=soma.Device("cpu", threads=1), seed=2)
        network.compile(optimizer=soma.SGD(0.1))
        member = Member(team, rank)
        prepare(member)
        given = {name: value(rank) if callable(value) else value for name, value in how.items()}
        try:
            network.fit(X, Y, epochs=3, batch_size=16, verbose=0, communicator=member, **given)
        except Exception as error:
            errors[rank] = error

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(ranks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return networks, errors, team


def apart(a, b):
    return max(np.abs(x - b[name]).max() for name, x in a.items())


def test_ranks_make_what_one_makes():
    (one,), errors, _ = train(1)
    assert errors == [None]
    networks, errors, team = train(3, sync_batchnorm=True, bucket_bytes=4)
    assert errors == [None] * 3 and team.progressed > 0 and team.most > 1
    weights = [network.get_weights() for network in networks]
    for other in weights[1:]:
        assert apart(weights[0], other) == 0
    assert apart(weights[0], one.get_weights()) < 1e-5
    networks, _, _ = train(3)
    assert apart(networks[0].get_weights(), one.get_weights()) > 1e-3  # each share by its own figures


def test_shards_make_the_same_bits():
    (one,), _, _ = train(1, shards=4)
    alone = soma.Network("dense 8 tanh; batchnorm; dense 2 softmax", device=soma.Device("cpu", threads=1), seed=2)
    alone.compile(optimizer=soma.SGD(0.1))
    alone.fit(X, Y, epochs=3, batch_size=16, verbose=0, shards=4)
    networks, errors, _ = train(2, shards=4)
    assert errors == [None] * 2
    for network in (one, *networks):
        assert apart(network.get_weights(), alone.get_weights()) == 0


@pytest.mark.parametrize("under_way", [0, 2])
def test_an_exception_of_one_ends_all(under_way):
    members = []

    def prepare(member):
        member.fails_at = under_way if member.rank == 1 else None
        members.append(member)

    _, errors, _ = train(2, prepare, bucket_bytes=4)
    assert isinstance(errors[1], ArithmeticError) and isinstance(errors[0], threading.BrokenBarrierError)
    assert [member.begun for member in members] == [0, 0]  # what was begun has been waited for


def test_event_files_that_cannot_be_made_end_all(tmp_path):
    (tmp_path / "file").touch()
    _, errors, team = train(2, callbacks=[soma.TensorBoard(tmp_path / "file" / "logs")])
    assert isinstance(errors[0], soma.IOError) and str(tmp_path / "file") in str(errors[0])
    assert isinstance(errors[1], threading.BrokenBarrierError)
    assert team.reasons[0] in str(errors[0])  # of the rank that has them: the other need not wait until it gives up


def test_the_first_rank_alone_writes_the_best_network(tmp_path):
    _, errors, _ = train(2, callbacks=lambda rank: [soma.ModelCheckpoint(tmp_path / f"{rank}.safetensors", "loss", save_best_only=True)])
    assert errors == [None] * 2 and [file.name for file in tmp_path.iterdir()] == ["0.safetensors"]


def test_what_is_no_communicator_is_refused():
    network = soma.Network("dense 2 softmax", device="cpu")
    with pytest.raises(TypeError, match="mpi4py is wanted, got str"):
        network.fit(X, Y, communicator="mpi", verbose=0)
    with pytest.raises(soma.UnsupportedError, match="bfloat16"):
        network.fit(X, Y, communicator=Member(Team(1), 0), wire="bf16", verbose=0)
    with pytest.raises(ValueError):
        network.fit(X, Y, wire="f8", verbose=0)
    with pytest.raises(soma.InvalidArgumentError, match="rank 3 of 1"):
        network.fit(X, Y, communicator=Member(Team(1), 3), verbose=0)
