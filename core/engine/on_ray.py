"""Replicas on Ray Serve, and how the pool reaches them; Ray itself is imported when one is opened.

Every replica is a deployment of its own, because Serve chooses by itself among those of one, and
the pool knows better who has which model and how much to do. What passes is pickled, so whoever can
reach Ray's ports and knows its token can run code: without RAY_ADDRESS all of it is on the loopback
of this machine, under a token that is made anew every time, and without a dashboard.
"""

import asyncio
import importlib
import importlib.util
import logging
import os
import pickle
import queue
import secrets
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from core.engine.errand import Gone, News, Order, Up
from core.engine.loaded import LoadedModel, load_model
from core.engine.pool import Pool
from core.engine.replica import Replica
from core.engine.results import Results
from core.errors import ExplainerError
from core.models.catalog import ROOT
from core.words import tr

LOG = logging.getLogger(__name__)
Load = Callable[[str], LoadedModel]
ON_A_CPU = 2  # replicas where there is no GPU: one goes on where the other dies
LISTEN_S = 0.02  # between two looks of a replica for news
AGAIN_S = 0.5  # before a replica that is gone is asked for again
CALL_S = 60.0  # for a replica to take orders; one that takes longer counts as gone
MOST_REPLICAS = 64


class Served:
    """What runs in the process of a replica."""

    def __init__(self, load: Load, loopback: bool) -> None:
        """Made by Serve, before it opens a port for this replica.

        Args:
            load: brings a model into memory.
            loopback: whether that port is for this machine alone.
        """
        if loopback:
            _keep_to_loopback()
        self._load = load
        self._life = ""
        self._replica: Replica | None = None

    async def listen(self) -> AsyncIterator[bytes]:
        """Begin anew, and yield the name of this beginning, then lists of news, for ever."""
        self._life = life = uuid.uuid4().hex
        if self._replica is not None:
            await asyncio.to_thread(self._replica.close)
        self._replica = Replica(self._load)
        yield pickle.dumps(life)
        while self._life == life:
            news = self._replica.news()
            if news:
                yield pickle.dumps(news)
            await asyncio.sleep(LISTEN_S)

    async def carry_out(self, life: str, orders: bytes) -> None:
        """Do as told, unless that was meant for who was here before."""
        if life == self._life and self._replica is not None:
            self._replica.carry_out(pickle.loads(orders))

    async def process(self) -> int:
        """Return the number of the process."""
        return os.getpid()


def _keep_to_loopback() -> None:
    """Have Serve open a replica's port on this machine alone; by itself it takes every interface.

    The rest of Ray keeps to the address of its node.
    """
    served: Any = importlib.import_module("ray.serve._private.replica")  # Any: not installed here
    opened = served.add_port_to_grpc_server

    def open_here(server: Any, address: str) -> int:  # Any: as gRPC has it
        return opened(server, address.replace("[::]", "127.0.0.1"))

    served.add_port_to_grpc_server = open_here


class RayLink:
    """The way to one replica: a thread that listens, and one that sends orders in their order."""

    def __init__(self, name: str, handle: Any, heard: threading.Event) -> None:
        """Begin to listen.

        Args:
            name: of the application.
            handle: of its deployment.
            heard: set where there are news.
        """
        self.name, self.handle, self._heard = name, handle, heard
        self._news: queue.SimpleQueue[tuple[str, News]] = queue.SimpleQueue()
        self._orders: queue.SimpleQueue[tuple[str, Sequence[Order]]] = queue.SimpleQueue()
        self._life = ""  # of the replica, as far as the pool has heard
        self._now = ""  # of the replica that answers now; "" where none does
        self._stream: Any = None  # Any: Ray is not installed everywhere
        self._closed = False
        self.lives = 0  # how often the replica has begun
        for work in (self._listen, self._send):
            threading.Thread(target=work, name=name, daemon=True).start()

    def order(self, orders: Sequence[Order]) -> None:
        """Have orders sent to the replica that the newest news are of."""
        self._orders.put((self._life, orders))

    def news(self) -> Sequence[News]:
        """Return what came."""
        found = []
        while not self._news.empty():
            self._life, news = self._news.get()
            found.append(news)
        return found

    def go_on(self) -> None:
        """Do nothing: the replica goes on by itself."""

    def close(self) -> None:
        """Have Serve end the replica."""
        self._closed = True
        self._orders.put(("", ()))
        _import_ray()[1].delete(self.name, _blocking=False)

    def _listen(self) -> None:
        while not self._closed:
            try:
                self._stream = self.handle.options(stream=True).listen.remote()
                told = map(pickle.loads, self._stream)
                self._now = next(told)
                self.lives += 1
                self._tell(Up())
                for news in told:
                    self._tell(*news)
            except Exception as error:  # however a process or a machine can be lost
                if not self._closed:
                    LOG.warning("replica %s is gone: %.300s", self.name, error)
            if self._now:
                self._now = ""
                self._tell(Gone())
            time.sleep(AGAIN_S)

    def _tell(self, *news: News) -> None:
        for one in news:
            self._news.put((self._now, one))
        self._heard.set()

    def _send(self) -> None:
        while not self._closed:
            life, orders = self._orders.get()
            if not life or life != self._now:
                continue  # meant for one that is gone
            try:
                sent = self.handle.carry_out.remote(life, pickle.dumps(orders))
                sent.result(timeout_s=CALL_S)
            except Exception as error:  # as above; the orders are lost, so that it begins anew
                LOG.warning("replica %s takes no orders: %.300s", self.name, error)
                self._stream.cancel()


def open_pool(results: Results, load: Load = load_model) -> Pool:
    """Start replicas, one a GPU or a few on the CPU, and return the pool that gives them work.

    Args:
        results: where finished work is kept.
        load: brings a model into a replica's memory; it is pickled.

    Raises:
        ExplainerError: Ray is not installed, does not start, or GLASSBOX_REPLICAS is no number.
    """
    wished = _wished_replicas()
    ray, serve = _import_ray()
    try:
        loopback = _start(ray)
        count, options = _shares(ray.cluster_resources(), wished)
        names = [f"glassbox-{number}" for number in range(count)]
        targets = [_target(serve, name, options, load, loopback) for name in names]
        serve.start(proxy_location="Disabled")  # nobody comes over HTTP
        handles = serve.run_many(targets, wait_for_applications_running=False)
    except Exception as error:  # Ray has many kinds of its own
        LOG.exception("Ray does not start")
        raise ExplainerError(
            tr("Ray does not start: {error:.160}", error=str(error).splitlines()[0]),
            tr("Look into the log, or unset GLASSBOX_ENGINE to compute in this process."),
        ) from error
    heard = threading.Event()
    links = [RayLink(*one, heard) for one in zip(names, handles, strict=True)]
    return Pool(links, results=results, heard=heard)


def _import_ray() -> tuple[Any, Any]:  # Any: Ray is not installed everywhere
    """Return Ray and its Serve."""
    if importlib.util.find_spec("ray") is None:
        raise ExplainerError(
            tr("GLASSBOX_ENGINE=ray needs Ray, which is not installed."),
            tr(
                "Install requirements-scale.txt, as `make serve-ray` does, or unset "
                "GLASSBOX_ENGINE."
            ),
        )
    for name, value in _settings().items():
        os.environ.setdefault(name, value)
    return importlib.import_module("ray"), importlib.import_module("ray.serve")


def _settings() -> dict[str, str]:
    """Return what Ray reads from the environment when it is imported."""
    always = {
        "RAY_AUTH_MODE": "token",
        "RAY_USAGE_STATS_ENABLED": "0",
        "GRPC_VERBOSITY": "ERROR",  # or it tells of every process that the app starts
        "RAY_SERVE_QUEUE_LENGTH_RESPONSE_DEADLINE_S": "1",  # a replica that computes is no dead one
    }
    if os.environ.get("RAY_ADDRESS"):
        return always
    return always | {
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # says less than it does: a node is 127.0.0.1
        "RAY_worker_niceness": "0",  # by itself a replica would wait for every other process
    }


def _start(ray: Any) -> bool:
    """Join the cluster that RAY_ADDRESS names, or start one; returns whether it is on loopback."""
    settings: dict[str, Any] = {  # Any: as Ray takes them
        "log_to_driver": False,
        "logging_level": logging.WARNING,
        "namespace": "glassbox",
    }
    if os.environ.get("RAY_ADDRESS"):
        ray.init(runtime_env={"env_vars": {"PYTHONPATH": str(ROOT)}}, **settings)
        return False
    # The same by inheritance: Ray has processes ready, which it takes for no settings of ours.
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *([before] if before else [])])
    ray.init("local", include_dashboard=False, **settings)
    return True


def _wished_replicas() -> int:
    """Return how many replicas GLASSBOX_REPLICAS asks for, 0 where it says nothing."""
    wished = os.environ.get("GLASSBOX_REPLICAS", "0")
    if not wished.isascii() or not wished.isdecimal() or int(wished) > MOST_REPLICAS:
        raise ExplainerError(
            tr("GLASSBOX_REPLICAS is {wished!r:.40}.", wished=wished),
            tr(
                "Set it to a number up to {most_replicas}, or unset it for one a GPU.",
                most_replicas=MOST_REPLICAS,
            ),
        )
    return int(wished)


def _shares(resources: dict[str, float], wished: int) -> tuple[int, dict[str, float]]:
    """Return how many replicas there are, and what each has for itself.

    Args:
        resources: of the whole cluster, as Ray counts them.
        wished: how many; 0 is one a GPU, or ``ON_A_CPU``.
    """
    gpus, cpus = int(resources.get("GPU", 0)), int(resources.get("CPU", 1))
    count = wished or gpus or ON_A_CPU
    if gpus:
        return count, {"num_gpus": min(1.0, gpus / count), "num_cpus": min(1.0, cpus / count)}
    return count, {"num_cpus": max(1, cpus // count) if cpus >= count else cpus / count}


def _target(serve: Any, name: str, options: dict[str, float], load: Load, loopback: bool) -> Any:
    """Return one replica as an application of Serve, without a route from outside."""
    deployment = serve.deployment(
        Served,
        name=name,
        num_replicas=1,
        max_ongoing_requests=1000,
        health_check_period_s=2,
        graceful_shutdown_timeout_s=1,
        ray_actor_options=options,
        logging_config={"log_level": "WARNING"},
    )
    return serve.RunTarget(target=deployment.bind(load, loopback), name=name, route_prefix=None)
