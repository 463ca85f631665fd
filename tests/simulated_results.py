"""Results of simulated trainings: what depends on the network, the seed and the epochs alone."""

from hashlib import blake2b

from nas_tc.training import Rung

RUNGS = (1, 2, 4)
EPOCHS = RUNGS[-1]


class BrokenError(AssertionError):
    """Something that a search promises does not hold."""


def rung_of(network, seed, epochs):
    """The errors and times of a training after some epochs."""
    error = error_of(network, seed, epochs)
    return Rung(epochs, error, 1.0, 0.5, 4 * error)


def error_of(network, seed, epochs):
    """Error after some epochs, 0 to 1: less with more epochs, and some luck of the training."""
    digest = blake2b(f"{network.id} {seed}".encode(), digest_size=4).digest()
    luck = int.from_bytes(digest) / 2**32
    return 0.1 + 0.4 / epochs + 0.3 * luck


def weights_of(network):
    """Bytes that are told from those of every other network."""
    return network.id.encode() * 4


def check_weights(network, weights):
    """Whether weights are those of the network that is tested with them."""
    if weights != weights_of(network):
        raise BrokenError(f"{network.id} has weights of another network, or half of its own")


def state_of(network, seed, epochs):
    """Bytes that are told from the states of all other trainings and rungs."""
    return f"{network.id} {seed} ".encode() + bytes([epochs])


def resumed(file, network, seed, state):
    """Number of rungs in a state; a checkpoint that is there, and whole, must have been used."""
    if state is None:
        if is_whole(file):
            raise BrokenError(f"{file.name} is whole, and its training begins anew")
        return 0
    epochs = state[-1]
    if state != state_of(network, seed, epochs):
        raise BrokenError(f"a training of {network.id} goes on from another state")
    return RUNGS.index(epochs) + 1


def is_whole(checkpoint):
    """Whether the file of a checkpoint is there, as it was written."""
    kept = checkpoint.read_bytes() if checkpoint.is_file() else b""
    return kept[:16] == blake2b(kept[16:], digest_size=16).digest()
