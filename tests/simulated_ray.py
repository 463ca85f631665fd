"""Ray in simulation: nodes, workers, calls, and a clock that goes on while the driver waits.

It stands behind the real pool: workers die, hang, run out of memory and answer late, nodes are lost
and join again. Nothing runs in parallel; a call is worked on when its answer is due.
"""

from math import inf
from types import SimpleNamespace

from ray.exceptions import OutOfMemoryError, RayActorError, RayTaskError
from simulated_results import RUNGS, check_weights, resumed, rung_of, state_of, weights_of

from nas_tc.metric import Confusion
from nas_tc.worker import TrainingResult

# A driver looks once a second, so longer rungs would only be more looks at nothing.
LEAST_S, MOST_S = 0.1, 1.5  # of a rung
LATE_S = 8.0  # of one that is late
AWAY_S = 7.0  # longest time of a node that is lost
SLEEP_S = 1000.0  # of the machine


class Clock:
    """Seconds of a simulated clock that never goes back."""

    now = 0.0

    def __call__(self):
        return self.now


class Actor:
    """A worker on a node, or one that waits for a place on a node."""

    def __init__(self, cluster):
        self.cluster, self.node, self.call, self.is_dead = cluster, None, None, False
        self.job = None

    @property
    def __ray_ready__(self):
        return SimpleNamespace(remote=lambda: Start(self))

    def __getattr__(self, name):
        return SimpleNamespace(remote=lambda *args: self.cluster.call(self, name, args))


class Start:
    """The start of a worker; it is also Ray's reference to it."""

    is_taken = False

    def __init__(self, actor):
        self.actor = actor

    @property
    def due_s(self):
        return inf if self.actor.node is None and not self.actor.is_dead else 0.0


class Call:
    """A call of a worker's method; it is also Ray's reference to the answer."""

    def __init__(self, actor, name, args, takes_s):
        self.actor, self.name, self.args, self.takes_s = actor, name, args, takes_s
        self.due_s, self.is_taken = inf, False


class SimulatedRay:
    """The functions of Ray that a pool of workers uses.

    Args:
        nodes: Number of nodes.
        places: Number of workers that fit on each.
        faults: What goes wrong.
        clock: Goes on with each answer.
        trainings: What workers do, `Trainings`.
    """

    def __init__(self, nodes, places, faults, clock, trainings):
        self._faults, self._clock, self._trainings = faults, clock, trainings
        self._places = places
        self._free = dict.fromkeys(range(nodes), places)
        self._gone = {}  # nodes that are lost, with the seconds at which they join again
        self._actors = []

    def cluster_resources(self):
        return {"CPU": self._places * (len(self._free) + len(self._gone))}

    available_resources = cluster_resources

    def put(self, value):
        return value

    def shutdown(self):
        pass

    def remote(self, worker):
        new = SimpleNamespace(remote=lambda *args, **keywords: self._new_actor())
        return SimpleNamespace(options=lambda **options: new)

    def _new_actor(self):
        self._actors.append(Actor(self))
        self._settle()
        return self._actors[-1]

    def call(self, actor, name, args):
        takes_s = self._faults.random.uniform(LEAST_S, MOST_S)
        if self._faults.happens("hang", "worker"):
            takes_s = inf
        elif self._faults.happens("tardy", "answer"):
            takes_s = self._faults.random.uniform(MOST_S, LATE_S)
        actor.call = Call(actor, name, args, takes_s)
        if actor.node is not None:
            actor.call.due_s = self._clock.now + takes_s
        return actor.call

    def kill(self, actor):
        if not actor.is_dead:
            actor.is_dead = True
            if actor.node in self._free:
                self._free[actor.node] += 1
        self._actors = [each for each in self._actors if each is not actor]
        self._settle()

    def wait(self, calls, num_returns=1, timeout=None):
        if any(call.is_taken for call in calls):
            raise AssertionError("an answer is waited for that was taken before")
        if num_returns > 1 or isinstance(calls[0], Start):
            done = [call for call in calls if call.due_s <= self._clock.now]
            return done, [call for call in calls if call not in done]
        if timeout:
            self._change_nodes()
        end_s = self._clock.now + timeout
        done = min(calls, key=lambda call: call.due_s)
        if done.due_s > end_s:
            self._clock.now = end_s
            if timeout and self._faults.happens("late", "clock"):  # the machine slept
                self._clock.now += SLEEP_S
            return [], calls
        self._clock.now = max(self._clock.now, done.due_s)
        return [done], [call for call in calls if call is not done]

    def get(self, call):
        call.is_taken = True
        actor = call.actor
        if not actor.is_dead:
            for kind, error in (
                ("lost", RayActorError(error_msg="The actor died")),
                ("memory", OutOfMemoryError("Task was killed due to the node running low")),
            ):
                if self._faults.happens(kind, "worker"):
                    self._die(actor)
                    raise error
        if actor.is_dead:
            raise RayActorError(error_msg="The actor's node is gone")
        if self._faults.happens("failed", "worker"):
            raise RayTaskError("begin", "ValueError: odd", ValueError("odd"))
        return self._trainings.answer(actor, call, self._faults)

    def _die(self, actor):
        actor.is_dead = True
        if actor.node in self._free:
            self._free[actor.node] += 1
        if actor.call is not None:
            actor.call.due_s = self._clock.now

    def _change_nodes(self):
        for node in [each for each, back_s in self._gone.items() if back_s <= self._clock.now]:
            del self._gone[node]
            self._free[node] = self._places
        if self._free and self._faults.happens("node", "cluster"):
            node = self._faults.random.choice(sorted(self._free))
            del self._free[node]
            self._gone[node] = self._clock.now + self._faults.random.uniform(LEAST_S, AWAY_S)
            for actor in [each for each in self._actors if each.node == node]:
                self._die(actor)
        self._settle()

    def _settle(self):
        """Gives workers that wait for a place the places that are free."""
        for actor in self._actors:
            node = max(self._free, key=self._free.get, default=None)
            if node is None or not self._free[node]:
                return
            if actor.node is None and not actor.is_dead:
                self._free[node] -= 1
                actor.node = node
                if actor.call is not None:
                    actor.call.due_s = self._clock.now + actor.call.takes_s


class Trainings:
    """Trainings that take no time: an error depends on the network, the seed and the epochs alone.

    Args:
        checkpoints: Checkpoints beside the study.
        ended: Counts the trainings that come to their end, by network.
    """

    def __init__(self, checkpoints, ended):
        self._checkpoints, self.ended = checkpoints, ended

    def answer(self, actor, call, faults):
        """What a worker answers to a call."""
        if call.name == "test":
            check_weights(*call.args)
            return Confusion(10, ((0, 0, 3), (1, 0, 1)), 0)
        if faults.happens("diverged", "worker"):
            return TrainingResult(diverged="the loss is nan")
        earlier = ()
        if call.name == "begin":
            network, seed, state = call.args
            rungs = resumed(self._checkpoints.file(network, seed), network, seed, state)
            actor.job = [network, seed, rungs]
            earlier = tuple(rung_of(network, seed, each) for each in RUNGS[:rungs])
        network, seed, rungs = actor.job
        actor.job[2] += 1
        rung = rung_of(network, seed, RUNGS[rungs])
        if actor.job[2] < len(RUNGS):
            state = state_of(network, seed, rung.epoch)
            return TrainingResult(rung, state=state, earlier=earlier)
        self.ended[network.id] += 1
        return TrainingResult(rung, weights_of(network), earlier=earlier)
