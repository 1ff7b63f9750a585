"""Whether W&B answers, and to whom: one small question, with a key, before anything is sent.

An end to waiting: libraries retry for minutes, name servers and dead networks do not answer at all.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from raasid.errors import RaasidError


def run_with_timeout(seconds: float, work: Callable[[], Any]) -> Any:
    """What `work` returns or raises; TimeoutError if that takes longer.

    Work that is too late goes on in the background and hinders nobody from leaving.
    """
    outcome: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()

    def do() -> None:
        try:
            outcome.put((work(), None))
        except BaseException as error:  # whoever waits gets it
            outcome.put((None, error))

    Thread(target=do, daemon=True).start()
    try:
        result, error = outcome.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"no answer run_with_timeout {seconds:g} s") from None
    if error is not None:
        raise error
    return result


_QUESTION = {"query": "query Viewer { viewer { id entity } }"}


class WandbUnreachable(RaasidError):
    """W&B cannot be asked anything now."""


class Account(NamedTuple):
    """Who we are to W&B."""

    url: str
    entity: str | None
    """Whose projects are meant where none is named."""


def account(url: str, key: str | None, wait_s: float) -> Account:
    """Ask a server who the key's owner is. Raises NotReached, within twice `wait_s` seconds.

    A key that is not a plain one (an identity token) is not tried here; the server is.
    """
    request = Request(
        f"{url.rstrip('/')}/graphql",
        data=json.dumps(_QUESTION).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "raasid"},
    )
    if key is not None:
        secret = base64.b64encode(f"api:{key}".encode()).decode()
        request.add_header("Authorization", f"Basic {secret}")

    def ask() -> bytes:
        with urlopen(request, timeout=wait_s) as response:
            answer: bytes = response.read(1 << 20)
        return answer

    try:
        answer = run_with_timeout(2 * wait_s, ask)
        viewer = json.loads(answer)["data"]["viewer"]
    except HTTPError as error:
        if error.code in (401, 403):
            raise WandbUnreachable(
                f"{url} refuses the key (HTTP {error.code}); run `wandb login` again"
            ) from error
        raise WandbUnreachable(f"{url} answers HTTP {error.code}") from error
    except URLError as error:
        raise WandbUnreachable(f"no network to {url} ({error.reason})") from error
    except (TimeoutError, OSError) as error:
        raise WandbUnreachable(f"{url} does not answer ({error})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise WandbUnreachable(f"{url} does not answer as W&B does; see WANDB_BASE_URL") from error
    if not isinstance(viewer, dict):
        if key is None:
            return Account(url, None)
        raise WandbUnreachable(f"{url} does not know the key; run `wandb login` again")
    return Account(url, viewer.get("entity"))


def offline_reason() -> str | None:
    """What in the environment says that W&B is not to be called."""
    mode = os.environ.get("WANDB_MODE", "online")
    return None if mode in ("online", "run", "shared") else f"WANDB_MODE={mode} forbids it"
